/* Used memory, counted per thread.
 *
 * Each live thread owns a slot: the bytes that it ever allocated, and those that it ever freed, on
 * a cache line that no other thread writes.  So counting costs an add and a comparison.  Used
 * memory is the sum over all slots of the difference, and of one shared counter, to which an
 * exiting thread adds its own.  A thread that frees another thread's block counts it in its own
 * slot, so a single slot means nothing; only the sum does.
 *
 * There are two counters, not one of the difference, so that a thread that allocates and frees the
 * same bytes again and again still gets to the next sample of a profile (zmalloc/profile).
 *
 * For C and C++: the fast paths that are compiled together with an allocator count too.
 */
#ifndef ZMALLOC_CORE_ACCOUNTING_H_
#define ZMALLOC_CORE_ACCOUNTING_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "zmalloc/core/limit.h"

#ifdef __cplusplus
extern "C" {
#endif

struct zm_slot {
    int64_t allocated, freed; /* bytes; atomic, written by its thread alone; freed never falls */
    int64_t allocated_end, freed_end; /* above them a count takes the slow path */
    int64_t top;                      /* of the window below which allocated - freed stays */
    int64_t next_sample;              /* the next byte that is one, counted as `allocated` is */
    unsigned number;                  /* the slot's place in the table */
    char *zones;                      /* the counters of zones (zones.h) */
} __attribute__((aligned(64)));

/* A thread does not look for a new peak at every allocation.  It does so before the difference of
 * its counters can have risen by this many bytes.  So the reported peak may be too low by this many
 * bytes per live thread.  And each block of more bytes takes the slow path, when it is allocated
 * and when it is freed. */
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

/* Used by threads that have no slot, so that the fast path need not check for one: each count takes
 * the slow path.  Its counters mean nothing. */
extern struct zm_slot zm_no_slot;

/* The slow paths of counting.  They are called after the bytes were added to the slot: they place
 * the ends anew, look for a new peak if the difference left its window upwards, and take a sample
 * if one is due.  A thread without a slot takes one and counts there; it counts in the shared
 * counter when it is exiting or there is no free slot.  `ptr` is the whole block that was freed, or
 * NULL. */
void zm_count_allocated_slow(struct zm_slot *slot, size_t bytes);
void zm_count_freed_slow(const void *ptr, struct zm_slot *slot, size_t bytes);

/* The same for a new block.  Returns `ptr`; or the sampled block that replaces it; or NULL when
 * used memory would exceed its hard limit (limit.h): then the block was given back, and errno is
 * ENOMEM.  Functions that allocate call this last. */
void *zm_count_new_block_slow(void *ptr, struct zm_slot *slot, size_t bytes);

/* The same, but before it returns NULL it calls the out-of-memory handler with the `size` that was
 * requested.  In this order of parameters tcmalloc's fast path needs no instruction more. */
void *zm_count_new_block_slow_or_fail(size_t size, struct zm_slot *slot, size_t bytes, void *ptr);

/* The same for a block with an alignment, or ZM_NOT_REPLACED (sampled.h). */
void *zm_count_aligned_slow(void *ptr, struct zm_slot *slot, size_t bytes, size_t alignment);

/* The same for a block that was resized and so grew by `bytes`, and now counts for `counted` bytes.
 * Returns the block, or the sampled block that replaces it. */
void *zm_count_growth_slow(void *ptr, struct zm_slot *slot, size_t bytes, size_t counted);

/* Adds to a counter, and says whether that takes the slow path.  No atomic add is needed: only this
 * thread writes, other threads may read at any time.  The assembly has the compiler add in memory,
 * which takes an instruction less. */
__attribute__((no_sanitize("thread"))) static inline bool zm_add_allocated(struct zm_slot *slot,
                                                                           size_t bytes) {
    slot->allocated += (int64_t)bytes;
    __asm__("" : "+m"(slot->allocated));
    return __builtin_expect(slot->allocated > slot->allocated_end, 0);
}

__attribute__((no_sanitize("thread"))) static inline bool zm_add_freed(struct zm_slot *slot,
                                                                       size_t bytes) {
    slot->freed += (int64_t)bytes;
    __asm__("" : "+m"(slot->freed));
    return __builtin_expect(slot->freed > slot->freed_end, 0);
}

/* Adds a new block's bytes to used memory.  Returns the block to hand out: this one, a sampled one
 * in its place (sampled.h), or NULL when there is a limit that it exceeds. */
static inline void *zm_count_new_block(void *ptr, size_t bytes) {
    struct zm_slot *slot = zm_thread_slot;
    return zm_add_allocated(slot, bytes) ? zm_count_new_block_slow(ptr, slot, bytes) : ptr;
}

/* The same for functions that call the out-of-memory handler; `size` was requested. */
static inline void *zm_count_new_block_or_fail(void *ptr, size_t bytes, size_t size) {
    struct zm_slot *slot = zm_thread_slot;
    return zm_add_allocated(slot, bytes) ? zm_count_new_block_slow_or_fail(size, slot, bytes, ptr)
                                         : ptr;
}

/* The same for a block with an alignment, or ZM_NOT_REPLACED. */
static inline void *zm_count_aligned(void *ptr, size_t bytes, size_t alignment) {
    struct zm_slot *slot = zm_thread_slot;
    return zm_add_allocated(slot, bytes) ? zm_count_aligned_slow(ptr, slot, bytes, alignment) : ptr;
}

/* Adds bytes that are no new block. */
static inline void zm_count_allocated(size_t bytes) {
    struct zm_slot *slot = zm_thread_slot;
    if (zm_add_allocated(slot, bytes)) zm_count_allocated_slow(slot, bytes);
}

/* Adds the bytes by which a block grew, which now counts for `counted`.  Returns the block to use.
 */
static inline void *zm_count_growth(void *ptr, size_t bytes, size_t counted) {
    struct zm_slot *slot = zm_thread_slot;
    return zm_add_allocated(slot, bytes) ? zm_count_growth_slow(ptr, slot, bytes, counted) : ptr;
}

/* Of the block `ptr`, which may have been given back already; NULL: these bytes are no whole block.
 */
static inline void zm_count_freed(const void *ptr, size_t bytes) {
    struct zm_slot *slot = zm_thread_slot;
    if (zm_add_freed(slot, bytes)) zm_count_freed_slow(ptr, slot, bytes);
}

/* Reasons for the slow paths to do more than to look for a peak: there is a limit (limit.h); each
 * new block takes the slow path (sampled.h); there may be samples of a profile. */
enum zm_care { ZM_LIMITED = 1, ZM_WATCHED = 2, ZM_PROFILED = 4 };

/* Any thread may call this. */
void zm_count_with_care(enum zm_care reason, bool is_so);

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
