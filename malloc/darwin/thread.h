/* Which allocator serves a thread.
 *
 * On macOS the first access of a thread to a `__thread` variable of a library allocates the
 * library's thread-local memory, by malloc; and that memory is freed before the destructors of most
 * keys run, so that a later access allocates it again.  Our counting has such variables, so malloc
 * would call itself without end.  Therefore a thread gets its blocks from the system
 *  - until that memory is there,
 *  - from the moment on when it is about to be freed,
 *  - and during a fork, while the allocator's locks are held: macOS's own code allocates in a child
 *    before the child's fork handlers have unlocked them. */
#ifndef MALLOC_DARWIN_THREAD_H_
#define MALLOC_DARWIN_THREAD_H_

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

enum zm_served {
    ZM_BY_SYSTEM,
    ZM_BY_US,
    ZM_FORKING, /* by the system; and the allocator must not be called */
};

/* Who serves the calling thread.  A thread that is new gets its thread-local memory first. */
enum zm_served zm_thread_served(void);

/* Until zm_threads_start() has returned, all threads are served by the system, and no block is
 * ours. It calls `start_allocator`, during which that holds as well.  Call it once, in the first
 * thread. */
void zm_threads_start(void (*start_allocator)(void));
bool zm_threads_started(void);

/* The calling thread ends.  Called a second time, it changes nothing. */
void zm_thread_end(void *unused);

/* Fork handlers, which enclose those of the allocator: register them after those. */
void zm_thread_before_fork(void);
void zm_thread_after_fork(void);

#ifdef __cplusplus
}
#endif

#endif /* MALLOC_DARWIN_THREAD_H_ */
