#include "tools/zreplay/figures.h"

#include <string.h>

#include "tools/common/procfs.h"
#include "tools/zreplay/trace_clock.h"
#include "zmalloc/stats.h"
#include "zmalloc/zmalloc.h"

/* Below the page size of any machine: touching more often does no harm. */
#define PAGE 4096

static uint64_t or_unknown(uint64_t figure) { return figure ? figure : UNKNOWN; }

/* Linux's RssAnon in bytes; 0 elsewhere. */
static uint64_t anonymous(void) {
    char text[4096];
    uint64_t bytes = 0;
    if (procfs_read("/proc/self/status", text, sizeof(text))) procfs_bytes(text, "RssAnon", &bytes);
    return bytes;
}

uint64_t resident_now(void) {
    uint64_t bytes = anonymous();
    return or_unknown(bytes ? bytes : zmalloc_get_rss());
}

/* As if the process had neither the trace nor the tables of the replay. */
static uint64_t rss_of_program(const struct result *result) {
    uint64_t rss = resident_now();
    if (rss == UNKNOWN || result->rss_baseline == UNKNOWN || result->rss_fixed == UNKNOWN) {
        return UNKNOWN;
    }
    rss += result->rss_fixed;
    return rss > result->rss_baseline ? rss - result->rss_baseline : 0;
}

static void read_figures(const struct result *result, struct figures *figures) {
    size_t allocated, active, resident, retained, muzzy, frag;
    int all =
        zmalloc_get_allocator_info(1, &allocated, &active, &resident, &retained, &muzzy, &frag);
    figures->used = zmalloc_used_memory();
    figures->rss = rss_of_program(result);
    if (result->unknown_statistics) {
        figures->allocated = figures->active = figures->resident = figures->retained = UNKNOWN;
        return;
    }
    figures->allocated = or_unknown(allocated);
    figures->active = or_unknown(active);
    figures->resident = or_unknown(resident);
    /* An allocator that knows the other figures knows this one too: 0 is its value. */
    figures->retained = all ? retained : or_unknown(retained);
}

/* Events from one sample to the next, so that all samples have room. */
static size_t step_of(const struct ops *ops) { return ops->count / (MAX_SAMPLES - 2) + 1; }

static struct sample take_sample(const struct result *result, const struct ops *ops, size_t done) {
    return (struct sample){
        .event = done,
        .used = zmalloc_used_memory(),
        .rss = rss_of_program(result),
        .ms = done > 0 ? ops->op[done - 1].ms : 0,
    };
}

void figures_at_start(struct result *result, const struct ops *ops) {
    result->sample[0] = take_sample(result, ops, 0);
}

static size_t part_of_time(const struct ops *ops, size_t event) {
    return (size_t)ops->op[event].ms * TIME_PARTS / (ops->op[ops->count - 1].ms + 1);
}

/* Where little happens for long, samples by events would miss it. */
static void sample_by_time(struct result *result, const struct ops *ops, size_t event) {
    size_t part = part_of_time(ops, event);
    if (part == part_of_time(ops, event + 1)) return;
    result->by_time[part] = take_sample(result, ops, event + 1);
}

/* The first sample of the program that was not taken before this. */
static size_t sample_from(const struct ops *ops, uint64_t ms) {
    size_t low = 0, high = ops->samples;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ops->sample[middle].time < ms * 1000000) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* As the program was looked at from one time up to another, in which it made no calls.  An
 * allocator's thread may give memory back meanwhile. */
static void sample_as_program(struct result *result, const struct ops *ops, uint64_t from_ms,
                              uint64_t until_ms) {
    const bool changes = trace_clock_acts();
    uint64_t rss = 0;
    for (size_t i = sample_from(ops, from_ms); i < ops->samples; i++) {
        const uint64_t ms = ops->sample[i].time / 1000000;
        if (ms >= until_ms) return;
        if (changes) trace_clock_to(ops_clock_at(ops, ms));
        if (changes || rss == 0) rss = rss_of_program(result);
        result->rss_at_sample[i] = rss;
    }
}

void figures_after(struct result *result, const struct ops *ops, size_t event) {
    size_t done = event + 1, step = step_of(ops);
    if (event == ops->peak) read_figures(result, &result->peak);
    if (done % step == 0 && done != ops->count) {
        result->sample[done / step] = take_sample(result, ops, done);
    }
    if (done == ops->count || ops->op[event].ms == ops->op[done].ms) return;
    sample_by_time(result, ops, event);
    sample_as_program(result, ops, ops->op[event].ms, ops->op[done].ms);
}

/* The larger of two; one may be unknown. */
static uint64_t larger(uint64_t most, uint64_t rss) {
    return rss != UNKNOWN && (most == UNKNOWN || rss > most) ? rss : most;
}

static uint64_t most_rss(const struct result *result) {
    uint64_t most = result->peak.rss;
    for (uint32_t i = 0; i < result->samples; i++) most = larger(most, result->sample[i].rss);
    for (size_t i = 0; i < TIME_PARTS; i++) {
        if (result->by_time[i].event > 0) most = larger(most, result->by_time[i].rss);
    }
    return most;
}

/* The time of the trace up to which figures_at_end() looks as the program was looked at.  Where
 * memory changes by itself, figures_after_quiet() must see the time that comes then. */
static uint64_t quiet_ms(const struct ops *ops) {
    if (!trace_clock_acts()) return UINT64_MAX;
    return ops->op[ops->count - 1].ms + UINT64_C(1000) * QUIET_SECONDS;
}

void figures_at_end(struct result *result, const struct ops *ops) {
    size_t last = (ops->count - 1) / step_of(ops) + 1;
    result->sample[last] = take_sample(result, ops, ops->count);
    result->samples = (uint32_t)last + 1;
    read_figures(result, &result->end);
    sample_as_program(result, ops, ops->op[ops->count - 1].ms, quiet_ms(ops));
    result->rss_most = most_rss(result);
    (void)zmalloc_report(result->report, sizeof(result->report), ZMALLOC_REPORT_TEXT);
}

/* More blocks of one size than any allocator keeps for a thread: freeing them reaches the code that
 * looks at the clock. */
static void quiet_calls(void) {
    enum { BLOCKS = 300, LEAST = 16, MOST = 1024 };
    void *block[BLOCKS];
    for (size_t size = LEAST; size <= MOST; size *= 2) {
        for (size_t i = 0; i < BLOCKS; i++) block[i] = ztrymalloc(size);
        for (size_t i = 0; i < BLOCKS; i++) zfree(block[i]);
    }
}

void figures_after_quiet(struct result *result, const struct ops *ops) {
    const uint32_t ms = ops_clock(ops, ops->count - 1);
    result->rss_quiet = UNKNOWN;
    for (uint32_t passed = 100; trace_clock_works() && passed <= QUIET_SECONDS * 1000;
         passed += 100) {
        trace_clock_to(ms + passed);
        quiet_calls();
    }
    if (trace_clock_works()) result->rss_quiet = rss_of_program(result);
    sample_as_program(result, ops, quiet_ms(ops), UINT64_MAX);
}

void touch_block(enum touch touch, void *block, size_t size) {
    if (touch == TOUCH_ALL) {
        memset(block, 0x5a, size);
    } else if (touch == TOUCH_PAGES) {
        volatile char *at = block;
        for (size_t i = 0; i < size; i += PAGE) at[i] = 0x5a;
        if (size) at[size - 1] = 0x5a;
    }
}
