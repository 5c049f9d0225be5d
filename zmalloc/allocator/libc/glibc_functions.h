/* glibc's functions that the libc backends call.  They are in a table, because a program whose
 * malloc is ours (//malloc) needs others.  A call through the table is as fast as one through the
 * global offset table. */
#ifndef ZMALLOC_ALLOCATOR_LIBC_GLIBC_FUNCTIONS_H_
#define ZMALLOC_ALLOCATOR_LIBC_GLIBC_FUNCTIONS_H_

#include <stddef.h>

struct zm_libc_functions {
    void *(*malloc)(size_t size);
    void *(*calloc)(size_t number, size_t size);
    void *(*realloc)(void *ptr, size_t size);
    int (*posix_memalign)(void **ptr, size_t alignment, size_t size);
    void (*free)(void *ptr);
    size_t (*usable_size)(void *ptr);

    /* For glibc_chunk.c: NULL, or a function that makes usable_size() ask glibc and not the
     * block; and the functions that must be glibc's, up to NULL. */
    void (*ask)(void);
    const char *const *names;
};

/* malloc and so on (glibc_functions.c), or glibc's functions below our malloc (under_malloc.c). */
extern const struct zm_libc_functions zm_libc_functions;

#endif /* ZMALLOC_ALLOCATOR_LIBC_GLIBC_FUNCTIONS_H_ */
