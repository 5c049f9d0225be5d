/* mimalloc.  Our extension returns usable sizes, which it takes from the page that mimalloc
 * looks at anyway.  The hot calls count inside mimalloc's fast paths. */
#include <mimalloc.h>

#include "zmalloc/allocator/mimalloc/inside/extension.h"

#define ZM_BACKEND_PREFIX 0

static inline size_t zm_backend_usable_size(const void *ptr) { return mi_usable_size(ptr); }

static inline void *zm_backend_malloc(size_t size, size_t *usable) {
    return mi_malloc_with_usable(size, usable);
}

static inline void *zm_backend_calloc(size_t size, size_t *usable) {
    return mi_zalloc_with_usable(size, usable);
}

static inline void *zm_backend_aligned(size_t alignment, size_t size, size_t *usable) {
    return mi_aligned_with_usable(alignment, size, usable);
}

static inline void *zm_backend_realloc(void *ptr, size_t size, size_t *usable, size_t *old_usable) {
    return mi_realloc_with_usable(ptr, size, usable, old_usable);
}

static inline void zm_backend_free(void *ptr, size_t *usable) { mi_free_with_usable(ptr, usable); }

static inline void *zm_backend_counted_malloc(size_t size) { return mi_zmalloc(size); }

static inline void *zm_backend_counted_try_malloc(size_t size) { return mi_ztrymalloc(size); }

static inline void *zm_backend_counted_calloc(size_t size) { return mi_zcalloc(size); }

static inline void *zm_backend_counted_try_calloc(size_t size) { return mi_ztrycalloc(size); }

static inline void zm_backend_counted_free(void *ptr) { mi_zfree(ptr); }

/* The size is not used: realloc may have kept a block that is larger than this size needs. */
static inline void zm_backend_counted_free_sized(void *ptr, size_t size) {
    (void)size;
    mi_zfree(ptr);
}

static inline void *zm_backend_counted_malloc_in(struct zmalloc_zone_t *zone, size_t size) {
    return mi_zmalloc_in(zone, size);
}

static inline void zm_backend_counted_free_in(struct zmalloc_zone_t *zone, void *ptr) {
    mi_zfree_in(zone, ptr);
}

/* Classes above 8 bytes are aligned to 16. */
static inline size_t zm_backend_std_size(size_t size) { return size < 16 ? 16 : size; }

static inline void *zm_backend_std_malloc(size_t size) { return mi_std_malloc(size); }

static inline void zm_backend_std_free(void *ptr) { mi_std_free(ptr); }

static inline bool zm_backend_owns(const void *ptr) { return mi_owns(ptr); }

#include "zmalloc/allocator/flags.h"
