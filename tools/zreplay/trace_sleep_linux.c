/* Condition variables.  Who waits may wake without a reason, as POSIX allows; so threads that wait
 * for different ones may share an entry where there are very many. */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tools/zreplay/trace_clock.h"
#include "tools/zreplay/trace_sleep.h"

enum { MOST = 1024 };

struct sleeper {
    _Atomic(const pthread_cond_t *) cond;
    _Atomic uint32_t signals;  /* the futex */
    _Atomic uint32_t seen;     /* of them, when its thread went to sleep */
    _Atomic uint32_t until_ms; /* UINT32_MAX: until it is signalled */
    _Atomic bool asleep;
    bool gone; /* it did not sleep again: nobody waits for that any more */
};

static struct sleeper sleeper[MOST];
static _Atomic uint32_t sleepers; /* entries in use */
static pthread_mutex_t adds = PTHREAD_MUTEX_INITIALIZER;

/* ---- Who waits, and who signals ------------------------------------------ */

static struct sleeper *find(const pthread_cond_t *cond) {
    const uint32_t count = atomic_load_explicit(&sleepers, memory_order_acquire);
    for (uint32_t i = 0; i < count; i++) {
        if (atomic_load(&sleeper[i].cond) == cond) return &sleeper[i];
    }
    return count < MOST ? NULL : &sleeper[(uintptr_t)cond / sizeof(*cond) % MOST];
}

static struct sleeper *find_or_add(const pthread_cond_t *cond) {
    pthread_mutex_lock(&adds);
    struct sleeper *found = find(cond);
    if (!found) {
        found = &sleeper[atomic_load(&sleepers)];
        *found = (struct sleeper){.cond = cond};
        atomic_fetch_add_explicit(&sleepers, 1, memory_order_release);
    }
    pthread_mutex_unlock(&adds);
    return found;
}

/* When a thread that waits until a time wants to wake: later than the clock shows, so that time
 * passes. */
static uint32_t wakes_at(const struct timespec *until) {
    if (!until || !trace_clock_runs()) return UINT32_MAX;
    const uint32_t ms = trace_clock_until(until), now = atomic_load(&trace_clock_ms);
    return ms > now ? ms : now + 1;
}

/* Until a signal, or while the clock does not run until a real time; 0 or ETIMEDOUT. */
static int sleep_now(struct sleeper *one, pthread_mutex_t *mutex, const struct timespec *until) {
    const int wait = FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME;
    const struct timespec *real = trace_clock_runs() ? NULL : until;
    const uint32_t seen = atomic_load(&one->signals);
    bool late = false;
    atomic_store(&one->until_ms, wakes_at(until));
    atomic_store(&one->seen, seen);
    atomic_store(&one->asleep, true);
    pthread_mutex_unlock(mutex);
    while (!late && atomic_load(&one->signals) == seen) {
        late = syscall(SYS_futex, &one->signals, wait, seen, real, NULL, FUTEX_BITSET_MATCH_ANY) !=
                   0 &&
               errno == ETIMEDOUT;
    }
    atomic_store(&one->asleep, false);
    pthread_mutex_lock(mutex);
    return late ? ETIMEDOUT : 0;
}

int pthread_cond_timedwait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict until) {
    return sleep_now(find_or_add(cond), mutex, until);
}

int pthread_cond_wait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex) {
    return sleep_now(find_or_add(cond), mutex, NULL);
}

static void wake(struct sleeper *one) {
    atomic_fetch_add(&one->signals, 1);
    syscall(SYS_futex, &one->signals, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

int pthread_cond_broadcast(pthread_cond_t *cond) {
    struct sleeper *one = find(cond);
    if (one) wake(one);
    return 0;
}

int pthread_cond_signal(pthread_cond_t *cond) { return pthread_cond_broadcast(cond); }

/* ---- The clock ------------------------------------------------------------ */

void trace_sleep_begin(void) { atomic_store(&sleepers, 0); }

bool trace_sleep_any(void) { return atomic_load(&sleepers) != 0; }

static bool sleeps(const struct sleeper *one) {
    return atomic_load(&one->asleep) && atomic_load(&one->seen) == atomic_load(&one->signals);
}

/* Waits until it sleeps, unless its thread seems to have ended. */
static void settle(struct sleeper *one) {
    const uint64_t most_ns = 2000000000;
    const uint64_t start = sleeps(one) ? 0 : clock_ns();
    while (!sleeps(one) && !one->gone) {
        sched_yield();
        one->gone = clock_ns() - start > most_ns;
    }
}

uint32_t trace_sleep_next(void) {
    const uint32_t count = atomic_load_explicit(&sleepers, memory_order_acquire);
    uint32_t next = UINT32_MAX;
    for (uint32_t i = 0; i < count; i++) {
        settle(&sleeper[i]);
        const uint32_t wakes = atomic_load(&sleeper[i].until_ms);
        if (!sleeper[i].gone && wakes < next) next = wakes;
    }
    return next;
}

void trace_sleep_wake(uint32_t now) {
    const uint32_t count = atomic_load_explicit(&sleepers, memory_order_acquire);
    for (uint32_t i = 0; i < count; i++) {
        if (!sleeper[i].gone && atomic_load(&sleeper[i].until_ms) <= now) wake(&sleeper[i]);
    }
}
