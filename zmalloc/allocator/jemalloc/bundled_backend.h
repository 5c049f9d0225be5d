/* Our build of jemalloc.  Our extension returns usable sizes, which it takes from the look-up
 * that jemalloc does anyway.  The hot calls count inside jemalloc's fast paths. */
#include <jemalloc/extension.h>

#include "zmalloc/allocator/counted_calloc.h"
#include "zmalloc/allocator/jemalloc/inside/je_zmalloc.h"
#include "zmalloc/allocator/jemalloc/jemalloc_backend.h"

static inline void *zm_backend_malloc(size_t size, size_t *usable) {
    return je_malloc_with_usize(size, usable);
}

static inline void *zm_backend_calloc(size_t size, size_t *usable) {
    return je_calloc_with_usize(1, size, usable);
}

static inline void *zm_backend_realloc(void *ptr, size_t size, size_t *usable, size_t *old_usable) {
    return je_realloc_with_usize(ptr, size, old_usable, usable);
}

static inline void zm_backend_free(void *ptr, size_t *usable) { je_free_with_usize(ptr, usable); }

static inline void *zm_backend_counted_malloc(size_t size) { return je_zmalloc(size); }

static inline void *zm_backend_counted_try_malloc(size_t size) { return je_ztrymalloc(size); }

static inline void zm_backend_counted_free(void *ptr) { je_zfree(ptr); }

static inline void zm_backend_counted_free_sized(void *ptr, size_t size) {
    je_zfree_with_size(ptr, size);
}

static inline void *zm_backend_counted_malloc_in(struct zmalloc_zone_t *zone, size_t size) {
    return je_zmalloc_in(zone, size);
}

static inline void zm_backend_counted_free_in(struct zmalloc_zone_t *zone, void *ptr) {
    je_zfree_in(zone, ptr);
}

static inline void *zm_backend_std_malloc(size_t size) { return je_std_malloc(size); }

static inline void zm_backend_std_free(void *ptr) { je_std_free(ptr); }

static inline bool zm_backend_owns(const void *ptr) { return je_owns(ptr); }
