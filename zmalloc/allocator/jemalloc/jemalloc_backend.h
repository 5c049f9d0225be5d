/* The functions that are the same for jemalloc with and without our extension.  jemalloc's own
 * functions have the prefix je_. */
#include <jemalloc/jemalloc.h>

#define ZM_BACKEND_PREFIX 0
#define ZM_BACKEND_NO_TCACHE MALLOCX_TCACHE_NONE

static inline size_t zm_backend_usable_size(const void *ptr) {
    return je_malloc_usable_size((void *)(uintptr_t)ptr);
}

/* Looks up the usable size of a new block, unless `ptr` is NULL.  Returns `ptr`. */
static inline void *zm_je_set_usable(void *ptr, size_t *usable) {
    if (ptr != NULL) *usable = zm_backend_usable_size(ptr);
    return ptr;
}

static inline void *zm_backend_aligned(size_t alignment, size_t size, size_t *usable) {
    return zm_je_set_usable(je_mallocx(size, MALLOCX_ALIGN(alignment)), usable);
}

static inline void *zm_backend_malloc_flags(size_t size, int flags, size_t *usable) {
    return zm_je_set_usable(je_mallocx(size, flags), usable);
}

static inline void *zm_backend_realloc_flags(void *ptr, size_t size, int flags, size_t *usable,
                                             size_t *old_usable) {
    *old_usable = zm_backend_usable_size(ptr);
    return zm_je_set_usable(je_rallocx(ptr, size, flags), usable);
}

static inline void zm_backend_free_flags(void *ptr, int flags, size_t *usable) {
    *usable = zm_backend_usable_size(ptr);
    je_dallocx(ptr, flags);
}

/* Each size class that is a multiple of 16 bytes is aligned to 16; all are from 4096 bytes on. */
static inline size_t zm_backend_std_size(size_t size) {
    return (size + (size == 0) + 15) & ~(size_t)15;
}
