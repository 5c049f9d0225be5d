/* Used memory, counted per thread.
 *
 * Each live thread owns a slot: a counter on a cache line that no other thread
 * writes, so that counting costs a load, an add and a store.  Used memory is
 * the sum of all slots and of what the threads that are gone left behind.  A
 * thread that frees another's block makes its own slot smaller: only the sum
 * means something.
 */
#ifndef ZMALLOC_ACCOUNTING_ACCOUNTING_H_
#define ZMALLOC_ACCOUNTING_ACCOUNTING_H_

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct zm_slot {
    _Alignas(64) _Atomic int64_t used; /* bytes; written by its thread alone */
    int64_t window;                    /* see ZM_PEAK_WINDOW; its thread's alone */
    unsigned block, index;             /* where the slot lies in the table */
};

/* The peak is looked at when a thread's counter leaves a window of this many
 * bytes around where it was when last looked at, not on every allocation.  So
 * the peak reported may miss this much per live thread. */
#define ZM_PEAK_WINDOW (INT64_C(64) << 10)

/* The slot of this thread, or NULL: none yet, or none any more.  Static TLS,
 * so that reaching it is one instruction and never allocates. */
extern _Thread_local struct zm_slot *zm_thread_slot __attribute__((tls_model("initial-exec")));

/* Counts for a thread without a slot: takes one, or counts in the shared sum
 * when the thread is exiting or there is no slot to be had. */
void zm_account_without_slot(int64_t bytes);

/* Moves the window to where the counter is, and looks at the peak. */
void zm_account_left_window(struct zm_slot *slot, int64_t used);

/* Adds `bytes` (negative when freed) to used memory. */
static inline void zm_account(int64_t bytes) {
    struct zm_slot *slot = zm_thread_slot;
    if (__builtin_expect(slot == NULL, 0)) {
        zm_account_without_slot(bytes);
        return;
    }
    /* A plain add: only this thread writes, others may read at any time. */
    int64_t used = atomic_load_explicit(&slot->used, memory_order_relaxed) + bytes;
    atomic_store_explicit(&slot->used, used, memory_order_relaxed);
    if (__builtin_expect((uint64_t)(used - slot->window) >= ZM_PEAK_WINDOW, 0)) {
        zm_account_left_window(slot, used);
    }
}

/* The sum.  Lock-free and async-signal-safe. */
int64_t zm_accounted(void);

/* The largest sum seen since the start or the last reset, this moment's
 * included.  Lock-free and async-signal-safe, both. */
int64_t zm_accounted_peak(void);
void zm_accounted_peak_reset(void);

#endif /* ZMALLOC_ACCOUNTING_ACCOUNTING_H_ */
