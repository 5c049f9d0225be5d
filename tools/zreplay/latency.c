#include "tools/zreplay/latency.h"

#include <stddef.h>

/* A percentile rests on so many slower calls at least. */
#define SLOWER 10

void latency_begin(struct latency *latency) {
    for (int op = 0; op < ZT_OPS; op++) {
        for (size_t row = 0; row < LATENCY_ROWS; row++) {
            *(volatile uint32_t *)&latency->calls[op][row] = 0;
        }
    }
}

/* The middle of a row. */
static double ticks_of(unsigned row) {
    if (row < LATENCY_STEPS) return row;
    unsigned shift = row / LATENCY_STEPS - 1;
    double step = (double)(UINT64_C(1) << shift);
    return step * (LATENCY_STEPS + row % LATENCY_STEPS) + (step - 1) / 2;
}

void latency_percentiles(const struct latency *latency, unsigned op, double ticks[PERCENTILES]) {
    static const double parts[PERCENTILES] = {0.5, 0.9, 0.99, 0.999};
    const uint32_t *calls = latency->calls[op];
    double all = 0, seen = 0;
    unsigned row = 0;
    for (unsigned i = 0; i < LATENCY_ROWS; i++) all += calls[i];
    for (int p = 0; p < PERCENTILES; p++) {
        ticks[p] = -1;
        if (all * (1 - parts[p]) < SLOWER) continue;
        while (seen + calls[row] < all * parts[p]) seen += calls[row++];
        ticks[p] = ticks_of(row);
    }
}
