/* What a server's zmalloc.h declares, for the file that declarations.awk makes of it. */
#ifndef ZMALLOC_TESTS_COMPAT_DECLARATIONS_H_
#define ZMALLOC_TESTS_COMPAT_DECLARATIONS_H_

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct declaration {
    const char *name;
    void (*function)(void); /* by the type that the server declares */
    void (*other)(void);    /* of a name that the server gives another name: the function of that */
};

/* Returns all that are in force over this allocator, and sets their number. */
const struct declaration *declarations(size_t *count);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_TESTS_COMPAT_DECLARATIONS_H_ */
