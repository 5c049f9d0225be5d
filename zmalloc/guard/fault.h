/* Faults on the pages of sampled blocks. */
#ifndef ZMALLOC_GUARD_FAULT_H_
#define ZMALLOC_GUARD_FAULT_H_

/* Has zm_pool_explain() called before the program's own handler, or the system's, of
 * such a fault.  To be called again and again: programs set their handlers when
 * they like.  Any thread may call. */
void zm_fault_watch(void);

/* In the child after a fork, where whoever was doing that is missing. */
void zm_fault_in_child(void);

#endif /* ZMALLOC_GUARD_FAULT_H_ */
