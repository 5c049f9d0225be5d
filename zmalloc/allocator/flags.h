/* jemalloc's flags for allocators that have no *allocx functions.  These support alignment (its
 * logarithm is in the low six bits) and zeroing; they ignore arenas and thread caches. */
#include <string.h>

#define ZM_BACKEND_NO_TCACHE 0

enum { ZM_FLAG_LG_ALIGN_MASK = 0x3f, ZM_FLAG_ZERO = 0x40 };

static inline size_t zm_flags_alignment(int flags) {
    return (size_t)1 << (flags & ZM_FLAG_LG_ALIGN_MASK);
}

/* Some allocators align small blocks only to this many bytes. */
enum { ZM_MALLOC_ALIGNMENT = sizeof(void *) };

/* Zeroes a new block and the usable bytes after `size`, because realloc relies on that.  If an
 * allocator leaves more than ZM_BACKEND_SLACK bytes after `size` in new mappings only, which are
 * zero already, its header defines that: writing to them would make gigabytes resident. */
#ifndef ZM_BACKEND_SLACK
#define ZM_BACKEND_SLACK SIZE_MAX
#endif

static inline void zm_zero(void *ptr, size_t size, size_t usable) {
    memset(ptr, 0, usable - size > ZM_BACKEND_SLACK ? size + ZM_BACKEND_SLACK : usable);
}

static inline void *zm_backend_malloc_flags(size_t size, int flags, size_t *usable) {
    size_t alignment = zm_flags_alignment(flags);
    if (alignment <= ZM_MALLOC_ALIGNMENT) {
        return flags & ZM_FLAG_ZERO ? zm_backend_calloc(size, usable)
                                    : zm_backend_malloc(size, usable);
    }
    void *ptr = zm_backend_aligned(alignment, size, usable);
    if (ptr != NULL && flags & ZM_FLAG_ZERO) zm_zero(ptr, size, *usable);
    return ptr;
}

/* Moves the block to a new block from zm_backend_malloc_flags(). */
static inline void *zm_move_flags(void *ptr, size_t size, int flags, size_t *usable,
                                  size_t *old_usable) {
    size_t freed;
    *old_usable = zm_backend_usable_size(ptr);
    void *moved = zm_backend_malloc_flags(size, flags, usable);
    if (moved == NULL) return NULL;
    memcpy(moved, ptr, size < *old_usable ? size : *old_usable);
    zm_backend_free(ptr, &freed);
    return moved;
}

static inline void *zm_backend_realloc_flags(void *ptr, size_t size, int flags, size_t *usable,
                                             size_t *old_usable) {
    if (zm_flags_alignment(flags) > ZM_MALLOC_ALIGNMENT) {
        return zm_move_flags(ptr, size, flags, usable, old_usable);
    }
    void *grown = zm_backend_realloc(ptr, size, usable, old_usable);
    if (grown != NULL && flags & ZM_FLAG_ZERO && *usable > *old_usable) {
        memset((char *)grown + *old_usable, 0, *usable - *old_usable);
    }
    return grown;
}

static inline void zm_backend_free_flags(void *ptr, int flags, size_t *usable) {
    (void)flags;
    zm_backend_free(ptr, usable);
}
