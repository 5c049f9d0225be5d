/* The libc's malloc, with the size stored before each block: for a libc that does not tell
 * usable sizes, and to measure what asking a libc costs. */
#include <stdint.h>
#include <string.h>

#include ZM_LIBC_CALLS_HEADER /* zm_libc_malloc() and so on: libc_calls.h, or failing.h */

struct zm_prefix {
    _Alignas(max_align_t) size_t size; /* the requested one */
    size_t offset;                     /* from malloc's block to ours */
};

#define ZM_BACKEND_PREFIX sizeof(struct zm_prefix)

static inline struct zm_prefix *zm_prefix_of(const void *ptr) {
    return (struct zm_prefix *)(uintptr_t)ptr - 1;
}

static inline void *zm_prefixed(void *raw, size_t offset, size_t size, size_t *usable) {
    if (raw == NULL) return NULL;
    void *ptr = (char *)raw + offset;
    *zm_prefix_of(ptr) = (struct zm_prefix){.size = size, .offset = offset};
    *usable = size;
    return ptr;
}

static inline void *zm_prefix_raw(void *ptr) { return (char *)ptr - zm_prefix_of(ptr)->offset; }

static inline size_t zm_backend_usable_size(const void *ptr) { return zm_prefix_of(ptr)->size; }

static inline void *zm_backend_malloc(size_t size, size_t *usable) {
    if (size >= SIZE_MAX / 2) return NULL;
    return zm_prefixed(zm_libc_malloc(size + ZM_BACKEND_PREFIX), ZM_BACKEND_PREFIX, size, usable);
}

static inline void *zm_backend_calloc(size_t size, size_t *usable) {
    if (size >= SIZE_MAX / 2) return NULL;
    return zm_prefixed(zm_libc_calloc(1, size + ZM_BACKEND_PREFIX), ZM_BACKEND_PREFIX, size,
                       usable);
}

static inline void *zm_backend_aligned(size_t alignment, size_t size, size_t *usable) {
    void *raw;
    if (alignment < ZM_BACKEND_PREFIX) alignment = ZM_BACKEND_PREFIX;
    if (zm_libc_posix_memalign(&raw, alignment, alignment + size) != 0) return NULL;
    return zm_prefixed(raw, alignment, size, usable);
}

static inline void zm_backend_plain_free(void *ptr) { zm_libc_free(zm_prefix_raw(ptr)); }

static inline void zm_backend_free(void *ptr, size_t *usable) {
    *usable = zm_backend_usable_size(ptr);
    zm_backend_plain_free(ptr);
}

static inline void *zm_backend_realloc(void *ptr, size_t size, size_t *usable, size_t *old_usable) {
    *old_usable = zm_backend_usable_size(ptr);
    if (size >= SIZE_MAX / 2) return NULL;
    if (zm_prefix_of(ptr)->offset == ZM_BACKEND_PREFIX) {
        void *raw = zm_libc_realloc(zm_prefix_raw(ptr), size + ZM_BACKEND_PREFIX);
        return zm_prefixed(raw, ZM_BACKEND_PREFIX, size, usable);
    }
    /* An aligned block: the libc's realloc could change its alignment, which the offset needs. */
    size_t freed;
    void *moved = zm_backend_malloc(size, usable);
    if (moved == NULL) return NULL;
    memcpy(moved, ptr, size < *old_usable ? size : *old_usable);
    zm_backend_free(ptr, &freed);
    return moved;
}

static inline void *zm_backend_plain_malloc(size_t size) {
    size_t usable;
    return zm_backend_malloc(size, &usable);
}

static inline void *zm_backend_plain_calloc(size_t size) {
    size_t usable;
    return zm_backend_calloc(size, &usable);
}

static inline bool zm_backend_fast_usable_size(const void *ptr, size_t *usable) {
    *usable = zm_backend_usable_size(ptr);
    return true;
}

#include "zmalloc/allocator/counted_calls.h"
#include "zmalloc/allocator/flags.h"

/* The libcs align each block to 16 bytes. */
static inline size_t zm_backend_std_size(size_t size) { return size; }

enum { zm_backend_leaves_errno = true };

#include "zmalloc/allocator/std_calls.h"
