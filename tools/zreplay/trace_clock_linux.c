/* Allocators read the time by clock_gettime().  This program has a clock_gettime() of its own,
 * which takes the place of the C library's. */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tools/zreplay/trace_clock.h"

#define NS_PER_S UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

_Atomic uint32_t trace_clock_ms;

/* The real time of the beginning, in ns; 0: it has not begun. */
static _Atomic uint64_t began;

static int real_time(clockid_t clock, struct timespec *now) {
    return (int)syscall(SYS_clock_gettime, clock, now);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    uint64_t ns = atomic_load_explicit(&began, memory_order_acquire);
    if (!ns || (clock != CLOCK_MONOTONIC && clock != CLOCK_MONOTONIC_COARSE)) {
        return real_time(clock, now);
    }
    ns += atomic_load_explicit(&trace_clock_ms, memory_order_acquire) * NS_PER_MS;
    now->tv_sec = (time_t)(ns / NS_PER_S);
    now->tv_nsec = (long)(ns % NS_PER_S);
    return 0;
}

bool trace_clock_works(void) { return true; }

uint64_t clock_ns(void) {
    struct timespec now = {0};
    (void)real_time(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

void trace_clock_begin(void) { atomic_store(&began, clock_ns()); }

void trace_clock_move(uint32_t ms) {
    uint32_t shown = atomic_load(&trace_clock_ms);
    while (shown < ms && !atomic_compare_exchange_weak(&trace_clock_ms, &shown, ms)) continue;
}
