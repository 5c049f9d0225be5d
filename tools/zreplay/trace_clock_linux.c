/* Allocators read the time by clock_gettime() and gettimeofday().  This program has its own, which
 * take the place of the C library's. */
#include <pthread.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "tools/zreplay/trace_clock.h"
#include "tools/zreplay/trace_sleep.h"

#define NS_PER_S UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

#define NEVER UINT32_MAX

_Atomic uint32_t trace_clock_ms;

/* The real times of the beginning, in ns; 0: it has not begun. */
static _Atomic uint64_t began, began_real;

/* Who moves the clock holds it. */
static pthread_mutex_t moves = PTHREAD_MUTEX_INITIALIZER;

/* What trace_clock_at() was told. */
static _Atomic uint32_t act_ms = NEVER;
static void (*act)(void);

static int real_time(clockid_t clock, struct timespec *now) {
    return (int)syscall(SYS_clock_gettime, clock, now);
}

static uint64_t real_ns(clockid_t clock) {
    struct timespec now = {0};
    (void)real_time(clock, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static uint64_t shown(uint64_t since) {
    return since + atomic_load_explicit(&trace_clock_ms, memory_order_acquire) * NS_PER_MS;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    uint64_t ns = atomic_load_explicit(&began, memory_order_acquire);
    if (!ns || (clock != CLOCK_MONOTONIC && clock != CLOCK_MONOTONIC_COARSE)) {
        return real_time(clock, now);
    }
    ns = shown(ns);
    now->tv_sec = (time_t)(ns / NS_PER_S);
    now->tv_nsec = (long)(ns % NS_PER_S);
    return 0;
}

/* By it an allocator's thread tells until when it sleeps. */
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    uint64_t ns = atomic_load_explicit(&began_real, memory_order_acquire);
    (void)zone;
    ns = ns ? shown(ns) : real_ns(CLOCK_REALTIME);
    now->tv_sec = (time_t)(ns / NS_PER_S);
    now->tv_usec = (suseconds_t)(ns % NS_PER_S / 1000);
    return 0;
}

bool trace_clock_works(void) { return true; }

uint64_t clock_ns(void) { return real_ns(CLOCK_MONOTONIC); }

void trace_clock_begin(void) {
    trace_sleep_begin();
    atomic_store(&began, clock_ns());
    atomic_store(&began_real, real_ns(CLOCK_REALTIME));
}

uint32_t trace_clock_until(const struct timespec *until) {
    const uint64_t ns = (uint64_t)until->tv_sec * NS_PER_S + (uint64_t)until->tv_nsec;
    const uint64_t begin = atomic_load(&began_real);
    const uint64_t ms = ns > begin ? (ns - begin + NS_PER_MS - 1) / NS_PER_MS : 0;
    return ms < NEVER ? (uint32_t)ms : NEVER;
}

bool trace_clock_runs(void) { return atomic_load(&began_real) != 0; }

static void show(uint32_t ms) {
    if (ms > atomic_load(&trace_clock_ms)) atomic_store(&trace_clock_ms, ms);
}

/* Does what is due first, up to a time; false when nothing is. */
static bool do_next(uint32_t ms) {
    const uint32_t wakes = trace_sleep_next();
    if (act_ms <= ms && act_ms <= wakes) {
        show(act_ms);
        act_ms = NEVER;
        act();
        return true;
    }
    if (wakes > ms) return false;
    show(wakes);
    trace_sleep_wake(wakes);
    return true;
}

void trace_clock_move(uint32_t ms) {
    pthread_mutex_lock(&moves);
    while (do_next(ms)) continue;
    show(ms);
    pthread_mutex_unlock(&moves);
}

void trace_clock_at(uint32_t ms, void (*function)(void)) {
    pthread_mutex_lock(&moves);
    act = function;
    act_ms = ms;
    while (do_next(atomic_load(&trace_clock_ms))) continue;
    pthread_mutex_unlock(&moves);
}

bool trace_clock_has_sleepers(void) { return trace_sleep_any(); }

bool trace_clock_acts(void) { return trace_sleep_any() || atomic_load(&act_ms) != NEVER; }
