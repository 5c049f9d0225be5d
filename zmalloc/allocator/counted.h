/* The hot calls of a backend that does not count itself, from more of its
 * functions:
 *   zm_backend_plain_malloc(size), zm_backend_plain_calloc(size),
 *   zm_backend_plain_free(ptr)              allocate and free, and no more
 *   zm_backend_size_at_hand(ptr, &usable)   the usable size, when that is cheap
 *                                           to tell; else false
 * Whatever is seldom lies in functions of its own, called last: these need no
 * stack frame then. */
#include "zmalloc/accounting/accounting.h"
#include "zmalloc/guard/sampled.h"
#include "zmalloc/oom.h"

#define ZM_SELDOM __attribute__((noinline, cold, unused)) static

ZM_SELDOM void *zm_counted_by_asking(void *ptr) {
    return zm_counted(ptr, zm_backend_usable_size(ptr) + ZM_BACKEND_PREFIX);
}

ZM_SELDOM void zm_freed_by_asking(void *ptr) {
    zm_count_freed(zm_backend_usable_size(ptr) + ZM_BACKEND_PREFIX);
    zm_backend_plain_free(ptr);
}

ZM_SELDOM void zm_freed_outside(void *ptr, struct zm_slot *slot, size_t bytes) {
    zm_count_outside(slot, -(int64_t)bytes);
    zm_backend_plain_free(ptr);
}

static inline void zm_backend_free_and_count(void *ptr);

ZM_SELDOM void zm_freed_seldom(void *ptr) {
    if (!zm_seldom_freed(ptr)) zm_backend_free_and_count(ptr);
}

static inline void *zm_counted_block(void *ptr) {
    size_t usable;
    return __builtin_expect(zm_backend_size_at_hand(ptr, &usable), 1)
               ? zm_counted(ptr, usable + ZM_BACKEND_PREFIX)
               : zm_counted_by_asking(ptr);
}

static inline void *zm_backend_counted_try_malloc(size_t size) {
    void *ptr = zm_backend_plain_malloc(size);
    return __builtin_expect(ptr != NULL, 1) ? zm_counted_block(ptr) : NULL;
}

static inline void *zm_backend_counted_malloc(size_t size) {
    void *ptr = zm_backend_plain_malloc(size);
    return __builtin_expect(ptr != NULL, 1) ? zm_counted_block(ptr) : zm_out_of_memory(size);
}

static inline void *zm_backend_counted_try_calloc(size_t size) {
    void *ptr = zm_backend_plain_calloc(size);
    return __builtin_expect(ptr != NULL, 1) ? zm_counted_block(ptr) : NULL;
}

static inline void *zm_backend_counted_calloc(size_t size) {
    void *ptr = zm_backend_plain_calloc(size);
    return __builtin_expect(ptr != NULL, 1) ? zm_counted_block(ptr) : zm_out_of_memory(size);
}

/* Counted before it is freed, so that the allocator is called last. */
static inline void zm_backend_free_and_count(void *ptr) {
    size_t usable;
    if (__builtin_expect(!zm_backend_size_at_hand(ptr, &usable), 0)) {
        zm_freed_by_asking(ptr);
        return;
    }
    struct zm_slot *slot = zm_thread_slot;
    const size_t bytes = usable + ZM_BACKEND_PREFIX;
    if (__builtin_expect(zm_add_to_slot(slot, -(int64_t)bytes) < slot->bottom, 0)) {
        zm_freed_outside(ptr, slot, bytes);
        return;
    }
    zm_backend_plain_free(ptr);
}

static inline void zm_backend_counted_free(void *ptr) {
    if (zm_is_seldom(ptr)) {
        zm_freed_seldom(ptr);
    } else {
        zm_backend_free_and_count(ptr);
    }
}

/* C11 has no sized free; jemalloc's saves the look-up that counting needs. */
static inline void zm_backend_counted_free_sized(void *ptr, size_t size) {
    (void)size;
    zm_backend_counted_free(ptr);
}
