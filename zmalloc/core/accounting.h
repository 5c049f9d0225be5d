/* Used memory, counted per thread.
 *
 * Each live thread owns a slot: a counter on a cache line that no other thread
 * writes, so that counting costs a load, an add, a store and a comparison.  Used
 * memory is the sum of all slots and of one shared counter, to which an exiting
 * thread adds its own counter.  A thread that frees another thread's block lowers
 * its own counter, so a single counter means nothing; only the sum does.
 *
 * For C and C++: the fast paths that are compiled together with an allocator count too.
 */
#ifndef ZMALLOC_CORE_ACCOUNTING_H_
#define ZMALLOC_CORE_ACCOUNTING_H_

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "zmalloc/core/limit.h"

#ifdef __cplusplus
extern "C" {
#endif

struct zm_slot {
    int64_t used;          /* bytes; atomic, written by its thread alone */
    int64_t top, bottom;   /* of the window; used by its thread alone */
    int64_t real_top;      /* the window's top while new blocks are watched (sampled.h): `top` is
                              then INT64_MIN */
    unsigned block, index; /* the slot's place in the table */
    char *zones;           /* the counters of zones (zones.h) */
} __attribute__((aligned(64)));

/* A thread does not look for a new peak at every allocation.  It does so when its counter
 * rises above a window of this many bytes.  So the reported peak may be too low by this many
 * bytes per live thread. */
#define ZM_PEAK_WINDOW (INT64_C(256) << 10)

/* Static TLS: access never allocates.  In files that are compiled for executables only,
 * access takes one instruction less. */
#if defined(__PIC__) && !defined(__PIE__)
#define ZM_STATIC_TLS __attribute__((tls_model("initial-exec")))
#else
#define ZM_STATIC_TLS __attribute__((tls_model("local-exec")))
#endif

/* The slot of this thread, or zm_no_slot if it has no slot yet or no longer. */
extern __thread struct zm_slot *zm_thread_slot ZM_STATIC_TLS;

/* Used by threads that have no slot, so that the fast path need not check for one: its window
 * is empty, so each count takes the slow path.  Its counter means nothing. */
extern struct zm_slot zm_no_slot;

/* The slow path of counting.  It is called after `bytes` were added to the counter and the
 * counter left the window: it moves the window to the counter, and looks for a new peak if the
 * counter rose.  A thread without a slot takes one and counts there; it counts in the shared
 * counter when it is exiting or there is no free slot. */
void zm_count_slow(struct zm_slot *slot, int64_t bytes);

/* The same for a new block.  Returns `ptr`; or the sampled block that replaces it; or NULL when
 * used memory would exceed its hard limit (limit.h): then the block was given back, and errno is
 * ENOMEM.  Functions that allocate call this last. */
void *zm_count_new_block_slow(void *ptr, struct zm_slot *slot, int64_t bytes);

/* The same, but before it returns NULL it calls the out-of-memory handler with the `size` that was
 * requested.  In this order of parameters tcmalloc's fast path needs no instruction more. */
void *zm_count_new_block_slow_or_fail(size_t size, struct zm_slot *slot, int64_t bytes, void *ptr);

/* The same for a block that is never sampled. */
void *zm_count_unsampled_slow(void *ptr, struct zm_slot *slot, int64_t bytes);

/* Adds to the counter and returns its new value.  No atomic add is needed: only this thread
 * writes, other threads may read at any time. */
static inline int64_t zm_add_to_slot(struct zm_slot *slot, int64_t bytes) {
    int64_t used = __atomic_load_n(&slot->used, __ATOMIC_RELAXED) + bytes;
    __atomic_store_n(&slot->used, used, __ATOMIC_RELAXED);
    return used;
}

/* Adds a new block's bytes to used memory.  Returns the block to hand out: this one, a sampled one
 * in its place (sampled.h), or NULL when there is a limit that it exceeds. */
static inline void *zm_count_new_block(void *ptr, size_t bytes) {
    struct zm_slot *slot = zm_thread_slot;
    if (__builtin_expect(zm_add_to_slot(slot, (int64_t)bytes) > slot->top, 0)) {
        return zm_count_new_block_slow(ptr, slot, (int64_t)bytes);
    }
    return ptr;
}

/* The same for functions that call the out-of-memory handler; `size` was requested. */
static inline void *zm_count_new_block_or_fail(void *ptr, size_t bytes, size_t size) {
    struct zm_slot *slot = zm_thread_slot;
    if (__builtin_expect(zm_add_to_slot(slot, (int64_t)bytes) > slot->top, 0)) {
        return zm_count_new_block_slow_or_fail(size, slot, (int64_t)bytes, ptr);
    }
    return ptr;
}

static inline void *zm_count_unsampled(void *ptr, size_t bytes) {
    struct zm_slot *slot = zm_thread_slot;
    if (__builtin_expect(zm_add_to_slot(slot, (int64_t)bytes) > slot->top, 0)) {
        return zm_count_unsampled_slow(ptr, slot, (int64_t)bytes);
    }
    return ptr;
}

/* Adds bytes that are no new block. */
static inline void zm_count_allocated(size_t bytes) {
    struct zm_slot *slot = zm_thread_slot;
    if (__builtin_expect(zm_add_to_slot(slot, (int64_t)bytes) > slot->top, 0)) {
        zm_count_slow(slot, (int64_t)bytes);
    }
}

static inline void zm_count_freed(size_t bytes) {
    struct zm_slot *slot = zm_thread_slot;
    if (__builtin_expect(zm_add_to_slot(slot, -(int64_t)bytes) < slot->bottom, 0)) {
        zm_count_slow(slot, -(int64_t)bytes);
    }
}

/* Used memory in bytes: the sum of all counters.  Takes no lock and is async-signal-safe.  It
 * tries again while an exiting thread moves its counter to the shared one; that takes a few
 * instructions with signals blocked. */
int64_t zm_accounting_used(void);

/* The largest sum in bytes seen since the start or the last reset; this call looks too.  Both
 * functions take no lock and are async-signal-safe, as zm_accounting_used(). */
int64_t zm_accounting_peak(void);
void zm_accounting_peak_reset(void);

/* When that sum was first seen, in seconds since 1970; 0: no sum above 0 was seen.  This call
 * looks too. */
time_t zm_accounting_peak_time(void);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_CORE_ACCOUNTING_H_ */
