/* Usable sizes from our extension: known from the look-up that jemalloc does
 * for the allocation itself. */
#include <jemalloc/extension.h>

static inline void *zm_je_malloc(size_t size, size_t *usable) {
    return je_malloc_with_usize(size, usable);
}

static inline void *zm_je_calloc(size_t size, size_t *usable) {
    return je_calloc_with_usize(1, size, usable);
}

static inline void *zm_je_realloc(void *ptr, size_t size, size_t *usable, size_t *old_usable) {
    return je_realloc_with_usize(ptr, size, old_usable, usable);
}

static inline void zm_je_free(void *ptr, size_t *usable) { je_free_with_usize(ptr, usable); }

/* And what counts itself. */
#include "zmalloc/allocator/counted_calloc.h"
#include "zmalloc/allocator/jemalloc/extended/counted.h"

static inline void *zm_backend_counted_malloc(size_t size) { return je_zmalloc(size); }

static inline void *zm_backend_counted_try_malloc(size_t size) { return je_ztrymalloc(size); }

static inline void zm_backend_counted_free(void *ptr) { je_zfree(ptr); }

static inline void zm_backend_counted_free_sized(void *ptr, size_t size) {
    je_zfree_with_size(ptr, size);
}
