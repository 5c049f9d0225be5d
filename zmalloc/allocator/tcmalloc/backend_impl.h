/* gperftools' tcmalloc and tcmalloc_minimal. */
#include <gperftools/tcmalloc.h>

#include "third_party/gperftools/extension.h"

#define ZM_BACKEND_PREFIX 0

static inline size_t zm_backend_usable_size(const void *ptr) {
    return tcmalloc_private_usable_size(ptr);
}

static inline void *zm_tc_known(void *ptr, size_t *usable) {
    if (ptr != NULL) *usable = zm_backend_usable_size(ptr);
    return ptr;
}

static inline void *zm_backend_malloc(size_t size, size_t *usable) {
    return zm_tc_known(tc_malloc(size), usable);
}

static inline void *zm_backend_calloc(size_t size, size_t *usable) {
    return zm_tc_known(tc_calloc(1, size), usable);
}

static inline void *zm_backend_aligned(size_t alignment, size_t size, size_t *usable) {
    return zm_tc_known(tc_memalign(alignment, size), usable);
}

static inline void *zm_backend_realloc(void *ptr, size_t size, size_t *usable, size_t *old_usable) {
    *old_usable = zm_backend_usable_size(ptr);
    return zm_tc_known(tc_realloc(ptr, size), usable);
}

static inline void zm_backend_free(void *ptr, size_t *usable) {
    *usable = zm_backend_usable_size(ptr);
    tc_free(ptr);
}

/* realloc may keep a larger block than the size says: look, do not compute. */
static inline void zm_backend_free_sized(void *ptr, size_t size, size_t *usable) {
    (void)size;
    zm_backend_free(ptr, usable);
}

#include "zmalloc/allocator/portable_flags.h"
