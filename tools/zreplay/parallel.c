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
#include "tools/zreplay/gate.h"
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
    size_t end; /* it ends at this event, before that runs; NO_EVENT: it lives to the end */
    struct gate may_end;
    pthread_t thread;
};

struct replay {
    const struct ops *ops;
    const struct plan *plan;
    enum touch touch;
    size_t skew;
    struct result *result;
    struct slot *slot;          /* by object */
    struct worker *worker;      /* by thread */
    pthread_mutex_t changes;    /* held while threads are started and ended */
    _Atomic size_t next_change; /* the event at which the next one starts or ends */
    struct worker **live;       /* threads that were started and not ended, but the first */
    _Atomic uint32_t lives;     /* how many */
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
    const long live = (long)atomic_load(&replay->lives);
    const struct timespec shortly = {.tv_nsec = 20000 + 2500 * live};
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

static void *work(void *worker);

/* The live thread that ends first; NULL when all live to the end. */
static struct worker **first_to_end(const struct replay *replay) {
    struct worker **first = NULL;
    for (uint32_t i = 0; i < atomic_load(&replay->lives); i++) {
        struct worker **one = &replay->live[i];
        if ((*one)->end != NO_EVENT && (!first || (*one)->end < (*first)->end)) first = one;
    }
    return first;
}

/* Lets a live thread end, and waits for that: it runs its last events, if it has some left. */
static void end_thread(struct replay *replay, struct worker **place) {
    struct worker *worker = *place;
    gate_open(&worker->may_end);
    pthread_join(worker->thread, NULL);
    *place = replay->live[atomic_fetch_sub(&replay->lives, 1) - 1];
}

static void start_thread(struct replay *replay) {
    const uint32_t number = atomic_load(&replay->started);
    struct worker *worker = &replay->worker[number];
    if (pthread_create(&worker->thread, NULL, work, worker) != 0) {
        atomic_store(&replay->failed, true);
        return;
    }
    replay->live[atomic_fetch_add(&replay->lives, 1)] = worker;
    atomic_store(&replay->started, number + 1);
}

/* Starts or ends the next thread, if that comes not after this event; false when none does. */
static bool change_threads(struct replay *replay, size_t event) {
    struct worker **ends = first_to_end(replay);
    const size_t end = ends ? (*ends)->end : NO_EVENT;
    const size_t start = first_event(replay->plan, atomic_load(&replay->started));
    const size_t next = start < end ? start : end;
    atomic_store(&replay->next_change, next);
    if (next == NO_EVENT || next > event || atomic_load(&replay->failed)) return false;
    if (end <= start) {
        end_thread(replay, ends);
    } else {
        start_thread(replay);
    }
    return true;
}

/* Starts and ends threads up to this event, in the order of the recording.  Who waits here for the
 * last events of another thread has run all that come before those; and nobody waits for who waits
 * here: others go on, and come back if they need a thread. */
static void follow_threads(struct replay *replay, size_t event) {
    if (event < atomic_load(&replay->next_change)) return;
    if (pthread_mutex_trylock(&replay->changes) != 0) return;
    while (change_threads(replay, event)) continue;
    pthread_mutex_unlock(&replay->changes);
}

/* Waits until the earlier events of the event's block have run.  False when they never will.  Their
 * thread may not have started, as another one was starting threads when it was due. */
static bool wait_for_block(struct replay *replay, struct slot *slot, size_t event) {
    const uint32_t turn = replay->plan->turn[event];
    for (unsigned tries = 0; atomic_load_explicit(&slot->done, memory_order_acquire) != turn;
         tries++) {
        if (atomic_load(&replay->failed)) return false;
        follow_threads(replay, event);
        wait_briefly(replay, tries);
    }
    return true;
}

static void run_event(struct replay *replay, size_t event) {
    const struct op *op = &replay->ops->op[event];
    struct slot *slot = &replay->slot[op->object];
    if (!wait_for_block(replay, slot, event)) return;
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

/* Waits until no thread is too far behind.  One thread at a time looks which that is, and starts it
 * if it has not started. */
static void wait_for_others(struct replay *replay, size_t event) {
    size_t slowest = atomic_load_explicit(&replay->slowest, memory_order_relaxed);
    for (unsigned tries = 0; event > slowest && event - slowest >= replay->skew; tries++) {
        if (atomic_load(&replay->failed)) return;
        wait_briefly(replay, tries);
        if (!atomic_exchange(&replay->looking, true)) {
            slowest = find_slowest(replay);
            if (slowest < event) follow_threads(replay, slowest);
            atomic_store(&replay->looking, false);
        } else {
            slowest = atomic_load(&replay->slowest);
        }
    }
}

/* At which event a thread ends; that flushes its cache.  Where the trace does not tell, a thread
 * that made calls for long, and until shortly before the end, is taken for a live one, and others
 * end after their last event. */
static size_t end_of(const struct replay *replay, uint32_t thread) {
    enum { LONG_MS = 1000 };
    const struct plan *plan = replay->plan;
    const struct op *op = replay->ops->op;
    const size_t first = plan->event[plan->first[thread]];
    const size_t last = plan->event[plan->first[thread + 1] - 1];
    if (replay->ops->tells_ends) {
        return replay->ops->ended[thread] ? replay->ops->ended[thread] : NO_EVENT;
    }
    const bool lives = op[last].ms > op[first].ms + LONG_MS &&
                       op[last].ms + LONG_MS > op[replay->ops->count - 1].ms;
    return lives ? NO_EVENT : last + 1;
}

static void *work(void *argument) {
    struct worker *worker = argument;
    struct replay *replay = worker->replay;
    const struct plan *plan = replay->plan;
    for (size_t i = plan->first[worker->number]; i < plan->first[worker->number + 1]; i++) {
        size_t event = plan->event[i];
        atomic_store_explicit(&worker->next, event, memory_order_release);
        wait_for_others(replay, event);
        follow_threads(replay, event);
        run_event(replay, event);
    }
    atomic_store_explicit(&worker->next, NO_EVENT, memory_order_release);
    if (worker->number != 0) gate_wait(&worker->may_end);
    return NULL;
}

/* Ends those live threads that ended in the program, or all. */
static void end_threads(struct replay *replay, bool all) {
    struct worker **ends;
    pthread_mutex_lock(&replay->changes);
    while ((ends = first_to_end(replay)) != NULL) end_thread(replay, ends);
    while (all && atomic_load(&replay->lives) != 0) end_thread(replay, &replay->live[0]);
    pthread_mutex_unlock(&replay->changes);
}

/* The caller is the first thread.  Once its events have run, it starts the threads that nobody
 * started, and waits for all.  It takes the figures of the end while threads live that lived then
 * in the program. */
static void work_and_wait(struct replay *replay) {
    atomic_store(&replay->started, 1);
    (void)work(&replay->worker[0]);
    wait_for_others(replay, NO_EVENT);
    if (!atomic_load(&replay->failed)) {
        end_threads(replay, false);
        figures_at_end(replay->result, replay->ops);
        figures_after_quiet(replay->result, replay->ops);
    }
    end_threads(replay, true);
}

/* The replay's own memory is resident from the start, so that RSS grows by blocks alone. */
static int prepare(struct replay *replay) {
    size_t objects = (size_t)replay->ops->objects + 1, threads = replay->plan->threads;
    replay->slot = zt_memory_alloc(objects * sizeof(*replay->slot));
    replay->worker = zt_memory_alloc(threads * sizeof(*replay->worker));
    replay->live = zt_memory_alloc(threads * sizeof(*replay->live));
    if (!replay->slot || !replay->worker || !replay->live) return -1;
    for (size_t i = 0; i < objects; i++) ((struct slot volatile *)replay->slot)[i].block = NULL;
    for (uint32_t t = 0; t < threads; t++) {
        replay->worker[t].replay = replay;
        replay->worker[t].number = t;
        replay->worker[t].end = end_of(replay, t);
        atomic_init(&replay->worker[t].next, first_event(replay->plan, t));
    }
    return 0;
}

static void free_all(struct replay *replay) {
    for (size_t i = 0; replay->slot && i < replay->ops->objects; i++) zfree(replay->slot[i].block);
    zt_memory_free(replay->slot);
    zt_memory_free(replay->worker);
    zt_memory_free(replay->live);
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
                            .changes = PTHREAD_MUTEX_INITIALIZER};
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
