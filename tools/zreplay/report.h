/* Prints the results of a replay: a table for people, JSON for programs. */
#ifndef TOOLS_ZREPLAY_REPORT_H_
#define TOOLS_ZREPLAY_REPORT_H_

#include "tools/zreplay/replay.h"

struct report {
    const char *trace;
    const char *allocator; /* zmalloc_allocator_name() */
    const char *backend;   /* ZMALLOC_BACKEND */
    const char *lib;       /* ZMALLOC_LIB */
    const struct ops *ops;
    const struct result *result;
    unsigned rounds;
};

void report_table(const struct report *report);

/* Prints one flat object, a key a line.  `timeline` adds the samples of the replay, as an array
 * of [event, used, rss]. */
void report_json(const struct report *report, bool timeline);

#endif /* TOOLS_ZREPLAY_REPORT_H_ */
