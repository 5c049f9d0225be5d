/* jemalloc, under names with the prefix je_. */
#include <jemalloc/jemalloc.h>

#define ZM_BACKEND_PREFIX 0
#define ZM_BACKEND_NO_TCACHE MALLOCX_TCACHE_NONE

static inline size_t zm_backend_usable_size(const void *ptr) {
    return je_malloc_usable_size((void *)(uintptr_t)ptr);
}

static inline void *zm_je_known(void *ptr, size_t *usable) {
    if (ptr != NULL) *usable = zm_backend_usable_size(ptr);
    return ptr;
}

#include "usize.h" /* zm_je_malloc() and so on: with our extension or without */

static inline void *zm_backend_malloc(size_t size, size_t *usable) {
    return zm_je_malloc(size, usable);
}

static inline void *zm_backend_calloc(size_t size, size_t *usable) {
    return zm_je_calloc(size, usable);
}

static inline void *zm_backend_aligned(size_t alignment, size_t size, size_t *usable) {
    return zm_je_known(je_mallocx(size, MALLOCX_ALIGN(alignment)), usable);
}

static inline void *zm_backend_realloc(void *ptr, size_t size, size_t *usable, size_t *old_usable) {
    return zm_je_realloc(ptr, size, usable, old_usable);
}

static inline void zm_backend_free(void *ptr, size_t *usable) { zm_je_free(ptr, usable); }

static inline void *zm_backend_malloc_flags(size_t size, int flags, size_t *usable) {
    return zm_je_known(je_mallocx(size, flags), usable);
}

static inline void *zm_backend_realloc_flags(void *ptr, size_t size, int flags, size_t *usable,
                                             size_t *old_usable) {
    *old_usable = zm_backend_usable_size(ptr);
    return zm_je_known(je_rallocx(ptr, size, flags), usable);
}

static inline void zm_backend_free_flags(void *ptr, int flags, size_t *usable) {
    *usable = zm_backend_usable_size(ptr);
    je_dallocx(ptr, flags);
}
