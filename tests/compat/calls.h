/* Each server's file defines these functions; they call zmalloc as that server does. */
#ifndef ZMALLOC_TESTS_COMPAT_CALLS_H_
#define ZMALLOC_TESTS_COMPAT_CALLS_H_

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Calls everything; returns NULL, or a text that says what failed. */
const char *compat_calls(void);

/* Whether the server's code for active defragmentation is compiled in. */
bool compat_has_defrag(void);

/* Whether that code asks our extension of jemalloc, and no other jemalloc. */
bool compat_asks_extension(void);

/* Whether the server is compiled with its option to defragment over any allocator. */
bool compat_forces_defrag(void);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_TESTS_COMPAT_CALLS_H_ */
