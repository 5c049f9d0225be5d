/* A thread that gives memory back when the process runs short of it, before the kernel kills.
 *
 * It is there only if the program starts it.  docs/limits.md says what it does, in which order, and
 * what it can do under each allocator.
 */
#ifndef ZMALLOC_PRESSURE_H_
#define ZMALLOC_PRESSURE_H_

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/* A member that is 0 or NULL has the value in parentheses. */
typedef struct zmalloc_pressure {
    /* The thread calls it with `arg`, true and the resident memory in bytes when there is pressure,
     * before it does anything itself; and with false when there has been none for a second.  A
     * thread that is stopped under pressure does not call it with false.  It may call all of
     * zmalloc but the two functions below.  (nothing is called) */
    void (*callback)(void *arg_, bool pressure_, size_t rss_);
    void *arg;

    /* The bytes of resident memory that the process may have.  (zmalloc_get_memory_limit(), which
     * is read again every second: limits of cgroups may change; the value before stays while the
     * limit cannot be read, because the process has no file descriptor left or has changed its
     * root folder) */
    size_t memory;

    /* Resident memory above this share of it is pressure, in percent.  (90) */
    unsigned high_percent;

    /* Free memory of the allocator above this share of it is given back, pressure or not.  (10) */
    unsigned free_percent;

    /* How often the thread looks, in milliseconds.  (100) */
    unsigned interval_ms;
} zmalloc_pressure_t;

/* Starts the thread, which is named zm-pressure and blocks all signals.  `settings` is copied;
 * NULL: all members are 0.  There is pressure while resident memory is above `high_percent`, while
 * used memory is above the soft limit (zmalloc/limit.h), and when the kernel says that the
 * process's cgroup waits for memory (Linux's PSI, cgroup v2).
 *
 * The thread also keeps limits of zmalloc_limit_from_cgroup(), and those of ZMALLOC_LIMIT that are
 * shares, at their shares when the limits of the cgroups change.  It calls the callback of the soft
 * limit if that is crossed and no other thread has noticed.
 *
 * Under jemalloc it changes the decay of arenas that have the decay of new arenas, and leaves alone
 * those for which the program chose another one.
 *
 * The thread ends when the process exits.  exit() waits for it, but for two seconds at most: the
 * callback may wait for what the thread that exits holds.  It then runs until the process is gone,
 * so a callback should not use what is destroyed at exit.  A child of fork does not have the
 * thread, and may start its own.
 *
 * Any thread may call both functions, also at the same time, but those that call a callback of
 * limits or of pressure may not.  Returns 0, or -1 if it runs already, a percent is above 100, or
 * the thread cannot be started. */
int zmalloc_pressure_start(const zmalloc_pressure_t *settings_);

/* Ends the thread, and waits for it, and so for a callback that it calls.  What it changed in the
 * allocator is as before then.  Does nothing if there is no thread.  Do not call it from a callback
 * of limits or of pressure, or while the caller holds a lock that such a callback waits for: it
 * would wait for ever. */
void zmalloc_pressure_stop(void);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_PRESSURE_H_ */
