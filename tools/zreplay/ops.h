/* A trace decoded for replay: nothing but what the allocator is asked for. */
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
    uint64_t size;
    uint32_t object;
    uint8_t op; /* enum zt_op */
    uint8_t align_log2;
    uint16_t unused;
};

struct ops {
    struct op *op;
    size_t count;
    size_t peak;          /* index of the event with which the most bytes asked for are live */
    uint64_t peak_bytes;  /* those */
    uint64_t end_bytes;   /* asked for and live after the last event */
    uint64_t peak_blocks; /* the most blocks that are live at once */
    /* The most memory that live blocks take, by a careful allocator: when
     * they are written to and when not. */
    uint64_t peak_touched;
    uint64_t peak_untouched;
    uint32_t objects; /* all numbers of objects are below this */
    uint32_t threads;
    bool truncated;
    uint64_t whole; /* bytes of the file that were read */
    uint64_t lost;  /* events that are not in it, as it says itself */
    char program[128];
};

/* Decodes all of a trace, into memory that does not come from the allocator
 * and at most `max_bytes` of it, all that decoding needs among them.  0, or -1 with a line in
 * `error`. */
int ops_read(struct ops *ops, const char *path, uint64_t max_bytes, struct zt_error *error);

void ops_free(struct ops *ops);

#ifdef __cplusplus
}
#endif

#endif /* TOOLS_ZREPLAY_OPS_H_ */
