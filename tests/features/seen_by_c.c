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
