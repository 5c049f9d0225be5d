// The macros of zmalloc/features.h, as a C file sees them.
#ifndef TESTS_FEATURES_SEEN_BY_C_H_
#define TESTS_FEATURES_SEEN_BY_C_H_

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

extern const int kByteOrderSeenByC, kCacheLineSizeSeenByC, kPrefetchSeenByC, kEpollSeenByC;
extern const bool kAddressSanitizerSeenByC, kThreadSanitizerSeenByC;

// Returns 1; where HAVE_IFUNC, the loader chooses it.
int ChosenSeenByC(void);

#ifdef __cplusplus
}
#endif

#endif  // TESTS_FEATURES_SEEN_BY_C_H_
