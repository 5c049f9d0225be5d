/* The counted calls of a backend that does not count inside the allocator.  They are made from
 * these functions of the backend:
 *   zm_backend_plain_malloc(size), zm_backend_plain_calloc(size),
 *   zm_backend_plain_free(ptr)                 only allocate and free
 *   zm_backend_fast_usable_size(ptr, &usable)  sets the usable size if it is cheap to find;
 *                                              else returns false
 * Rare cases have functions of their own, which are called last, so that the hot calls need no
 * stack frame. */
#include "zmalloc/core/accounting.h"
#include "zmalloc/core/oom.h"
#include "zmalloc/core/sampled.h"
#include "zmalloc/core/zones.h"

#define ZM_COLD __attribute__((noinline, cold, unused)) static

/* A large block is checked before it is counted. */
ZM_COLD void *zm_count_new_block_asking(void *ptr) {
    const size_t bytes = zm_backend_usable_size(ptr) + ZM_BACKEND_PREFIX;
    if (zm_limit_refuses(bytes)) return zm_limit_give_back(ptr);
    return zm_count_new_block(ptr, bytes);
}

ZM_COLD void *zm_count_new_block_asking_or_fail(void *ptr, size_t size) {
    ptr = zm_count_new_block_asking(ptr);
    return __builtin_expect(ptr != NULL, 1) ? ptr : zm_out_of_memory(size);
}

ZM_COLD void zm_free_asking(void *ptr) {
    zm_count_freed(ptr, zm_backend_usable_size(ptr) + ZM_BACKEND_PREFIX);
    zm_backend_plain_free(ptr);
}

ZM_COLD void zm_free_counting_slow(void *ptr, struct zm_slot *slot, size_t bytes) {
    zm_count_freed_slow(ptr, slot, bytes);
    zm_backend_plain_free(ptr);
}

static inline void zm_backend_free_and_count(void *ptr);

ZM_COLD void zm_free_null_or_sampled(void *ptr) {
    if (!zm_sampled_free(ptr)) zm_backend_free_and_count(ptr);
}

static inline void *zm_count_block(void *ptr) {
    size_t usable;
    return __builtin_expect(zm_backend_fast_usable_size(ptr, &usable), 1)
               ? zm_count_new_block(ptr, usable + ZM_BACKEND_PREFIX)
               : zm_count_new_block_asking(ptr);
}

static inline void *zm_count_block_or_fail(void *ptr, size_t size) {
    size_t usable;
    return __builtin_expect(zm_backend_fast_usable_size(ptr, &usable), 1)
               ? zm_count_new_block_or_fail(ptr, usable + ZM_BACKEND_PREFIX, size)
               : zm_count_new_block_asking_or_fail(ptr, size);
}

/* These do not ask zm_limit_refuses(), which would cost the fast paths two instructions. Allocators
 * do not write to a large block that is fresh, so blocks are checked when they are counted.  Until
 * a block is refused, other threads see it as used.  That is not so for a block whose usable size
 * we must ask the allocator for, such as a block of glibc's with a mapping of its own. */
static inline void *zm_backend_counted_try_malloc(size_t size) {
    void *ptr = zm_backend_plain_malloc(size);
    return __builtin_expect(ptr != NULL, 1) ? zm_count_block(ptr) : NULL;
}

static inline void *zm_backend_counted_malloc(size_t size) {
    void *ptr = zm_backend_plain_malloc(size);
    return __builtin_expect(ptr != NULL, 1) ? zm_count_block_or_fail(ptr, size)
                                            : zm_out_of_memory(size);
}

static inline void *zm_backend_counted_try_calloc(size_t size) {
    void *ptr = zm_backend_plain_calloc(size);
    return __builtin_expect(ptr != NULL, 1) ? zm_count_block(ptr) : NULL;
}

static inline void *zm_backend_counted_calloc(size_t size) {
    void *ptr = zm_backend_plain_calloc(size);
    return __builtin_expect(ptr != NULL, 1) ? zm_count_block_or_fail(ptr, size)
                                            : zm_out_of_memory(size);
}

/* Counts the block before freeing it, so that the call of the allocator is the last one. */
static inline void zm_backend_free_and_count(void *ptr) {
    size_t usable;
    if (__builtin_expect(!zm_backend_fast_usable_size(ptr, &usable), 0)) {
        zm_free_asking(ptr);
        return;
    }
    struct zm_slot *slot = zm_thread_slot;
    const size_t bytes = usable + ZM_BACKEND_PREFIX;
    if (zm_add_freed(slot, bytes)) {
        zm_free_counting_slow(ptr, slot, bytes);
        return;
    }
    zm_backend_plain_free(ptr);
}

static inline void zm_backend_counted_free(void *ptr) {
    if (zm_null_or_sampled(ptr)) {
        zm_free_null_or_sampled(ptr);
    } else {
        zm_backend_free_and_count(ptr);
    }
}

/* The size is not used.  C11 has no sized free; jemalloc's would save a look-up of the size,
 * but counting needs that look-up. */
static inline void zm_backend_counted_free_sized(void *ptr, size_t size) {
    (void)size;
    zm_backend_counted_free(ptr);
}

/* ---- In a zone -------------------------------------------------------------- */

ZM_COLD void *zm_count_new_block_in_asking(void *ptr, size_t size, struct zmalloc_zone_t *zone) {
    return zm_count_new_block_in(ptr, zm_backend_usable_size(ptr) + ZM_BACKEND_PREFIX, size, zone);
}

static inline void *zm_backend_counted_malloc_in(struct zmalloc_zone_t *zone, size_t size) {
    size_t usable;
    void *ptr = zm_backend_plain_malloc(size);
    if (__builtin_expect(ptr == NULL, 0)) return zm_out_of_memory(size);
    return __builtin_expect(zm_backend_fast_usable_size(ptr, &usable), 1)
               ? zm_count_new_block_in(ptr, usable + ZM_BACKEND_PREFIX, size, zone)
               : zm_count_new_block_in_asking(ptr, size, zone);
}

ZM_COLD void zm_free_in_asking(struct zmalloc_zone_t *zone, void *ptr) {
    if (zm_null_or_sampled(ptr) && zm_sampled_free_in(zone, ptr)) return;
    zm_count_freed_in(ptr, zm_backend_usable_size(ptr) + ZM_BACKEND_PREFIX, zone);
    zm_backend_plain_free(ptr);
}

ZM_COLD void zm_free_in_counting_slow(void *ptr, struct zm_slot *slot, size_t bytes,
                                      struct zmalloc_zone_t *zone) {
    zm_count_freed_in_slow(zone, slot, bytes, ptr);
    zm_backend_plain_free(ptr);
}

static inline void zm_backend_counted_free_in(struct zmalloc_zone_t *zone, void *ptr) {
    size_t usable;
    if (zm_null_or_sampled(ptr) ||
        __builtin_expect(!zm_backend_fast_usable_size(ptr, &usable), 0)) {
        zm_free_in_asking(zone, ptr);
        return;
    }
    struct zm_slot *slot = zm_thread_slot;
    const size_t bytes = usable + ZM_BACKEND_PREFIX;
    if (zm_add_freed(slot, bytes)) {
        zm_free_in_counting_slow(ptr, slot, bytes, zone);
        return;
    }
    zm_add_to_zone(slot, zone, -(int64_t)bytes, -1);
    zm_backend_plain_free(ptr);
}
