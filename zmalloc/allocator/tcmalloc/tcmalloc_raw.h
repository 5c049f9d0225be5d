/* Direct calls of the allocator below zmalloc: gperftools' tcmalloc. */
#ifndef ZMALLOC_ALLOCATOR_TCMALLOC_TCMALLOC_RAW_H_
#define ZMALLOC_ALLOCATOR_TCMALLOC_TCMALLOC_RAW_H_

#include <gperftools/tcmalloc.h>

static inline void *raw_malloc(size_t size) { return tc_malloc(size); }

static inline void *raw_calloc(size_t size) { return tc_calloc(1, size); }

static inline void *raw_realloc(void *ptr, size_t size) { return tc_realloc(ptr, size); }

/* `alignment` is a power of two. */
static inline void *raw_aligned(size_t alignment, size_t size) {
    return tc_memalign(alignment, size);
}

static inline void raw_free(void *ptr) { tc_free(ptr); }

#endif /* ZMALLOC_ALLOCATOR_TCMALLOC_TCMALLOC_RAW_H_ */
