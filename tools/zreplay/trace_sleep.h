/* Threads of an allocator, such as jemalloc's background thread, that sleep by the clock of the
 * trace.  This program has its own pthread_cond_wait() and its like, for Linux: while the clock
 * runs, who waits sleeps until it is signalled, or until the clock is moved there. */
#ifndef TOOLS_ZREPLAY_TRACE_SLEEP_H_
#define TOOLS_ZREPLAY_TRACE_SLEEP_H_

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* The process has one thread: who slept before is forgotten. */
void trace_sleep_begin(void);

/* Whether any thread has slept since. */
bool trace_sleep_any(void);

/* Waits until all who were woken or signalled sleep again.  Returns when the first of them wants to
 * wake, in ms of the clock; UINT32_MAX: none. */
uint32_t trace_sleep_next(void);

/* Wakes those who want to wake by now. */
void trace_sleep_wake(uint32_t now);

/* Of trace_clock_linux.c: whether the clock runs, and what it shows at a time of gettimeofday(). */
bool trace_clock_runs(void);
uint32_t trace_clock_until(const struct timespec *until);

#endif /* TOOLS_ZREPLAY_TRACE_SLEEP_H_ */
