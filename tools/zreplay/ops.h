/* A trace decoded for replay: only the requests to the allocator. */
#ifndef TOOLS_ZREPLAY_OPS_H_
#define TOOLS_ZREPLAY_OPS_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/trace/trace.h"
#include "tools/zreplay/gaps.h"

#ifdef __cplusplus
extern "C" {
#endif

struct op {
    uint64_t size : 48;
    uint64_t thread : 16; /* UINT16_MAX: this one, or one with a higher number */
    uint64_t object : 26;
    uint64_t op : 3; /* enum zt_op */
    uint64_t align_log2 : 6;
    uint64_t ms : 29; /* since the trace began; OPS_LAST_MS: then or later, 6 days */
};

/* Numbers of threads that an event may have. */
#define OPS_THREADS ((size_t)UINT16_MAX + 1)

#define OPS_LAST_MS ((UINT64_C(1) << 29) - 1)

#define OPS_NEVER UINT32_MAX

/* From this size on, a trace may tell how much of a block was touched. */
#define OPS_LOOKED_AT 8192

/* From this size on, a program often asks for more than it writes to. */
#define OPS_LARGE 65536

/* How much of a block a program touched, from the event that gave it to the next one of it. */
struct ops_touch {
    size_t event;
    uint64_t bytes; /* UINT64_MAX: the recording does not tell */
};

struct ops {
    struct op *op;
    size_t count;
    size_t peak;          /* index of the event with which the most bytes asked for are live */
    uint64_t peak_bytes;  /* the bytes that are live then */
    uint64_t end_bytes;   /* asked for and live after the last event */
    uint64_t peak_blocks; /* the most blocks that are live at once */
    /* Of peak_bytes: in blocks of OPS_LARGE bytes and more of which nobody knows how much was
     * touched. */
    uint64_t peak_large;
    struct ops_touch *touch; /* of all blocks of OPS_LOOKED_AT bytes and more, by event */
    size_t touches;
    /* The most memory that the live blocks take, in a careful allocator: when they are written
     * to and when not. */
    uint64_t peak_touched;
    uint64_t peak_untouched;
    uint32_t *ended;  /* by thread, OPS_THREADS: so many events came before its end; 0: it lives */
    bool tells_ends;  /* false: a trace of version 1, which does not tell; `ended` means nothing */
    uint32_t objects; /* all numbers of objects are below this */
    uint32_t threads;
    /* Events outside the thread that has most of them; all events, if no thread has half. */
    size_t elsewhere;
    uint64_t duration;      /* ns from the start of the trace to its last event */
    uint32_t recording_ns;  /* what recording an event took, on average; 0: not known */
    uint32_t background_ms; /* jemalloc's background thread was there from then on; OPS_NEVER */
    uint32_t *clock_ms;     /* by 2^clock_shift ms of the trace */
    size_t clock_slots;     /* entries of clock_ms */
    unsigned clock_shift;
    bool truncated;
    uint64_t whole; /* bytes of the file that were read */
    uint64_t lost;  /* events that the trace lacks, by its own count */
    /* Frees of blocks that were never recorded, and blocks that must have been freed unrecorded. */
    uint64_t unseen;
    char program[128];
    char allocator[64];       /* the library whose malloc the program had, or "" */
    struct zt_sample *sample; /* of the program while it ran */
    size_t samples;
    char gaps[GAPS_SIZE]; /* lines */
};

/* Decodes all of a trace into memory that does not come from the allocator.  All that decoding
 * needs is at most `max_bytes`.  0, or -1 with a line in `error`. */
int ops_read(struct ops *ops, const char *path, uint64_t max_bytes, struct zt_error *error);

/* Leaves a decoded trace in an empty file, for processes that inherit it; it is the same machine's
 * and build's.  0, or -1: then nobody can load it. */
int ops_save(const struct ops *ops, int fd);

/* Takes a decoded trace from such a file, into memory as ops_read() does.  0; or -1 when there is
 * none, or no memory. */
int ops_load(struct ops *ops, int fd);

/* The bytes that ops_save() writes. */
uint64_t ops_saved_size(const struct ops *ops);

/* How many bytes of its block a replay writes to after an event, as the program did: all, unless
 * the recording tells. */
uint64_t ops_touched(const struct ops *ops, size_t event);

/* Recording slows a program down.  Lets the clock pass as if each event had taken so many ns less
 * than it was recorded to take; of a busy millisecond a tenth remains. */
void ops_pace(struct ops *ops, uint32_t ns);

/* What the clock shows at an event, in ms. */
static inline uint32_t ops_clock(const struct ops *ops, size_t event) {
    return ops->clock_ms[ops->op[event].ms >> ops->clock_shift];
}

/* The same at a time of the trace; after the last event it passes as it did. */
uint32_t ops_clock_at(const struct ops *ops, uint64_t ms);

void ops_free(struct ops *ops);

#ifdef __cplusplus
}
#endif

#endif /* TOOLS_ZREPLAY_OPS_H_ */
