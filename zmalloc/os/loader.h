/* Calls that may hold the dynamic loader's lock: a child of fork that inherits the held lock waits
 * for it for ever.  So a thread that forks waits, a tenth of a second at most, until no other
 * thread is in such a call, and none begins meanwhile.  It does not wait for itself: a signal
 * handler that interrupted such a call may fork, and fork handlers may make such calls. */
#ifndef ZMALLOC_OS_LOADER_H_
#define ZMALLOC_OS_LOADER_H_

#include <stdbool.h>

/* Lets forks wait from now on; the first call may allocate.  False: there is no memory. */
bool zm_loader_handle_fork(void);

/* Around such a call.  False: another thread forks now; do not call. */
bool zm_loader_enter(void);
void zm_loader_leave(void);

/* Waits until zm_loader_enter() may succeed. */
void zm_loader_enter_when_possible(void);

#endif /* ZMALLOC_OS_LOADER_H_ */
