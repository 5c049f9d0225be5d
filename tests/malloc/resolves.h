/* Resolvers of IFUNCs that allocate, in the program and in a library. */
#ifndef ZMALLOC_TESTS_MALLOC_RESOLVES_H_
#define ZMALLOC_TESTS_MALLOC_RESOLVES_H_

#include <stddef.h>

/* What the resolver did.  Blocks are of 200 bytes and begin with the string "early". */
struct resolved {
    char *of_malloc, *of_realloc, *of_calloc, *of_aligned_alloc, *of_posix_memalign;
    const char *wrong; /* NULL, or what failed */
};

#ifdef __cplusplus
extern "C" {
#endif

/* Both return what a resolver did, in the program and in the library. */
const struct resolved *resolved_in_program(void);
const struct resolved *resolved_in_library(void);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_TESTS_MALLOC_RESOLVES_H_ */
