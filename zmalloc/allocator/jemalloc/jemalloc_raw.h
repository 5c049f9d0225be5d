/* Direct calls of the allocator below zmalloc: jemalloc. */
#ifndef ZMALLOC_ALLOCATOR_JEMALLOC_JEMALLOC_RAW_H_
#define ZMALLOC_ALLOCATOR_JEMALLOC_JEMALLOC_RAW_H_

#include <jemalloc/jemalloc.h>

static inline void *raw_malloc(size_t size) { return je_malloc(size); }

static inline void *raw_calloc(size_t size) { return je_calloc(1, size); }

static inline void *raw_realloc(void *ptr, size_t size) { return je_realloc(ptr, size); }

/* `alignment` is a power of two. */
static inline void *raw_aligned(size_t alignment, size_t size) {
    return je_mallocx(size != 0 ? size : 1, MALLOCX_ALIGN(alignment));
}

static inline void raw_free(void *ptr) { je_free(ptr); }

#endif /* ZMALLOC_ALLOCATOR_JEMALLOC_JEMALLOC_RAW_H_ */
