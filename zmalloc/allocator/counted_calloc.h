/* The calloc calls of a backend whose other hot calls count inside the allocator. */
#include "zmalloc/core/accounting.h"
#include "zmalloc/core/oom.h"

static inline void *zm_backend_counted_try_calloc(size_t size) {
    size_t usable;
    void *ptr = zm_limit_refuses(size) ? NULL : zm_backend_calloc(size, &usable);
    return ptr != NULL ? zm_count_new_block(ptr, usable) : NULL;
}

static inline void *zm_backend_counted_calloc(size_t size) {
    size_t usable;
    void *ptr = zm_limit_refuses(size) ? NULL : zm_backend_calloc(size, &usable);
    return ptr != NULL ? zm_count_new_block_or_fail(ptr, usable, size) : zm_out_of_memory(size);
}
