/* A thread that gives memory back when the process runs short of it, before the kernel kills the
 * process.
 *
 * The thread exists only if the program starts it.  docs/limits.md says what it does, in which
 * order, and what it can do under each allocator.
 */
#ifndef ZMALLOC_PRESSURE_H_
#define ZMALLOC_PRESSURE_H_

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/* A member that is 0 or NULL means the default in parentheses. */
typedef struct zmalloc_pressure {
    /* When pressure begins, the thread calls this function with `arg`, true and the resident memory
     * in bytes, before it does anything else.  When there has been no pressure for a second, the
     * thread calls it with false; but not if the thread is stopped under pressure.  The callback
     * may call every function of zmalloc except the two below.  (NULL: nothing is called) */
    void (*callback)(void *arg_, bool pressure_, size_t rss_);
    void *arg;

    /* The bytes of resident memory that the process may have.  (zmalloc_get_memory_limit().  The
     * thread reads it again every second, because limits of cgroups may change.  While it cannot
     * read the limit, because the process has no file descriptor left or has changed its root
     * folder, it keeps the last value) */
    size_t memory;

    /* There is pressure while resident memory is above this share of `memory`, in percent.  (90) */
    unsigned high_percent;

    /* The thread gives the allocator's free memory back when it is above this share of `memory`, in
     * percent, also without pressure.  (10) */
    unsigned free_percent;

    /* How often the thread looks, in milliseconds.  (100) */
    unsigned interval_ms;
} zmalloc_pressure_t;

/* Starts the thread, which is named zm-pressure and blocks all signals.  It copies `settings`; NULL
 * means that all members are 0.  There is pressure while resident memory is above `high_percent`,
 * while used memory is above the soft limit (zmalloc/limit.h), and when the kernel says that the
 * process's cgroup waits for memory (Linux's PSI, cgroup v2).
 *
 * When the limits of the cgroups change, the thread also adjusts the limits that are shares of
 * them: those of zmalloc_limit_from_cgroup(), and of a ZMALLOC_LIMIT that is a share.  When used
 * memory has crossed the soft limit and no other thread has noticed, the thread calls that limit's
 * callback.
 *
 * Under jemalloc the thread changes the decay of the arenas that have the decay of new arenas.  It
 * leaves an arena alone if the program chose another decay for it.
 *
 * The thread ends when the process exits.  exit() waits for it, for two seconds at most, because
 * the callback may wait for a lock that the exiting thread holds.  After that the thread may run
 * until the process is gone, so the callback should not use objects that are destroyed at exit.  A
 * child of fork does not have the thread, and may start its own.
 *
 * Any thread may call both functions, also at the same time, but not from a callback of limits or
 * of pressure.  Returns 0, or -1 if the thread runs already, a percent is above 100, or the thread
 * cannot be started. */
int zmalloc_pressure_start(const zmalloc_pressure_t *settings_);

/* Ends the thread, and waits until the thread, and a callback that it calls, have returned.  The
 * thread's changes of the allocator's settings are undone then.  Does nothing if there is no
 * thread.  Do not call this function from a callback of limits or of pressure, or while the caller
 * holds a lock for which such a callback waits: it would wait for ever. */
void zmalloc_pressure_stop(void);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_PRESSURE_H_ */
