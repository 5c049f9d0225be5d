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
    uint32_t children; /* processes that came of it and were not recorded */
    uint32_t failed;   /* errno that ended the recording early, or 0 */
    uint64_t events;
    uint64_t unknown; /* frees of blocks that were never seen */
    uint64_t missed;  /* blocks that must have been freed unseen */
    uint64_t lost;    /* events that could not be recorded */
    uint64_t damaged; /* records that make no sense */
};

/* 0 or -1. */
int convert(struct conversion *conversion, struct zt_error *error);

#endif /* TOOLS_ZTRACE_CONVERT_H_ */
