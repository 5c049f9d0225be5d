/* The libc's malloc, where it can be asked for the usable size. */
#include "libc_calls.h"  /* zm_libc_malloc() and so on: the libc's, but in tests */
#include "usable_size.h" /* zm_libc_usable_size() and so on, a file per libc */

#define ZM_BACKEND_PREFIX 0

static inline size_t zm_backend_usable_size(const void *ptr) { return zm_libc_usable_size(ptr); }

static inline void *zm_libc_known(void *ptr, size_t *usable) {
    if (ptr != NULL) *usable = zm_libc_usable_size(ptr);
    return ptr;
}

static inline void *zm_backend_plain_malloc(size_t size) {
    return zm_libc_request(&size) ? zm_libc_malloc(size) : NULL;
}

static inline void *zm_backend_plain_calloc(size_t size) {
    return zm_libc_request(&size) ? zm_libc_calloc(1, size) : NULL;
}

static inline void *zm_backend_malloc(size_t size, size_t *usable) {
    return zm_libc_known(zm_backend_plain_malloc(size), usable);
}

static inline void *zm_backend_calloc(size_t size, size_t *usable) {
    return zm_libc_known(zm_backend_plain_calloc(size), usable);
}

static inline void *zm_backend_aligned(size_t alignment, size_t size, size_t *usable) {
    void *ptr;
    if (alignment < sizeof(void *)) alignment = sizeof(void *);
    if (zm_libc_posix_memalign(&ptr, alignment, size) != 0) return NULL;
    return zm_libc_known(ptr, usable);
}

static inline void *zm_backend_realloc(void *ptr, size_t size, size_t *usable, size_t *old_usable) {
    *old_usable = zm_libc_usable_size(ptr);
    return zm_libc_request(&size) ? zm_libc_known(zm_libc_realloc(ptr, size), usable) : NULL;
}

static inline void zm_backend_free(void *ptr, size_t *usable) {
    *usable = zm_libc_usable_size(ptr);
    zm_libc_free(ptr);
}

static inline void zm_backend_plain_free(void *ptr) { zm_libc_free(ptr); }

static inline bool zm_backend_size_at_hand(const void *ptr, size_t *usable) {
    return zm_libc_size_at_hand(ptr, usable);
}

#include "zmalloc/allocator/counted.h"
#include "zmalloc/allocator/portable_flags.h"
