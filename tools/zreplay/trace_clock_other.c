/* Where a program's clock_gettime() does not take the place of the C library's, or allocators do
 * not call it. */
#include <time.h>

#include "tools/zreplay/trace_clock.h"

_Atomic uint32_t trace_clock_ms;

bool trace_clock_works(void) { return false; }

uint64_t clock_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void trace_clock_begin(void) {}

void trace_clock_at(uint32_t ms, void (*act)(void)) {
    (void)ms;
    (void)act;
}

bool trace_clock_has_sleepers(void) { return false; }

bool trace_clock_acts(void) { return false; }

void trace_clock_move(uint32_t ms) { (void)ms; }
