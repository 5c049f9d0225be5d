/* Calls that may hold the dynamic loader's lock: a child of fork that inherits the held lock waits
 * for it for ever.  So a thread that forks waits, a tenth of a second at most, until no other
 * thread is in such a call, and none begins meanwhile.  It does not wait for itself: a signal
 * handler that interrupted such a call may fork, and fork handlers may make such calls. */
#ifndef ZMALLOC_OS_LOADER_H_
#define ZMALLOC_OS_LOADER_H_

#include <stdbool.h>

/* Lets forks wait from now on; false: there is no memory.  Call it as early as possible: fork
 * handlers that are registered later run while others may still begin such calls, so they may wait
 * for those threads. */
bool zm_loader_handle_fork(void);

/* Around such a call.  False: another thread forks now; do not call. */
bool zm_loader_enter(void);
void zm_loader_leave(void);

/* In a child of fork: a thread of the parent may have been in such a call of its own, or in
 * dlopen(). */
bool zm_loader_may_stay_locked(void);

/* Waits until zm_loader_enter() succeeds, a tenth of a second at most: the thread that forks may
 * wait for a lock that this one holds, and threads may fork all the time.  Only after such a wait
 * may a child inherit the loader's lock. */
void zm_loader_enter_when_possible(void);

#endif /* ZMALLOC_OS_LOADER_H_ */
