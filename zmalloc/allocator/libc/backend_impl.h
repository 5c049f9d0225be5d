/* The libc's malloc, where it can be asked for the usable size. */
#include <stdlib.h>

#include "usable_size.h" /* zm_libc_usable_size(), a file per libc */

#define ZM_BACKEND_PREFIX 0

static inline size_t zm_backend_usable_size(const void *ptr) { return zm_libc_usable_size(ptr); }

static inline void *zm_libc_known(void *ptr, size_t *usable) {
    if (ptr != NULL) *usable = zm_libc_usable_size(ptr);
    return ptr;
}

static inline void *zm_backend_malloc(size_t size, size_t *usable) {
    return zm_libc_known(malloc(size), usable);
}

static inline void *zm_backend_calloc(size_t size, size_t *usable) {
    return zm_libc_known(calloc(1, size), usable);
}

static inline void *zm_backend_aligned(size_t alignment, size_t size, size_t *usable) {
    void *ptr;
    if (alignment < sizeof(void *)) alignment = sizeof(void *);
    if (posix_memalign(&ptr, alignment, size) != 0) return NULL;
    return zm_libc_known(ptr, usable);
}

static inline void *zm_backend_realloc(void *ptr, size_t size, size_t *usable, size_t *old_usable) {
    *old_usable = zm_libc_usable_size(ptr);
    return zm_libc_known(realloc(ptr, size), usable);
}

static inline void zm_backend_free(void *ptr, size_t *usable) {
    *usable = zm_libc_usable_size(ptr);
    free(ptr);
}

static inline void zm_backend_free_sized(void *ptr, size_t size, size_t *usable) {
    (void)size; /* C11 has no sized free */
    zm_backend_free(ptr, usable);
}

#include "zmalloc/allocator/portable_flags.h"
