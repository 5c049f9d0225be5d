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
     * before it does anything itself; and with false when there has been none for a second.  It may
     * call all of zmalloc but the two functions below.  (nothing is called) */
    void (*callback)(void *arg_, bool pressure_, size_t rss_);
    void *arg;

    /* The bytes of resident memory that the process may have.  (zmalloc_get_memory_limit(), which
     * is read again every second: limits of cgroups may change) */
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
 * shares, at their shares when the limits of the cgroups change.
 *
 * The thread ends when the process exits.  A child of fork does not have it, and may start its own.
 * Returns 0, or -1 if it runs already, a percent is above 100, or the thread cannot be started. */
int zmalloc_pressure_start(const zmalloc_pressure_t *settings_);

/* Ends the thread, and waits for it.  What it changed in the allocator is as before then.  Does
 * nothing if there is no thread.  The program must not start it at the same time. */
void zmalloc_pressure_stop(void);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_PRESSURE_H_ */
