/* The clock that allocators read during a replay shows the time of the trace: an allocator that
 * gives memory back after a time does so at the events at which it did in the program, however
 * fast the replay runs.  Threads of the allocator sleep by it as well. */
#ifndef TOOLS_ZREPLAY_TRACE_CLOCK_H_
#define TOOLS_ZREPLAY_TRACE_CLOCK_H_

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Whether allocators can be given a clock on this system. */
bool trace_clock_works(void);

/* From now on allocators see time stand still, until trace_clock_to() moves it.  Lasts until the
 * process ends. */
void trace_clock_begin(void);

/* Calls `act` once, when the clock comes to so many ms; at once, if it is there.  One such call may
 * wait at a time. */
void trace_clock_at(uint32_t ms, void (*act)(void));

/* Whether threads have slept by the clock. */
bool trace_clock_has_sleepers(void);

/* Whether something may happen while the clock moves and nobody makes a call. */
bool trace_clock_acts(void);

/* Parts of trace_clock_to(): the time that the clock shows, in ms, and how to move it on. */
extern _Atomic uint32_t trace_clock_ms;
void trace_clock_move(uint32_t ms);

/* Moves the clock to so many ms after trace_clock_begin(); an earlier time than it shows changes
 * nothing.  Threads that sleep by the clock, and would have woken on the way, do their work first,
 * each at its time.  Any thread may call it at any time, outside of the allocator. */
static inline void trace_clock_to(uint32_t ms) {
    if (ms > atomic_load_explicit(&trace_clock_ms, memory_order_relaxed)) trace_clock_move(ms);
}

/* The real time in ns, from an unknown moment on. */
uint64_t clock_ns(void);

#endif /* TOOLS_ZREPLAY_TRACE_CLOCK_H_ */
