#include "tests/features/seen_by_c.h"

#include "zmalloc/features.h"

const int kByteOrderSeenByC = BYTE_ORDER == LITTLE_ENDIAN ? 1 : BYTE_ORDER == BIG_ENDIAN ? 2 : 0;
const int kCacheLineSizeSeenByC = CACHE_LINE_SIZE;
const int kPrefetchSeenByC = HAS_BUILTIN_PREFETCH;
#ifdef HAVE_EPOLL
const int kEpollSeenByC = HAVE_EPOLL;
#else
const int kEpollSeenByC = 0;
#endif

#ifdef VALKEY_ADDRESS_SANITIZER
const bool kAddressSanitizerSeenByC = VALKEY_ADDRESS_SANITIZER;
#else
const bool kAddressSanitizerSeenByC = false;
#endif
#ifdef VALKEY_THREAD_SANITIZER
const bool kThreadSanitizerSeenByC = VALKEY_THREAD_SANITIZER;
#else
const bool kThreadSanitizerSeenByC = false;
#endif

static int One(void) { return 1; }

#if HAVE_IFUNC && !defined(SANITIZED)  // it runs before a sanitizer starts
__attribute__((used)) static int (*Choose(void))(void) { return One; }
int ChosenSeenByC(void) __attribute__((ifunc("Choose")));
#else
int ChosenSeenByC(void) { return One(); }
#endif
