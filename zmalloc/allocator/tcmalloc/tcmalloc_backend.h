/* gperftools' tcmalloc and tcmalloc_minimal. */
#include <gperftools/tcmalloc.h>
#include <string.h>

#include "zmalloc/allocator/tcmalloc/inside/extension.h"
#define ZM_BACKEND_PREFIX 0

static inline size_t zm_backend_usable_size(const void *ptr) {
    return tcmalloc_private_usable_size(ptr);
}

static inline void *zm_tc_set_usable(void *ptr, size_t *usable) {
    if (ptr != NULL) *usable = zm_backend_usable_size(ptr);
    return ptr;
}

static inline void *zm_backend_malloc(size_t size, size_t *usable) {
    return tcmalloc_private_malloc(size, usable);
}

static inline void *zm_backend_calloc(size_t size, size_t *usable) {
    void *ptr = zm_backend_malloc(size, usable);
    return ptr != NULL ? memset(ptr, 0, *usable) : NULL;
}

static inline void *zm_backend_aligned(size_t alignment, size_t size, size_t *usable) {
    return zm_tc_set_usable(tc_memalign(alignment, size), usable);
}

static inline void *zm_backend_realloc(void *ptr, size_t size, size_t *usable, size_t *old_usable) {
    *old_usable = zm_backend_usable_size(ptr);
    if (tcmalloc_private_keeps(*old_usable, size)) {
        *usable = *old_usable;
        return ptr;
    }
    return zm_tc_set_usable(tc_realloc(ptr, size), usable);
}

static inline void zm_backend_free(void *ptr, size_t *usable) {
    tcmalloc_private_free(ptr, usable);
}

static inline void *zm_backend_counted_malloc(size_t size) {
    return tcmalloc_private_zmalloc(size);
}

static inline void *zm_backend_counted_try_malloc(size_t size) {
    return tcmalloc_private_ztrymalloc(size);
}

static inline void zm_backend_counted_free(void *ptr) { tcmalloc_private_zfree(ptr); }

/* The size is not used: realloc may have kept a block that is larger than this size needs. */
static inline void zm_backend_counted_free_sized(void *ptr, size_t size) {
    (void)size;
    tcmalloc_private_zfree(ptr);
}

static inline void *zm_backend_counted_malloc_in(struct zmalloc_zone_t *zone, size_t size) {
    return tcmalloc_private_zmalloc_in(zone, size);
}

static inline void zm_backend_counted_free_in(struct zmalloc_zone_t *zone, void *ptr) {
    tcmalloc_private_zfree_in(zone, ptr);
}

/* Classes above 8 bytes are aligned to 16. */
static inline size_t zm_backend_std_size(size_t size) { return size < 16 ? 16 : size; }

static inline void *zm_backend_std_malloc(size_t size) { return tcmalloc_private_std_malloc(size); }

static inline void zm_backend_std_free(void *ptr) { tcmalloc_private_std_free(ptr); }

static inline bool zm_backend_owns(const void *ptr) { return tcmalloc_private_owns(ptr); }

#include "zmalloc/allocator/counted_calloc.h"
#include "zmalloc/allocator/flags.h"
