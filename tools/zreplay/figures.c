#include "tools/zreplay/figures.h"

#include <string.h>

#include "zmalloc/stats.h"
#include "zmalloc/zmalloc.h"

/* Below the page size of any machine: touching more often does no harm. */
#define PAGE 4096

static uint64_t or_unknown(uint64_t figure) { return figure ? figure : UNKNOWN; }

uint64_t resident_now(void) { return or_unknown(zmalloc_get_rss()); }

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
    /* An allocator that knows the other figures knows this one too: 0 is its value. */
    figures->retained = all ? retained : or_unknown(retained);
    figures->rss = rss_above(result);
}

/* Events from one sample to the next, so that all samples have room. */
static size_t step_of(const struct ops *ops) { return ops->count / (MAX_SAMPLES - 2) + 1; }

static void take_sample(struct result *result, size_t number, size_t event) {
    result->sample[number] = (struct sample){event, zmalloc_used_memory(), rss_above(result)};
}

void figures_at_start(struct result *result) { take_sample(result, 0, 0); }

void figures_after(struct result *result, const struct ops *ops, size_t event) {
    size_t done = event + 1, step = step_of(ops);
    if (event == ops->peak) read_figures(result, &result->peak);
    if (done % step == 0 && done != ops->count) take_sample(result, done / step, done);
}

static uint64_t most_rss(const struct result *result) {
    uint64_t most = result->peak.rss;
    for (uint32_t i = 0; i < result->samples; i++) {
        uint64_t rss = result->sample[i].rss;
        if (rss != UNKNOWN && rss > most) most = rss;
    }
    return most;
}

void figures_at_end(struct result *result, const struct ops *ops) {
    size_t last = (ops->count - 1) / step_of(ops) + 1;
    take_sample(result, last, ops->count);
    result->samples = (uint32_t)last + 1;
    read_figures(result, &result->end);
    result->rss_most = most_rss(result);
    result->rss_most_low = result->rss_most_high = result->rss_most;
    (void)zmalloc_report(result->report, sizeof(result->report), ZMALLOC_REPORT_TEXT);
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
