/* Direct calls of the allocator below zmalloc: the libc's. */
#ifndef ZMALLOC_ALLOCATOR_LIBC_LIBC_RAW_H_
#define ZMALLOC_ALLOCATOR_LIBC_LIBC_RAW_H_

#include <stdlib.h>

static inline void *raw_malloc(size_t size) { return malloc(size); }

static inline void *raw_calloc(size_t size) { return calloc(1, size); }

static inline void *raw_realloc(void *ptr, size_t size) { return realloc(ptr, size); }

/* `alignment` is a power of two. */
static inline void *raw_aligned(size_t alignment, size_t size) {
    void *ptr;
    if (alignment < sizeof(void *)) alignment = sizeof(void *);
    return posix_memalign(&ptr, alignment, size) == 0 ? ptr : NULL;
}

static inline void raw_free(void *ptr) { free(ptr); }

#endif /* ZMALLOC_ALLOCATOR_LIBC_LIBC_RAW_H_ */
