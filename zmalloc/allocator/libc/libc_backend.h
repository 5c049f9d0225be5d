/* The libc's malloc, for a libc that tells usable sizes. */
#include ZM_LIBC_CALLS_HEADER /* zm_libc_malloc() and so on: libc_calls.h, or failing.h */
#include ZM_LIBC_SIZE_HEADER  /* zm_libc_usable_size() and so on: asked_size.h or glibc_chunk.h */

#define ZM_BACKEND_PREFIX 0
#define ZM_BACKEND_SLACK ((size_t)64 << 10) /* glibc's, after large alignments */

static inline size_t zm_backend_usable_size(const void *ptr) { return zm_libc_usable_size(ptr); }

static inline void *zm_libc_set_usable(void *ptr, size_t *usable) {
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
    return zm_libc_set_usable(zm_backend_plain_malloc(size), usable);
}

static inline void *zm_backend_calloc(size_t size, size_t *usable) {
    return zm_libc_set_usable(zm_backend_plain_calloc(size), usable);
}

static inline void *zm_backend_aligned(size_t alignment, size_t size, size_t *usable) {
    void *ptr;
    if (alignment < sizeof(void *)) alignment = sizeof(void *);
    if (zm_libc_posix_memalign(&ptr, alignment, size) != 0) return NULL;
    return zm_libc_set_usable(ptr, usable);
}

static inline void *zm_backend_realloc(void *ptr, size_t size, size_t *usable, size_t *old_usable) {
    *old_usable = zm_libc_usable_size(ptr);
    return zm_libc_request(&size) ? zm_libc_set_usable(zm_libc_realloc(ptr, size), usable) : NULL;
}

static inline void zm_backend_free(void *ptr, size_t *usable) {
    *usable = zm_libc_usable_size(ptr);
    zm_libc_free(ptr);
}

static inline void zm_backend_plain_free(void *ptr) { zm_libc_free(ptr); }

static inline bool zm_backend_fast_usable_size(const void *ptr, size_t *usable) {
    return zm_libc_fast_usable_size(ptr, usable);
}

#include "zmalloc/allocator/counted_calls.h"
#include "zmalloc/allocator/flags.h"

/* The libcs align each block to 16 bytes. */
static inline size_t zm_backend_std_size(size_t size) { return size; }

enum { zm_backend_leaves_errno = true };

#include "zmalloc/allocator/std_calls.h"
