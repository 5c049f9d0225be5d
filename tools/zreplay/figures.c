#include "tools/zreplay/figures.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/zreplay/trace_clock.h"
#include "zmalloc/stats.h"
#include "zmalloc/zmalloc.h"

/* Below the page size of any machine: touching more often does no harm. */
#define PAGE 4096

static uint64_t or_unknown(uint64_t figure) { return figure ? figure : UNKNOWN; }

/* Linux's RssAnon in bytes; 0 elsewhere. */
static uint64_t anonymous(void) {
    static const char key[] = "RssAnon:";
    char text[4096];
    int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    ssize_t got = read(file, text, sizeof(text) - 1);
    close(file);
    text[got > 0 ? got : 0] = '\0';
    const char *line = strstr(text, key);
    return line ? strtoull(line + strlen(key), NULL, 10) * 1024 : 0;
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
    figures->allocated = or_unknown(allocated);
    figures->active = or_unknown(active);
    figures->resident = or_unknown(resident);
    /* An allocator that knows the other figures knows this one too: 0 is its value. */
    figures->retained = all ? retained : or_unknown(retained);
    figures->rss = rss_of_program(result);
}

/* Events from one sample to the next, so that all samples have room. */
static size_t step_of(const struct ops *ops) { return ops->count / (MAX_SAMPLES - 2) + 1; }

static void take_sample(struct result *result, size_t number, size_t event) {
    result->sample[number] = (struct sample){event, zmalloc_used_memory(), rss_of_program(result)};
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
    uint32_t ms = ops->op[ops->count - 1].ms;
    result->rss_quiet = UNKNOWN;
    if (!trace_clock_works()) return;
    for (uint32_t passed = 100; passed <= QUIET_SECONDS * 1000; passed += 100) {
        trace_clock_to(ms + passed);
        quiet_calls();
    }
    result->rss_quiet = rss_of_program(result);
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
