#include "tools/zreplay/replay.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "raw.h"
#include "tools/trace/memory.h"
#include "tools/zreplay/clock.h"
#include "zmalloc/info.h"
#include "zmalloc/zmalloc.h"

/* Below the page size of any machine: touching more often does no harm. */
#define PAGE 4096

struct state {
    void **block; /* by object */
    enum touch touch;
    bool raw; /* without zmalloc */
    uint64_t ticks[ZT_OPS];
    struct result *result;
};

static uint64_t or_unknown(uint64_t figure) { return figure ? figure : UNKNOWN; }

static uint64_t rss_above(const struct result *result) {
    uint64_t rss = zmalloc_get_rss();
    if (!rss || result->rss_baseline == UNKNOWN) return UNKNOWN;
    return rss > result->rss_baseline ? rss - result->rss_baseline : 0;
}

static void read_figures(const struct result *result, struct figures *figures) {
    size_t allocated, active, resident, retained, muzzy, frag;
    int all =
        zmalloc_get_allocator_info(1, &allocated, &active, &resident, &retained, &muzzy, &frag);
    figures->used = zmalloc_used_memory();
    figures->allocated = or_unknown(allocated);
    figures->active = or_unknown(active);
    figures->resident = or_unknown(resident);
    /* Of an allocator that knows the others, 0 is a figure like any other. */
    figures->retained = all ? retained : or_unknown(retained);
    figures->rss = rss_above(result);
}

static void touch_block(enum touch touch, void *block, size_t size) {
    if (touch == TOUCH_ALL) {
        memset(block, 0x5a, size);
    } else if (touch == TOUCH_PAGES) {
        volatile char *at = block;
        for (size_t i = 0; i < size; i += PAGE) at[i] = 0x5a;
        if (size) at[size - 1] = 0x5a;
    }
}

/* One call, and how long it took. */
static inline void *call(struct state *state, const struct op *op, void *block) {
    uint64_t start = clock_ticks();
    switch (op->op) {
        case ZT_MALLOC:
            block = ztrymalloc(op->size);
            break;
        case ZT_CALLOC:
            block = ztrycalloc(op->size);
            break;
        case ZT_ALIGNED:
            block = ztrymalloc_aligned((size_t)1 << op->align_log2, op->size);
            break;
        case ZT_REALLOC:
            /* The recorded call kept the block; zrealloc to 0 would free it. */
            block = ztryrealloc(block, op->size ? op->size : 1);
            break;
        default:
            zfree(block);
            block = NULL;
    }
    state->ticks[op->op] += clock_ticks() - start;
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

static void run_op(struct state *state, const struct op *op) {
    void **block = &state->block[op->object];
    void *got = state->raw ? call_raw(state, op, *block) : call(state, op, *block);
    state->result->calls[op->op]++;
    if (op->op == ZT_FREE) {
        *block = NULL;
    } else if (got) {
        *block = got;
        touch_block(state->touch, got, op->size);
    } else {
        state->result->failures++; /* realloc left the block as it was */
    }
}

static void sample(struct result *result, size_t event) {
    if (result->samples == MAX_SAMPLES) return;
    result->sample[result->samples++] =
        (struct sample){event, zmalloc_used_memory(), rss_above(result)};
}

static void run_all(struct state *state, const struct ops *ops) {
    size_t step = ops->count / (MAX_SAMPLES - 1) + 1, next = step;
    sample(state->result, 0);
    for (size_t i = 0; i < ops->count; i++) {
        run_op(state, &ops->op[i]);
        if (i == ops->peak) read_figures(state->result, &state->result->peak);
        if (i + 1 == next || i + 1 == ops->count) {
            sample(state->result, i + 1);
            next += step;
        }
    }
    read_figures(state->result, &state->result->end);
    (void)zmalloc_report(state->result->report, sizeof(state->result->report), ZMALLOC_REPORT_TEXT);
}

/* Ticks that the clock itself takes for one call: the best of many short runs,
 * as one that was interrupted says nothing. */
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

static void to_ns(struct state *state, double ns_per_tick, double cost) {
    struct result *result = state->result;
    for (int op = 0; op < ZT_OPS; op++) {
        double ticks = (double)state->ticks[op] - cost * (double)result->calls[op];
        result->ns[op] = ticks > 0 ? ticks * ns_per_tick : 0;
    }
}

/* Begins with no block. */
static int begin(struct state *state, const struct ops *ops, struct result *result) {
    size_t size = ((size_t)ops->objects + 1) * sizeof(*state->block);
    state->result = result;
    state->block = zt_memory_alloc(size);
    if (!state->block) return -1;
    /* What is the replay's own is in physical memory from the start. */
    memset(result, 0, sizeof(*result));
    memset(result->sample, 1, sizeof(result->sample));
    for (size_t i = 0; i <= ops->objects; i++) ((void *volatile *)state->block)[i] = NULL;
    return 0;
}

static void end(struct state *state, const struct ops *ops) {
    for (size_t i = 0; i < ops->objects; i++) (state->raw ? raw_free : zfree)(state->block[i]);
    zt_memory_free(state->block);
}

static int replay_here(const struct ops *ops, enum touch touch, struct result *result) {
    struct state state = {.touch = touch};
    if (begin(&state, ops, result) != 0) return -1;
    double cost = clock_cost();
    uint64_t used = zmalloc_used_memory();
    result->rss_baseline = or_unknown(zmalloc_get_rss());
    uint64_t ns = clock_ns(), ticks = clock_ticks();
    run_all(&state, ops);
    ticks = clock_ticks() - ticks;
    ns = clock_ns() - ns;
    to_ns(&state, ticks ? (double)ns / (double)ticks : 0, cost);
    end(&state, ops);
    result->used_leaked = zmalloc_used_memory() - used;
    return 0;
}

/* ---- In turns with the raw allocator ---------------------------------- */

enum { TURN = 4096 }; /* events */

/* The least ticks of each turn in any round: one that was interrupted does not
 * count.  Shared with the rounds' processes. */
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
    while (at < stop) run_op(state, &ops->op[at++]);
    for (int op = 0; op < ZT_OPS; op++) {
        if (state->ticks[op] < least[op]) least[op] = state->ticks[op];
    }
}

/* Both meet the same machine; who is first changes. */
static int replay_in_turns(const struct ops *ops, enum touch touch, struct turns *turns) {
    static struct result ignored[2];
    struct state states[2] = {{.touch = touch}, {.touch = touch, .raw = true}};
    if (begin(&states[0], ops, &ignored[0]) != 0 || begin(&states[1], ops, &ignored[1]) != 0) {
        return -1;
    }
    turns->cost = clock_cost();
    uint64_t ns = clock_ns(), ticks = clock_ticks();
    for (size_t turn = 0; turn < turns->count; turn++) {
        for (size_t i = 0; i < 2; i++) {
            size_t which = (turn + i) % 2;
            run_turn(&states[which], ops, turn, turns->least[turn][which]);
        }
    }
    ticks = clock_ticks() - ticks;
    turns->ns_per_tick = ticks ? (double)(clock_ns() - ns) / (double)ticks : 0;
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

/* One round, in a process of its own: in turns, if `turns` is not NULL. */
static int replay_apart(const struct ops *ops, enum touch touch, struct turns *turns,
                        struct result *result) {
    int status;
    pid_t pid = fork();
    if (pid < 0) return -1;
    if (pid == 0) {
        bool failed = turns ? replay_in_turns(ops, touch, turns) : replay_here(ops, touch, result);
        _exit(failed ? 1 : 0);
    }
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) return -1;
    }
    if (WIFSIGNALED(status)) return WTERMSIG(status);
    return WEXITSTATUS(status) ? -1 : 0;
}

/* Adds a later round to the first. */
static void merge_round(struct result *result, const struct result *round) {
    for (int op = 0; op < ZT_OPS; op++) {
        if (round->ns[op] < result->ns[op]) result->ns[op] = round->ns[op];
    }
    if (!result->used_leaked) result->used_leaked = round->used_leaked;
    if (round->failures > result->failures) result->failures = round->failures;
}

int replay(const struct ops *ops, enum touch touch, unsigned rounds, bool raw,
           struct result *result) {
    struct result *round =
        mmap(NULL, sizeof(*round), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct turns *turns = raw ? new_turns(ops) : NULL;
    int status = round == MAP_FAILED || (raw && !turns) ? -1 : 0;
    signal(SIGCHLD, SIG_DFL); /* ignored, no child can be waited for */
    for (unsigned i = 0; i < rounds && status == 0; i++) {
        status = replay_apart(ops, touch, NULL, round);
        if (i == 0) {
            *result = *round;
        } else {
            merge_round(result, round);
        }
        if (raw && status == 0) status = replay_apart(ops, touch, turns, NULL);
    }
    if (raw && status == 0) sum_turns(turns, result);
    if (turns) munmap(turns, turns->size);
    if (round != MAP_FAILED) munmap(round, sizeof(*round));
    return status;
}
