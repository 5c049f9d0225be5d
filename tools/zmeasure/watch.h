/* Looks at the memory of a program and its descendants while they run. */
#ifndef TOOLS_ZMEASURE_WATCH_H_
#define TOOLS_ZMEASURE_WATCH_H_

#include "tools/common/proc.h"
#include "tools/zmeasure/keeper.h"
#include "tools/zmeasure/measure.h"

/* Our CPU time.  On a busy machine it is far less than the time that goes by. */
double own_cpu(void);

double now(void);

enum { MOST_SEEN = 256 };

/* A process that was seen. */
struct seen {
    pid_t pid;
    char program[256];
    uint64_t image; /* of proc_program() */
    double most_rss;
    bool took;          /* it has the preloaded library */
    double first, last; /* when this program was seen without it */
    size_t times;       /* how often */
};

struct watch {
    const struct column *column;
    struct outcome *outcome;
    pid_t root;
    double begin, next, next_walk, last;
    double interval;     /* at least, between samples that are kept */
    double kept;         /* when the last one was kept */
    double area, looked; /* of RssAnon, by time */
    double longest;      /* time that it did not look */
    size_t looks;
    double most_rss, most_anon, most_file;
    size_t most_threads, most_processes;
    struct proc_list list;
    struct seen seen[MOST_SEEN];
    size_t seen_count;
};

void begin_watch(struct watch *watch, const struct column *column, struct outcome *outcome,
                 const struct keeper *keeper);

/* Looks now; with `exact` at each page.  False when there is no process. */
bool look(struct watch *watch, bool exact, struct proc_memory *sum);

/* Whether it looked often enough, in so many seconds, to know what was between. */
bool looked_enough(const struct watch *watch, double seconds);

/* The process that had most memory; NULL when none was seen. */
const struct seen *largest_seen(const struct watch *watch);

/* Whether it ran without the library, long enough to have loaded it. */
bool ran_without(const struct seen *seen);

#endif /* TOOLS_ZMEASURE_WATCH_H_ */
