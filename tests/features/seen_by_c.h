// What zmalloc/features.h defines, as a C file sees it.
#ifndef TESTS_FEATURES_SEEN_BY_C_H_
#define TESTS_FEATURES_SEEN_BY_C_H_

#ifdef __cplusplus
extern "C" {
#endif

extern const int kByteOrderSeenByC, kCacheLineSizeSeenByC, kPrefetchSeenByC, kEpollSeenByC;

#ifdef __cplusplus
}
#endif

#endif  // TESTS_FEATURES_SEEN_BY_C_H_
