/* How long single calls took, by kind of call. */
#ifndef TOOLS_ZREPLAY_LATENCY_H_
#define TOOLS_ZREPLAY_LATENCY_H_

#include <stdint.h>

#include "tools/trace/trace.h"

/* The parts of the calls that are not slower: 50, 90, 99 and 99.9 of 100. */
#define PERCENTILES 4

/* A histogram of ticks.  Up to LATENCY_STEPS each number has a row; above, a row is 1 in
 * LATENCY_STEPS of the power of two below it, or 3 %. */
enum { LATENCY_LOG2 = 5, LATENCY_STEPS = 1 << LATENCY_LOG2 };
enum { LATENCY_ROWS = (64 - LATENCY_LOG2 + 1) * LATENCY_STEPS };

struct latency {
    uint32_t calls[ZT_OPS][LATENCY_ROWS];
};

/* The row of so many ticks. */
static inline unsigned latency_row(uint64_t ticks) {
    if (ticks < LATENCY_STEPS) return (unsigned)ticks;
    unsigned log2 = 63 - (unsigned)__builtin_clzll(ticks);
    unsigned shift = log2 - LATENCY_LOG2;
    return (shift + 1) * LATENCY_STEPS + (unsigned)(ticks >> shift & (LATENCY_STEPS - 1));
}

/* Counts one call. */
static inline void latency_add(struct latency *latency, unsigned op, uint64_t ticks) {
    latency->calls[op][latency_row(ticks)]++;
}

/* No calls so far; all of it is resident, so that counting takes no memory. */
void latency_begin(struct latency *latency);

/* The ticks that the percentiles of a kind of call took; negative where too few calls are slower
 * for it to mean anything. */
void latency_percentiles(const struct latency *latency, unsigned op, double ticks[PERCENTILES]);

#endif /* TOOLS_ZREPLAY_LATENCY_H_ */
