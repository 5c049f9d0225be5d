/* A trace decoded for replay: only the requests to the allocator. */
#ifndef TOOLS_ZREPLAY_OPS_H_
#define TOOLS_ZREPLAY_OPS_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/trace/trace.h"

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

#define OPS_LAST_MS ((UINT64_C(1) << 29) - 1)

/* From this size on, a program often asks for more than it writes to. */
#define OPS_LARGE 65536

struct ops {
    struct op *op;
    size_t count;
    size_t peak;          /* index of the event with which the most bytes asked for are live */
    uint64_t peak_bytes;  /* the bytes that are live then */
    uint64_t end_bytes;   /* asked for and live after the last event */
    uint64_t peak_blocks; /* the most blocks that are live at once */
    uint64_t peak_large;  /* of peak_bytes: in blocks of OPS_LARGE bytes and more */
    /* The most memory that the live blocks take, in a careful allocator: when they are written
     * to and when not. */
    uint64_t peak_touched;
    uint64_t peak_untouched;
    uint32_t objects; /* all numbers of objects are below this */
    uint32_t threads;
    /* Events outside the thread that has most of them; all events, if no thread has half. */
    size_t elsewhere;
    uint64_t duration; /* ns from the start of the trace to its last event */
    bool truncated;
    uint64_t whole; /* bytes of the file that were read */
    uint64_t lost;  /* events that the trace lacks, by its own count */
    /* Frees of blocks that were never recorded, and blocks that must have been freed unrecorded. */
    uint64_t unseen;
    char program[128];
};

/* Decodes all of a trace into memory that does not come from the allocator.  All that decoding
 * needs is at most `max_bytes`.  0, or -1 with a line in `error`. */
int ops_read(struct ops *ops, const char *path, uint64_t max_bytes, struct zt_error *error);

/* Recording slows a program down.  Takes from the times of the events what that may have been at
 * most, so that they tell the least time that passed. */
void ops_hasten(struct ops *ops);

void ops_free(struct ops *ops);

#ifdef __cplusplus
}
#endif

#endif /* TOOLS_ZREPLAY_OPS_H_ */
