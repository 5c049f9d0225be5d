/* Usable sizes from a jemalloc as it is released: by a second look-up. */
static inline void *zm_je_malloc(size_t size, size_t *usable) {
    return zm_je_known(je_malloc(size), usable);
}

static inline void *zm_je_calloc(size_t size, size_t *usable) {
    return zm_je_known(je_calloc(1, size), usable);
}

static inline void *zm_je_realloc(void *ptr, size_t size, size_t *usable, size_t *old_usable) {
    *old_usable = zm_backend_usable_size(ptr);
    return zm_je_known(je_realloc(ptr, size), usable);
}

static inline void zm_je_free(void *ptr, size_t *usable) {
    *usable = zm_backend_usable_size(ptr);
    je_free(ptr);
}

static inline void *zm_backend_plain_malloc(size_t size) { return je_malloc(size); }

static inline void *zm_backend_plain_calloc(size_t size) { return je_calloc(1, size); }

static inline void zm_backend_plain_free(void *ptr) { je_free(ptr); }

static inline bool zm_backend_size_at_hand(const void *ptr, size_t *usable) {
    *usable = zm_backend_usable_size(ptr);
    return true;
}

#include "zmalloc/allocator/counted.h"
