#include "tools/zreplay/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include "tools/trace/memory.h"
#include "tools/zreplay/background.h"
#include "tools/zreplay/figures.h"
#include "tools/zreplay/trace_clock.h"
#include "zmalloc/zmalloc.h"

/* ---- The plan ---------------------------------------------------------- */

/* Counts the events of each thread into first[thread + 1]. */
static void count_events(struct plan *plan, const struct ops *ops) {
    for (size_t i = 0; i < ops->count; i++) {
        if (ops->op[i].thread >= plan->threads) plan->threads = ops->op[i].thread + UINT32_C(1);
        plan->first[ops->op[i].thread + 1]++;
    }
    for (uint32_t t = 0; t < plan->threads; t++) plan->first[t + 1] += plan->first[t];
}

/* Puts the events where count_events() made room: each thread's room is filled from its begin. */
static int fill(struct plan *plan, const struct ops *ops) {
    size_t *at = zt_memory_alloc(plan->threads * sizeof(*at));
    uint32_t *turns = zt_memory_alloc(((size_t)ops->objects + 1) * sizeof(*turns));
    if (at && turns) {
        for (size_t i = 0; i < ops->count; i++) {
            const struct op *op = &ops->op[i];
            plan->event[plan->first[op->thread] + at[op->thread]++] = (uint32_t)i;
            plan->turn[i] = turns[op->object]++;
        }
    }
    bool filled = at && turns;
    zt_memory_free(at);
    zt_memory_free(turns);
    return filled ? 0 : -1;
}

int plan_make(struct plan *plan, const struct ops *ops) {
    *plan = (struct plan){.threads = 0};
    if (ops->count > UINT32_MAX) return -1;
    plan->first = zt_memory_alloc(((size_t)UINT16_MAX + 2) * sizeof(*plan->first));
    plan->event = zt_memory_alloc(ops->count * sizeof(*plan->event));
    plan->turn = zt_memory_alloc(ops->count * sizeof(*plan->turn));
    if (!plan->first || !plan->event || !plan->turn) return -1;
    count_events(plan, ops);
    return fill(plan, ops);
}

void plan_free(struct plan *plan) {
    zt_memory_free(plan->first);
    zt_memory_free(plan->event);
    zt_memory_free(plan->turn);
}

/* ---- The replay -------------------------------------------------------- */

struct slot {
    void *block;
    _Atomic uint32_t done; /* events of this block that have run */
};

/* The next event of a thread that has no more. */
#define NO_EVENT SIZE_MAX

struct worker {
    _Alignas(64) _Atomic size_t next; /* its next event */
    struct replay *replay;
    uint32_t number;
    pthread_t thread;
    struct worker *next_ended;
};

struct replay {
    const struct ops *ops;
    const struct plan *plan;
    enum touch touch;
    size_t skew;
    struct result *result;
    struct slot *slot;              /* by object */
    struct worker *worker;          /* by thread */
    pthread_mutex_t starts;         /* held while threads are started */
    pthread_mutex_t end;            /* held until the figures of the end are taken */
    _Atomic uint32_t staying;       /* threads that have no more events, and stay until then */
    _Atomic(struct worker *) ended; /* threads that have no more events, to be joined */
    _Atomic uint32_t joined;
    _Atomic uint32_t started;
    _Atomic size_t slowest; /* all events before this one have run */
    _Atomic bool looking;   /* a thread runs find_slowest() */
    _Atomic uint64_t failures;
    _Atomic bool failed; /* a thread could not be started */
};

static size_t first_event(const struct plan *plan, uint32_t thread) {
    return thread < plan->threads ? plan->event[plan->first[thread]] : NO_EVENT;
}

/* Waits the longer the more often it is called in a row; with many threads longer, as they take the
 * processor from those for whom they wait. */
static void wait_briefly(const struct replay *replay, unsigned tries) {
    uint32_t live = atomic_load(&replay->started) - atomic_load(&replay->joined);
    const struct timespec shortly = {.tv_nsec = 20000 + 2500 * (long)live};
    if (tries < 20) return;
    if (tries < 40) {
        sched_yield();
    } else {
        nanosleep(&shortly, NULL);
    }
}

/* Finds the thread that is furthest behind; threads that have not started count too. */
static size_t find_slowest(struct replay *replay) {
    uint32_t started = atomic_load(&replay->started);
    size_t slowest = first_event(replay->plan, started);
    for (uint32_t t = 0; t < started; t++) {
        size_t next = atomic_load_explicit(&replay->worker[t].next, memory_order_acquire);
        if (next < slowest) slowest = next;
    }
    atomic_store(&replay->slowest, slowest);
    return slowest;
}

/* Waits until the earlier events of the event's block have run.  False when they never will. */
static bool wait_for_block(struct replay *replay, struct slot *slot, uint32_t turn) {
    for (unsigned tries = 0; atomic_load_explicit(&slot->done, memory_order_acquire) != turn;
         tries++) {
        if (atomic_load(&replay->failed)) return false;
        wait_briefly(replay, tries);
    }
    return true;
}

static void run_event(struct replay *replay, size_t event) {
    const struct op *op = &replay->ops->op[event];
    struct slot *slot = &replay->slot[op->object];
    if (!wait_for_block(replay, slot, replay->plan->turn[event])) return;
    trace_clock_to(ops_clock(replay->ops, event));
    void *got = call_zmalloc(op, slot->block);
    if (got || op->op == ZT_FREE) {
        slot->block = got;
    } else {
        atomic_fetch_add(&replay->failures, 1); /* realloc left the block as it was */
    }
    if (got) touch_block(replay->touch, got, ops_touched(replay->ops, event));
    atomic_store_explicit(&slot->done, replay->plan->turn[event] + 1, memory_order_release);
    figures_after(replay->result, replay->ops, event);
}

static void *work(void *worker);

/* Joins the threads that have ended, so that their stacks do not pile up.  The caller holds
 * replay->starts. */
static void join_ended(struct replay *replay) {
    struct worker *worker = atomic_exchange(&replay->ended, NULL);
    for (; worker; worker = worker->next_ended) {
        pthread_join(worker->thread, NULL);
        atomic_fetch_add(&replay->joined, 1);
    }
}

static void tell_end(struct worker *worker) {
    struct worker **next = &worker->next_ended;
    *next = atomic_load(&worker->replay->ended);
    while (!atomic_compare_exchange_weak(&worker->replay->ended, next, worker)) continue;
}

/* Starts the threads whose first event is not after this one. */
static void start_threads(struct replay *replay, size_t event) {
    if (first_event(replay->plan, atomic_load(&replay->started)) > event) return;
    pthread_mutex_lock(&replay->starts);
    uint32_t next = atomic_load(&replay->started);
    join_ended(replay);
    while (first_event(replay->plan, next) <= event && !atomic_load(&replay->failed)) {
        struct worker *worker = &replay->worker[next];
        if (pthread_create(&worker->thread, NULL, work, worker) != 0) {
            atomic_store(&replay->failed, true);
        } else {
            atomic_store(&replay->started, ++next);
        }
    }
    pthread_mutex_unlock(&replay->starts);
}

/* Waits until no thread is too far behind.  One thread at a time looks which that is, and starts it
 * if it has not started. */
static void wait_for_others(struct replay *replay, size_t event) {
    size_t slowest = atomic_load_explicit(&replay->slowest, memory_order_relaxed);
    for (unsigned tries = 0; event > slowest && event - slowest >= replay->skew; tries++) {
        if (atomic_load(&replay->failed)) return;
        wait_briefly(replay, tries);
        if (!atomic_exchange(&replay->looking, true)) {
            slowest = find_slowest(replay);
            if (slowest < event) start_threads(replay, slowest);
            atomic_store(&replay->looking, false);
        } else {
            slowest = atomic_load(&replay->slowest);
        }
    }
}

/* Whether a thread lives to the end; the end of a thread flushes its cache.  Where the trace does
 * not tell, one that made calls for long, and until shortly before the end, is taken for a live
 * one. */
static bool stays(const struct replay *replay, uint32_t thread) {
    enum { LONG_MS = 1000 };
    const struct plan *plan = replay->plan;
    const struct op *op = replay->ops->op;
    if (replay->ops->tells_ends) return !replay->ops->ended[thread];
    uint64_t first = op[plan->event[plan->first[thread]]].ms;
    uint64_t last = op[plan->event[plan->first[thread + 1] - 1]].ms;
    return last > first + LONG_MS && last + LONG_MS > op[replay->ops->count - 1].ms;
}

/* The events of a thread have run. */
static void finish(struct worker *worker) {
    struct replay *replay = worker->replay;
    bool stay = worker->number != 0 && stays(replay, worker->number);
    if (stay) atomic_fetch_add(&replay->staying, 1);
    atomic_store_explicit(&worker->next, NO_EVENT, memory_order_release);
    if (stay) {
        pthread_mutex_lock(&replay->end);
        pthread_mutex_unlock(&replay->end);
    }
    if (worker->number != 0) tell_end(worker);
}

static void *work(void *argument) {
    struct worker *worker = argument;
    struct replay *replay = worker->replay;
    const struct plan *plan = replay->plan;
    for (size_t i = plan->first[worker->number]; i < plan->first[worker->number + 1]; i++) {
        size_t event = plan->event[i];
        atomic_store_explicit(&worker->next, event, memory_order_release);
        wait_for_others(replay, event);
        start_threads(replay, event);
        run_event(replay, event);
    }
    finish(worker);
    return NULL;
}

/* Waits until no more than so many threads are left beside the caller. */
static void join_all_but(struct replay *replay, uint32_t left) {
    for (unsigned tries = 0;
         atomic_load(&replay->joined) + left + 1 < atomic_load(&replay->started); tries++) {
        pthread_mutex_lock(&replay->starts);
        join_ended(replay);
        pthread_mutex_unlock(&replay->starts);
        wait_briefly(replay, tries);
    }
}

/* The caller is the first thread.  Once its events have run, it starts the threads that nobody
 * started, and waits for all.  It takes the figures of the end while threads live that lived then
 * in the program. */
static void work_and_wait(struct replay *replay) {
    pthread_mutex_lock(&replay->end);
    atomic_store(&replay->started, 1);
    (void)work(&replay->worker[0]);
    wait_for_others(replay, NO_EVENT);
    if (!atomic_load(&replay->failed)) {
        join_all_but(replay, atomic_load(&replay->staying));
        figures_at_end(replay->result, replay->ops);
        figures_after_quiet(replay->result, replay->ops);
    }
    pthread_mutex_unlock(&replay->end);
    join_all_but(replay, 0);
}

/* The replay's own memory is resident from the start, so that RSS grows by blocks alone. */
static int prepare(struct replay *replay) {
    size_t objects = (size_t)replay->ops->objects + 1, threads = replay->plan->threads;
    replay->slot = zt_memory_alloc(objects * sizeof(*replay->slot));
    replay->worker = zt_memory_alloc(threads * sizeof(*replay->worker));
    if (!replay->slot || !replay->worker) return -1;
    for (size_t i = 0; i < objects; i++) ((struct slot volatile *)replay->slot)[i].block = NULL;
    for (uint32_t t = 0; t < threads; t++) {
        replay->worker[t].replay = replay;
        replay->worker[t].number = t;
        atomic_init(&replay->worker[t].next, first_event(replay->plan, t));
    }
    return 0;
}

static void free_all(struct replay *replay) {
    for (size_t i = 0; replay->slot && i < replay->ops->objects; i++) zfree(replay->slot[i].block);
    zt_memory_free(replay->slot);
    zt_memory_free(replay->worker);
}

uint64_t plan_size(const struct ops *ops) {
    const struct plan *plan = NULL;
    return ops->count * (sizeof(*plan->event) + sizeof(*plan->turn)) +
           ops->objects * sizeof(struct slot);
}

int replay_parallel(const struct ops *ops, const struct plan *plan, enum touch touch, size_t skew,
                    struct result *result) {
    struct replay replay = {.ops = ops,
                            .plan = plan,
                            .touch = touch,
                            .skew = skew,
                            .result = result,
                            .starts = PTHREAD_MUTEX_INITIALIZER,
                            .end = PTHREAD_MUTEX_INITIALIZER};
    int status = prepare(&replay);
    if (status == 0) {
        size_t used = zmalloc_used_memory();
        result->rss_baseline = resident_now();
        figures_at_start(result, ops);
        trace_clock_begin();
        background_begin(ops, &result->background);
        work_and_wait(&replay);
        if (atomic_load(&replay.failed)) status = -1;
        result->failures = atomic_load(&replay.failures);
        free_all(&replay);
        result->used_leaked = zmalloc_used_memory() - used;
    }
    return status;
}
