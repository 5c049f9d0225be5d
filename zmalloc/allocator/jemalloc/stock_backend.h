/* jemalloc without our extension: finding a usable size takes a second look-up. */
#include "zmalloc/allocator/jemalloc/jemalloc_backend.h"

static inline void *zm_backend_malloc(size_t size, size_t *usable) {
    return zm_je_set_usable(je_malloc(size), usable);
}

static inline void *zm_backend_calloc(size_t size, size_t *usable) {
    return zm_je_set_usable(je_calloc(1, size), usable);
}

static inline void *zm_backend_realloc(void *ptr, size_t size, size_t *usable, size_t *old_usable) {
    *old_usable = zm_backend_usable_size(ptr);
    return zm_je_set_usable(je_realloc(ptr, size), usable);
}

static inline void zm_backend_free(void *ptr, size_t *usable) {
    *usable = zm_backend_usable_size(ptr);
    je_free(ptr);
}

static inline void *zm_backend_plain_malloc(size_t size) { return je_malloc(size); }

static inline void *zm_backend_plain_calloc(size_t size) { return je_calloc(1, size); }

static inline void zm_backend_plain_free(void *ptr) { je_free(ptr); }

static inline bool zm_backend_fast_usable_size(const void *ptr, size_t *usable) {
    *usable = zm_backend_usable_size(ptr);
    return true;
}

#include "zmalloc/allocator/counted_calls.h"

enum { zm_backend_leaves_errno = false };

#include "zmalloc/allocator/std_calls.h"
