/* Used memory, counted per thread.
 *
 * Each live thread owns a slot: a counter on a cache line that no other thread
 * writes, so that counting costs a load, an add, a store and a comparison.  Used
 * memory is the sum of all slots and of what the threads that are gone left
 * behind.  A thread that frees another's block makes its own slot smaller: only
 * the sum means something.
 *
 * For C and C++: what is compiled with an allocator counts in the middle of it.
 */
#ifndef ZMALLOC_ACCOUNTING_ACCOUNTING_H_
#define ZMALLOC_ACCOUNTING_ACCOUNTING_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct zm_slot {
    int64_t used;          /* bytes; atomic, written by its thread alone */
    int64_t top, bottom;   /* of the window; its thread's alone */
    int64_t real_top;      /* `top` is below all while allocations are sampled */
    unsigned block, index; /* where the slot lies in the table */
} __attribute__((aligned(64)));

/* The peak is looked at when a thread's counter leaves a window of this many
 * bytes around where it was when last looked at, upwards, and not on every
 * allocation.  So the peak reported may miss this much per live thread. */
#define ZM_PEAK_WINDOW (INT64_C(256) << 10)

/* Static TLS: reaching it never allocates, and takes one instruction less in
 * files that are compiled for executables alone. */
#if defined(__PIC__) && !defined(__PIE__)
#define ZM_STATIC_TLS __attribute__((tls_model("initial-exec")))
#else
#define ZM_STATIC_TLS __attribute__((tls_model("local-exec")))
#endif

/* The slot of this thread, or zm_nobody: none yet, or none any more. */
extern __thread struct zm_slot *zm_thread_slot ZM_STATIC_TLS;

/* Stands in for a slot, so that counting need not ask whether there is one: its
 * window is empty, and what it counts means nothing. */
extern struct zm_slot zm_nobody;

/* After the counter, changed by `bytes`, left the window: moves the window to
 * where it is, and looks at the peak.  For a thread without a slot: takes one
 * and counts there, or in the shared sum when the thread is exiting or there is
 * no slot to be had. */
void zm_count_outside(struct zm_slot *slot, int64_t bytes);

/* The same, returning `ptr`, or what takes the place of this new block: for the end of a
 * function that allocates. */
void *zm_counted_outside(void *ptr, struct zm_slot *slot, int64_t bytes);

/* Changes the counter and returns what it is then.  A plain add: only this
 * thread writes, others may read at any time. */
static inline int64_t zm_add_to_slot(struct zm_slot *slot, int64_t bytes) {
    int64_t used = __atomic_load_n(&slot->used, __ATOMIC_RELAXED) + bytes;
    __atomic_store_n(&slot->used, used, __ATOMIC_RELAXED);
    return used;
}

/* Add to used memory, and take from it.  With a new block, returns that, or one that is
 * to be used in its place (zm_accounting_sample()). */
static inline void *zm_counted(void *ptr, size_t bytes) {
    struct zm_slot *slot = zm_thread_slot;
    if (__builtin_expect(zm_add_to_slot(slot, (int64_t)bytes) > slot->top, 0)) {
        return zm_counted_outside(ptr, slot, (int64_t)bytes);
    }
    return ptr;
}

static inline void zm_count_allocated(size_t bytes) { (void)zm_counted(NULL, bytes); }

static inline void zm_count_freed(size_t bytes) {
    struct zm_slot *slot = zm_thread_slot;
    if (__builtin_expect(zm_add_to_slot(slot, -(int64_t)bytes) < slot->bottom, 0)) {
        zm_count_outside(slot, -(int64_t)bytes);
    }
}

/* From now on hands one of `every` new blocks, chosen at random, to `instead`, with the
 * bytes that it counts for, and returns what that returns in its place.  Once, before
 * other threads start; costs nothing before. */
void zm_accounting_sample(unsigned every, void *(*instead)(void *ptr, size_t bytes));

/* The sum.  Takes no lock and is async-signal-safe; while a thread's last count
 * moves to the shared sum, a few instructions with signals blocked, it tries
 * anew. */
int64_t zm_accounted(void);

/* The largest sum seen since the start or the last reset, this moment's
 * included.  As zm_accounted(), both. */
int64_t zm_accounted_peak(void);
void zm_accounted_peak_reset(void);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_ACCOUNTING_ACCOUNTING_H_ */
