#include "zmalloc/guard/budget.h"

#include "zmalloc/os/os.h"

/* A pause is this many times as long as the turn before it. */
enum { TIMES = 400 };

static uint64_t load(const uint64_t *moment) { return __atomic_load_n(moment, __ATOMIC_RELAXED); }

static void store(uint64_t *moment, uint64_t value) {
    __atomic_store_n(moment, value, __ATOMIC_RELAXED);
}

static uint64_t at_most(uint64_t pause) {
    return pause < ZM_BUDGET_LONGEST_PAUSE ? pause : ZM_BUDGET_LONGEST_PAUSE;
}

/* A moment too far ahead counts as over (budget.h).  The limit is two longest pauses, not one,
 * because the clocks of other CPUs may be behind. */
static bool is_over(uint64_t moment, uint64_t now) {
    return now >= moment || moment - now > 2 * ZM_BUDGET_LONGEST_PAUSE;
}

/* The pause after a turn.  Where the system tells CPU time in ticks only, or not at all, the
 * time of the clock counts instead.  In a child that a signal handler forked, CPU time may be
 * lower than when the turn began; then the pause is the longest. */
static uint64_t pause_after(const struct zm_turn *turn) {
    uint64_t took = zm_os_thread_cpu_time() - turn->thread_cpu_time;
    if (took == 0) took = zm_os_time() - turn->time;
    if (took == 0 || took > ZM_BUDGET_LONGEST_PAUSE / TIMES) return ZM_BUDGET_LONGEST_PAUSE;
    return took * TIMES;
}

/* Reading the CPU time of many threads takes long, too.  So it counts against the budget, and
 * each refusal doubles the pause until the next reading.  When the pause is the longest, it no
 * longer counts: a program that hardly works would spend its whole budget on it. */
static void refuse(struct zm_budget *budget, const struct zm_turn *turn) {
    const uint64_t last = load(&budget->pause), asking = pause_after(turn);
    const uint64_t left = load(&budget->cpu_time) - turn->cpu_time;
    const uint64_t pause = at_most(asking > 2 * last ? asking : 2 * last);
    if (last < ZM_BUDGET_LONGEST_PAUSE) {
        store(&budget->cpu_time, turn->cpu_time + at_most(left + asking));
    }
    store(&budget->pause, pause);
    store(&budget->time, turn->time + pause);
}

bool zm_budget_allows(struct zm_budget *budget, struct zm_turn *turn) {
    uint64_t moment = load(&budget->time);
    turn->time = zm_os_time();
    if (!is_over(moment, turn->time)) return false;
    /* Only one thread at a time has a turn: others would wait for it in the kernel. */
    if (!__atomic_compare_exchange_n(&budget->time, &moment, turn->time + ZM_BUDGET_LONGEST_PAUSE,
                                     false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        return false;
    }
    turn->thread_cpu_time = zm_os_thread_cpu_time();
    turn->cpu_time = zm_os_cpu_time();
    if (turn->cpu_time == 0 || is_over(load(&budget->cpu_time), turn->cpu_time)) return true;
    refuse(budget, turn);
    return false;
}

void zm_budget_spend(struct zm_budget *budget, const struct zm_turn *turn) {
    const uint64_t pause = pause_after(turn);
    store(&budget->cpu_time, turn->cpu_time + pause);
    store(&budget->pause, pause);
    store(&budget->time, turn->time + pause);
}
