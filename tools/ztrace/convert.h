/* Makes a trace of a raw recording. */
#ifndef TOOLS_ZTRACE_CONVERT_H_
#define TOOLS_ZTRACE_CONVERT_H_

#include <stdbool.h>
#include <stdint.h>

#include "tools/trace/trace.h"

struct conversion {
    /* Input. */
    const char *raw_name;
    const char *out_name;
    int raw_fd;
    int out_fd;
    uint32_t tick_ns;
    bool progress;            /* on a terminal */
    int (*interrupted)(void); /* returns the signal that asks to end, or 0 */
    /* Results. */
    uint32_t images; /* programs that were recorded, one after an exec another */
    uint32_t threads;
    uint32_t children; /* processes that came of it and were not recorded: */
    uint32_t beyond;   /* of these, those for which there was no room, ... */
    uint32_t unmade;   /* ... those of which no recording could be made, by this errno, ... */
    uint32_t unmade_error;
    uint32_t others; /* ... and those that executed programs that do not load the library: */
    char other_names[128];
    uint32_t followed; /* children with a recording of their own */
    uint32_t pid;      /* of such a child, else 0 */
    char program[128];
    char executed[32]; /* the program that it executed last and that was not recorded, or "" */
    uint32_t failed;   /* errno that ended the recording early, or 0 */
    uint64_t events;   /* calls, as zreplay counts them */
    uint64_t unknown;  /* frees of blocks that were never seen */
    uint64_t missed;   /* blocks that must have been freed unseen */
    uint64_t lost;     /* events that could not be recorded */
    uint64_t damaged;  /* records that make no sense */
    bool paused;       /* it never began */
    char begun[32];    /* when it began, if not with the program, or "" */
    char stopped[64];  /* why the recording stopped before the program, or "" */
    uint64_t peak;     /* the most bytes that were requested in live blocks */
    bool has_samples;  /* whether the next two are known */
    uint64_t rss_anon; /* the most bytes that were resident and in no file */
    uint64_t cpu_ns;
};

/* 0 or -1. */
int convert(struct conversion *conversion, struct zt_error *error);

#endif /* TOOLS_ZTRACE_CONVERT_H_ */
