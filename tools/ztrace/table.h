/* The call stacks of a recording: from addresses to places in modules. */
#ifndef TOOLS_ZTRACE_TABLE_H_
#define TOOLS_ZTRACE_TABLE_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/trace/map.h"
#include "tools/trace/trace.h"
#include "tools/ztrace/raw.h"

/* A segment of a module, as the header's lines tell. */
struct segment {
    uint64_t start, limit, offset;
    uint32_t image;  /* the program of the process in which it was there */
    uint32_t module; /* in stacks */
};

struct table {
    struct zt_stacks stacks;
    struct segment *segment;
    uint32_t segments;
    uint32_t image;      /* that runs now */
    uint32_t *number;    /* by the number in the recording: 1 + that in stacks */
    struct zt_map frame; /* of this image, by address */
    size_t frame_room, frame_of_room;
};

/* 0, or -1 without memory.  table_free() in any case. */
int table_init(struct table *table, const struct raw_header *header);
void table_free(struct table *table);

/* The process runs another program: numbers and addresses begin anew.  0 or -1. */
int table_next_image(struct table *table);

/* The stack of a number in the recording; `frames` are given where it is new.  Returns 1 + its
 * number in the trace; 0 when it has no room there; -1 without memory. */
int64_t table_take(struct table *table, uint32_t number, const uint64_t *frames, unsigned depth);

#endif /* TOOLS_ZTRACE_TABLE_H_ */
