/* What a trace tells by itself, without a replay. */
#ifndef TOOLS_ZREPLAY_STAT_H_
#define TOOLS_ZREPLAY_STAT_H_

#include <stdbool.h>
#include <stdint.h>

#include "tools/trace/trace.h"
#include "tools/zreplay/call_stacks.h"
#include "tools/zreplay/gaps.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Row i has the blocks of up to 16 << i bytes that are in no row before it. */
enum { STAT_SIZES = 45 };

/* Column i has the blocks that lived for less than 1000 * 10^i ns and are in no column before it;
 * the last but one those that lived longer, the last those that were not freed. */
enum { STAT_LIVES = 12 };

/* Threads from this one on count as one. */
enum { STAT_THREADS = 16 };

/* Moments of the trace at which its live blocks were counted. */
enum { STAT_MOMENTS = 512 };

struct stat_blocks {
    uint64_t blocks, bytes;
};

struct stat_moment {
    uint64_t ns; /* since the trace began */
    struct stat_blocks live;
    uint64_t bytes[STAT_SIZES];
};

struct trace_stat {
    char program[128];
    char gaps[GAPS_SIZE]; /* lines */
    uint64_t events, calls[ZT_OPS];
    uint64_t duration; /* ns from the start of the trace to its last event */
    uint32_t threads;
    bool truncated;
    uint64_t whole;          /* bytes of the file that were read */
    uint64_t lost, unseen;   /* as in struct ops */
    struct stat_blocks born; /* a block has the size of its last realloc */
    struct stat_blocks by[STAT_SIZES][STAT_LIVES];
    struct stat_moment peak, end, moment[STAT_MOMENTS];
    uint64_t peak_event; /* the number of the call that made the peak, from 1 */
    uint32_t moments;
    uint64_t grew, shrank, same;                     /* reallocs */
    uint64_t freed_by[STAT_THREADS][STAT_THREADS];   /* [who allocated][who freed] */
    uint64_t freed_elsewhere, freed_elsewhere_bytes; /* by another thread than who allocated */
    /* The recorded process itself; none in traces of older versions.  From the OS. */
    struct zt_sample *sample;
    size_t samples;
    struct call_stacks *stacks; /* NULL: the trace has none */
};

/* Reads a trace.  Its tables take at most `max_bytes`, and come from the OS.  0, or -1 with a line
 * in `error`; stat_free() takes it in any case. */
int stat_read(struct trace_stat *stat, const char *path, uint64_t max_bytes,
              struct zt_error *error);

void stat_free(struct trace_stat *stat);

/* The last moment that is not after this part of the trace's time. */
const struct stat_moment *stat_at(const struct trace_stat *stat, double part);

/* Prints it, as tables or as a JSON object; `trace` is what the user called the file. */
void stat_text(const struct trace_stat *stat, const char *trace);
void stat_json(const struct trace_stat *stat, const char *trace);

#ifdef __cplusplus
}
#endif

#endif /* TOOLS_ZREPLAY_STAT_H_ */
