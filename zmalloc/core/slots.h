/* The table of slots (accounting.h).  Slots have numbers.  Any thread, signal handlers, and
 * children of fork may call these functions. */
#ifndef ZMALLOC_CORE_SLOTS_H_
#define ZMALLOC_CORE_SLOTS_H_

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "zmalloc/core/accounting.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Takes a slot for this thread, until it exits.  NULL: there is none left, or no memory; or the
 * thread is exiting, or forks. */
struct zm_slot *zm_slot_acquire(void);

/* Adds to the counter of threads without a slot. */
void zm_slots_add_shared(int64_t bytes);

/* Whether this thread is inside fork(), so that it holds the lock. */
bool zm_slots_are_forking(void);

/* Below this number are the slots that were ever in use. */
unsigned zm_slots_end(void);
struct zm_slot *zm_slot_at(unsigned number);
bool zm_slot_is_in_use(unsigned number);

/* The lock.  While it is held, no slot is taken or given back, and all signals of this thread are
 * blocked. */
void zm_slots_lock(sigset_t *saved);
void zm_slots_unlock(const sigset_t *saved);

/* accounting.c defines it: lets the window of a slot that is taken begin. */
void zm_slot_open_window(struct zm_slot *slot);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_CORE_SLOTS_H_ */
