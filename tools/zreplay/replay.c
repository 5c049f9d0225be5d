#include "tools/zreplay/replay.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/common/run.h"
#include "tools/raw/raw.h"
#include "tools/trace/memory.h"
#include "tools/zreplay/background.h"
#include "tools/zreplay/clock.h"
#include "tools/zreplay/figures.h"
#include "tools/zreplay/parallel.h"
#include "tools/zreplay/trace_clock.h"
#include "zmalloc/zmalloc.h"

struct state {
    void **block; /* by object */
    enum touch touch;
    bool timed;
    bool raw; /* without zmalloc */
    uint64_t ticks[ZT_OPS];
    struct latency *latency; /* of zmalloc's calls */
    struct result *result;
};

/* One call, and how long it took. */
static inline void *call(struct state *state, const struct op *op, void *block) {
    if (!state->timed) return call_zmalloc(op, block);
    uint64_t start = clock_ticks();
    block = call_zmalloc(op, block);
    uint64_t ticks = clock_ticks() - start;
    state->ticks[op->op] += ticks;
    latency_add(state->latency, op->op, ticks);
    return block;
}

/* The same without zmalloc. */
static inline void *call_raw(struct state *state, const struct op *op, void *block) {
    uint64_t start = clock_ticks();
    switch (op->op) {
        case ZT_MALLOC:
            block = raw_malloc(op->size);
            break;
        case ZT_CALLOC:
            block = raw_calloc(op->size);
            break;
        case ZT_ALIGNED:
            block = raw_aligned((size_t)1 << op->align_log2, op->size);
            break;
        case ZT_REALLOC:
            block = raw_realloc(block, op->size ? op->size : 1);
            break;
        default:
            raw_free(block);
            block = NULL;
    }
    state->ticks[op->op] += clock_ticks() - start;
    return block;
}

static void run_op(struct state *state, const struct ops *ops, size_t event) {
    const struct op *op = &ops->op[event];
    void **block = &state->block[op->object];
    trace_clock_to(ops_clock(ops, event));
    void *got = state->raw ? call_raw(state, op, *block) : call(state, op, *block);
    if (op->op == ZT_FREE) {
        *block = NULL;
    } else if (got) {
        *block = got;
        touch_block(state->touch, got, ops_touched(ops, event));
    } else {
        state->result->failures++; /* realloc left the block as it was */
    }
}

static void run_all(struct state *state, const struct ops *ops) {
    figures_at_start(state->result, ops);
    trace_clock_begin();
    background_begin(ops, &state->result->background);
    for (size_t i = 0; i < ops->count; i++) {
        run_op(state, ops, i);
        figures_after(state->result, ops, i);
    }
    figures_at_end(state->result, ops);
}

/* The ticks that one reading of the clock takes: the least of many short runs, because an
 * interrupted run says nothing. */
static double clock_cost(void) {
    enum { RUNS = 200, CALLS = 100 };
    uint64_t least = UINT64_MAX;
    for (int run = 0; run < RUNS; run++) {
        uint64_t sum = 0;
        for (int i = 0; i < CALLS; i++) {
            uint64_t start = clock_ticks();
            sum += clock_ticks() - start;
        }
        if (sum < least) least = sum;
    }
    return (double)least / CALLS;
}

static void count_calls(struct result *result, const struct ops *ops) {
    memset(result->calls, 0, sizeof(result->calls));
    for (size_t i = 0; i < ops->count; i++) result->calls[ops->op[i].op]++;
}

static void to_ns(struct state *state, double ns_per_tick, double cost) {
    struct result *result = state->result;
    for (int op = 0; op < ZT_OPS; op++) {
        double ticks = (double)state->ticks[op] - cost * (double)result->calls[op];
        result->ns[op] = ticks > 0 ? ticks * ns_per_tick : 0;
    }
}

static void percentiles_to_ns(const struct state *state, double ns_per_tick, double cost,
                              double ns[ZT_OPS][PERCENTILES]) {
    for (unsigned op = 0; op < ZT_OPS; op++) {
        latency_percentiles(state->latency, op, ns[op]);
        for (int p = 0; p < PERCENTILES; p++) {
            if (ns[op][p] < 0) continue;
            ns[op][p] = ns[op][p] > cost ? (ns[op][p] - cost) * ns_per_tick : 0;
        }
    }
}

/* Begins with no block. */
static int begin(struct state *state, const struct ops *ops, struct result *result) {
    static struct latency latency;
    size_t size = ((size_t)ops->objects + 1) * sizeof(*state->block);
    state->result = result;
    state->latency = &latency;
    latency_begin(&latency);
    state->block = zt_memory_alloc(size);
    if (!state->block) return -1;
    /* The replay's own memory is resident from the start, so that RSS grows by blocks alone. */
    for (size_t i = 0; i <= ops->objects; i++) ((void *volatile *)state->block)[i] = NULL;
    return 0;
}

static void end(struct state *state, const struct ops *ops) {
    for (size_t i = 0; i < ops->objects; i++) (state->raw ? raw_free : zfree)(state->block[i]);
    zt_memory_free(state->block);
}

static int replay_here(const struct ops *ops, enum touch touch, bool timed, struct result *result) {
    struct state state = {.touch = touch, .timed = timed};
    if (begin(&state, ops, result) != 0) return -1;
    double cost = clock_cost();
    uint64_t used = zmalloc_used_memory();
    result->rss_baseline = resident_now();
    uint64_t ns = clock_ns(), ticks = clock_ticks();
    run_all(&state, ops);
    ticks = clock_ticks() - ticks;
    ns = clock_ns() - ns;
    count_calls(result, ops);
    double ns_per_tick = ticks ? (double)ns / (double)ticks : 0;
    to_ns(&state, ns_per_tick, cost);
    percentiles_to_ns(&state, ns_per_tick, cost, result->percentile_ns);
    figures_after_quiet(result, ops);
    end(&state, ops);
    result->used_leaked = zmalloc_used_memory() - used;
    return 0;
}

/* ---- In turns with the raw allocator ---------------------------------- */

enum { TURN = 4096 }; /* events */

/* The least ticks of each turn in any round, so that an interrupted turn does not count.  The
 * processes of all rounds share this memory. */
struct turns {
    double cost; /* of the clock, in ticks */
    double ns_per_tick;
    size_t size; /* of all this, in bytes */
    size_t count;
    uint64_t least[][2][ZT_OPS]; /* by zmalloc, raw */
};

static struct turns *new_turns(const struct ops *ops) {
    size_t count = ops->count / TURN + 1;
    size_t size = sizeof(struct turns) + count * sizeof(uint64_t[2][ZT_OPS]);
    struct turns *turns =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (turns == MAP_FAILED) return NULL;
    memset(turns, 0xff, size);
    turns->size = size;
    turns->count = count;
    return turns;
}

static void run_turn(struct state *state, const struct ops *ops, size_t turn,
                     uint64_t least[ZT_OPS]) {
    size_t at = turn * TURN, stop = ops->count - at < TURN ? ops->count : at + TURN;
    memset(state->ticks, 0, sizeof(state->ticks));
    while (at < stop) run_op(state, ops, at++);
    for (int op = 0; op < ZT_OPS; op++) {
        if (state->ticks[op] < least[op]) least[op] = state->ticks[op];
    }
}

/* Both replays run under the same conditions; they take turns at being first. */
static int replay_in_turns(const struct ops *ops, enum touch touch, struct turns *turns,
                           double percentile_ns[ZT_OPS][PERCENTILES]) {
    static struct result ignored[2];
    struct state states[2] = {{.touch = touch, .timed = true}, {.touch = touch, .raw = true}};
    if (begin(&states[0], ops, &ignored[0]) != 0 || begin(&states[1], ops, &ignored[1]) != 0) {
        return -1;
    }
    turns->cost = clock_cost();
    trace_clock_begin();
    background_begin(ops, &ignored[0].background);
    uint64_t ns = clock_ns(), ticks = clock_ticks();
    for (size_t turn = 0; turn < turns->count; turn++) {
        for (size_t i = 0; i < 2; i++) {
            size_t which = (turn + i) % 2;
            run_turn(&states[which], ops, turn, turns->least[turn][which]);
        }
    }
    ticks = clock_ticks() - ticks;
    turns->ns_per_tick = ticks ? (double)(clock_ns() - ns) / (double)ticks : 0;
    percentiles_to_ns(&states[0], turns->ns_per_tick, turns->cost, percentile_ns);
    end(&states[0], ops);
    end(&states[1], ops);
    return 0;
}

static void sum_turns(const struct turns *turns, struct result *result) {
    result->has_raw = true;
    for (int op = 0; op < ZT_OPS; op++) {
        double sum[2] = {0, 0}, cost = turns->cost * (double)result->calls[op];
        for (size_t turn = 0; turn < turns->count; turn++) {
            for (int i = 0; i < 2; i++) sum[i] += (double)turns->least[turn][i][op];
        }
        result->paired_ns[op] = sum[0] > cost ? (sum[0] - cost) * turns->ns_per_tick : 0;
        result->raw_ns[op] = sum[1] > cost ? (sum[1] - cost) * turns->ns_per_tick : 0;
    }
}

/* ---- Rounds ------------------------------------------------------------ */

struct rounds {
    struct ops *ops;
    const struct replay_options *options;
    struct plan plan;     /* without threads: all events in one thread */
    struct turns *turns;  /* NULL without options->raw */
    struct result *round; /* shared with the processes */
    double ns;            /* of all calls, by the rounds so far; negative before the first */
    bool settled;         /* further turns would hardly make times less */
};

enum kind { IN_ONE_THREAD, BY_THREADS, IN_TURNS };

static int replay_kind(enum kind kind, const struct rounds *rounds) {
    const struct replay_options *options = rounds->options;
    if (kind == IN_TURNS) {
        return replay_in_turns(rounds->ops, options->touch, rounds->turns,
                               rounds->round->percentile_ns);
    }
    memset(rounds->round, 0, sizeof(*rounds->round));
    rounds->round->rss_fixed = options->rss_fixed;
    rounds->round->unknown_statistics = options->unknown_statistics;
    if (kind == IN_ONE_THREAD) {
        return replay_here(rounds->ops, options->touch, !rounds->turns, rounds->round);
    }
    return replay_parallel(rounds->ops, &rounds->plan, options->touch, options->skew,
                           rounds->round);
}

/* Replays in a process of its own. */
static int replay_apart(enum kind kind, const struct rounds *rounds) {
    int status;
    pid_t pid = cli_fork();
    if (pid < 0) return -1;
    if (pid == 0) _exit(replay_kind(kind, rounds) == 0 ? 0 : 1);
    if (cli_wait(pid, &status) != 0) return -1;
    if (WIFSIGNALED(status)) return WTERMSIG(status);
    return WEXITSTATUS(status) ? -1 : 0;
}

static void widen(struct range *range, uint64_t value, bool first) {
    if (first || value < range->low) range->low = value;
    if (first || value > range->high) range->high = value;
}

/* The figures of the first round count; of later ones, what differs. */
static void take_figures(struct result *result, const struct result *round, bool first) {
    if (first) *result = *round;
    widen(&result->most, round->rss_most, first);
    widen(&result->at_end, round->end.rss, first);
    widen(&result->quiet, round->rss_quiet, first);
    if (!result->used_leaked) result->used_leaked = round->used_leaked;
    if (round->failures > result->failures) result->failures = round->failures;
}

static void take_times(struct result *result, const struct result *round, bool first) {
    for (int op = 0; op < ZT_OPS; op++) {
        if (first || round->ns[op] < result->ns[op]) result->ns[op] = round->ns[op];
    }
}

static void take_percentiles(struct result *result, const struct result *round, bool first) {
    for (int op = 0; op < ZT_OPS; op++) {
        for (int p = 0; p < PERCENTILES; p++) {
            double *ns = &result->percentile_ns[op][p];
            if (first || round->percentile_ns[op][p] < *ns) *ns = round->percentile_ns[op][p];
        }
    }
}

/* Threads wait for each other, so times are taken in one thread: in turns, or in a replay of its
 * own. */
static int one_round(const struct rounds *rounds, struct result *result, bool first) {
    bool threads = rounds->plan.threads > 1;
    int status = replay_apart(threads ? BY_THREADS : IN_ONE_THREAD, rounds);
    if (status == 0) take_figures(result, rounds->round, first);
    if (status == 0 && threads && !rounds->turns) status = replay_apart(IN_ONE_THREAD, rounds);
    if (status == 0) take_times(result, rounds->round, first);
    if (rounds->settled) return status;
    if (status == 0 && rounds->turns) status = replay_apart(IN_TURNS, rounds);
    if (status == 0) take_percentiles(result, rounds->round, first);
    return status;
}

/* Takes what all rounds need.  0, or -1. */
static int rounds_begin(struct rounds *rounds) {
    const struct ops *ops = rounds->ops;
    rounds->round = mmap(NULL, sizeof(*rounds->round), PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (rounds->round == MAP_FAILED) return -1;
    if (rounds->options->raw) {
        rounds->turns = new_turns(ops);
        if (!rounds->turns) return -1;
    }
    return ops->threads > 1 && rounds->options->skew > 0 ? plan_make(&rounds->plan, ops) : 0;
}

static void rounds_end(struct rounds *rounds) {
    plan_free(&rounds->plan);
    if (rounds->turns) munmap(rounds->turns, rounds->turns->size);
    if (rounds->round != MAP_FAILED) munmap(rounds->round, sizeof(*rounds->round));
}

/* The sum of all calls, by the rounds so far. */
static double ns_so_far(const struct rounds *rounds, struct result *result) {
    double sum = 0;
    count_calls(result, rounds->ops);
    if (rounds->turns) sum_turns(rounds->turns, result);
    const double *ns = rounds->turns ? result->paired_ns : result->ns;
    for (int op = 0; op < ZT_OPS; op++) sum += ns[op];
    return sum;
}

/* What recording a call may add to the program's time, in ns, where the trace does not tell what it
 * added on average: measured 70 to 1500, the latter where several programs wrote to a slow disk. */
#define MOST_RECORDING_NS 2000

/* In the last of several rounds time passes as if recording had taken the most that it may have. */
static void pace_round(struct ops *ops, bool last) {
    const uint32_t ns = ops->recording_ns;
    if (last) {
        ops_pace(ops, ns ? 3 * ns : MOST_RECORDING_NS);
    } else {
        ops_pace(ops, ns);
    }
}

/* In percent: a round that takes less off the times than this is the last that takes turns. */
#define SETTLED 3

/* After a round that timed. */
static void look_at_times(struct rounds *rounds, struct result *result) {
    result->ns_without_last = rounds->ns;
    rounds->ns = ns_so_far(rounds, result);
    rounds->settled = rounds->turns &&
                      rounds->ns > result->ns_without_last * (100 - SETTLED) / 100 &&
                      result->ns_without_last > 0;
}

int replay(struct ops *ops, const struct replay_options *options, struct result *result) {
    struct rounds rounds = {.ops = ops, .options = options, .ns = -1};
    int status = rounds_begin(&rounds);
    for (unsigned i = 0; i < options->rounds && status == 0; i++) {
        bool last = i > 0 && i + 1 == options->rounds;
        pace_round(ops, last);
        status = one_round(&rounds, result, i == 0);
        if (status == 0 && !rounds.settled) look_at_times(&rounds, result);
    }
    result->by_threads = rounds.plan.threads > 1;
    rounds_end(&rounds);
    return status;
}
