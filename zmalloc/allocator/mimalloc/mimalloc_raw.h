/* Direct calls of the allocator below zmalloc: mimalloc. */
#ifndef ZMALLOC_ALLOCATOR_MIMALLOC_MIMALLOC_RAW_H_
#define ZMALLOC_ALLOCATOR_MIMALLOC_MIMALLOC_RAW_H_

#include <mimalloc.h>

static inline void *raw_malloc(size_t size) { return mi_malloc(size); }

static inline void *raw_calloc(size_t size) { return mi_calloc(1, size); }

static inline void *raw_realloc(void *ptr, size_t size) { return mi_realloc(ptr, size); }

/* `alignment` is a power of two. */
static inline void *raw_aligned(size_t alignment, size_t size) {
    return mi_malloc_aligned_at(size, alignment, 0);
}

static inline void raw_free(void *ptr) { mi_free(ptr); }

#endif /* ZMALLOC_ALLOCATOR_MIMALLOC_MIMALLOC_RAW_H_ */
