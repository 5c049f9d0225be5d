/* What each server's file has: calls as that server makes them. */
#ifndef ZMALLOC_TESTS_COMPAT_CALLS_H_
#define ZMALLOC_TESTS_COMPAT_CALLS_H_

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Calls everything; NULL, or what did not hold. */
const char *compat_calls(void);

/* Whether the server's code for active defragmentation and for jemalloc is
 * compiled in. */
bool compat_has_defrag(void);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_TESTS_COMPAT_CALLS_H_ */
