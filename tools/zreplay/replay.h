/* Replays decoded events through zmalloc, and measures. */
#ifndef TOOLS_ZREPLAY_REPLAY_H_
#define TOOLS_ZREPLAY_REPLAY_H_

#include <stdbool.h>
#include <stdint.h>

#include "tools/zreplay/latency.h"
#include "tools/zreplay/ops.h"

#define UNKNOWN UINT64_MAX

enum touch {
    TOUCH_NONE,
    TOUCH_PAGES, /* write to each page of a block */
    TOUCH_ALL,   /* write to each byte */
};

struct figures {
    uint64_t used; /* these are bytes, or UNKNOWN */
    uint64_t allocated;
    uint64_t active;
    uint64_t resident;
    uint64_t retained;
    uint64_t rss; /* of the process, without the trace and the replay's own memory */
};

struct range {
    uint64_t low;
    uint64_t high;
};

struct sample {
    uint64_t event; /* so many had run; 0 also where nothing was sampled */
    uint64_t used;
    uint64_t rss;
    uint32_t ms; /* of the trace */
};

/* Samples: so many by the number of events, and one in each part of the trace's time. */
#define MAX_SAMPLES 400
#define TIME_PARTS 400

/* How long memory is watched after the last event, in the trace's time. */
#define QUIET_SECONDS 10

struct result {
    bool unknown_statistics;
    struct figures peak;   /* after the event ops->peak */
    struct figures end;    /* after the last event, before all is freed */
    uint64_t rss_most;     /* of all samples */
    uint64_t rss_baseline; /* of the process before the first event */
    uint64_t rss_fixed;    /* of the process at its start, before it reads the trace */
    uint64_t rss_quiet;    /* QUIET_SECONDS after the last event; UNKNOWN without a trace clock */
    struct range most;     /* of rss_most, end.rss and rss_quiet, in all rounds */
    struct range at_end;
    struct range quiet;
    uint64_t used_leaked; /* growth of zmalloc_used_memory() after all is freed */
    uint64_t failures;    /* allocations that returned NULL */
    uint64_t calls[ZT_OPS];
    double ns[ZT_OPS];        /* sum of all calls, the clock's own time taken off */
    bool background;          /* whether jemalloc's background thread ran */
    bool by_threads;          /* whether threads replayed it */
    bool has_raw;             /* whether the next two are known: sums as above */
    double raw_ns[ZT_OPS];    /* by the allocator without zmalloc */
    double paired_ns[ZT_OPS]; /* by zmalloc, in turns with it */
    double ns_without_last;   /* of all calls, by all rounds that timed but the last; negative with
                                 one */
    /* By kind of call, of zmalloc in the same replays; negative where too few calls tell. */
    double percentile_ns[ZT_OPS][PERCENTILES];
    char report[8192]; /* zmalloc_report() after the last event */
    uint32_t samples;
    struct sample sample[MAX_SAMPLES];
    struct sample by_time[TIME_PARTS]; /* after the last event of each part that has one */
    /* RSS when each of ops->sample was taken; 0: not looked at. */
    uint64_t rss_at_sample[ZT_MAX_SAMPLES];
};

struct replay_options {
    enum touch touch;
    uint64_t rss_fixed;      /* of this process at its start, in bytes, or UNKNOWN */
    bool unknown_statistics; /* another library has the malloc, and they would not be its */
    unsigned rounds;
    bool raw;
    /* Threads of the recording are threads of the replay; all events that are so many before an
     * event have run when it runs.  0: one thread. */
    size_t skew;
};

/* Replays options->rounds times, each in a process of its own with a fresh heap.  A recording of
 * several threads takes one process more in each round, as times are taken in one thread.  With
 * `raw`, each round has one more process: it replays a few thousand events each in turns, through
 * zmalloc and through the allocator without it, and takes twice the memory; once such a process
 * takes less than 3 % off the times, no round has a further one.  The times are the best of all
 * rounds (of turns: the best of each turn); the figures are those of the first round. Time passes
 * as in the program without what recording took, as far as the trace tells, and in the last of
 * several rounds without the most that it may have taken. Returns 0; the signal that ended a round;
 * or -1 without memory, threads or processes. */
int replay(struct ops *ops, const struct replay_options *options, struct result *result);

#endif /* TOOLS_ZREPLAY_REPLAY_H_ */
