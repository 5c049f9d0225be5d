/* A clock for single calls of an allocator.  Reading it takes a few ns, which are measured. */
#ifndef TOOLS_ZREPLAY_CLOCK_H_
#define TOOLS_ZREPLAY_CLOCK_H_

#include <stdint.h>

#include "tools/zreplay/trace_clock.h"

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

/* Ticks of unknown length; no instruction before or after it moves past it. */
static inline uint64_t clock_ticks(void) {
#if defined(__x86_64__)
    _mm_lfence();
    uint64_t ticks = __rdtsc();
    _mm_lfence();
    return ticks;
#elif defined(__aarch64__)
    uint64_t ticks;
    __asm__ volatile("isb\n\tmrs %0, cntvct_el0\n\tisb" : "=r"(ticks) : : "memory");
    return ticks;
#else
    return clock_ns();
#endif
}

#endif /* TOOLS_ZREPLAY_CLOCK_H_ */
