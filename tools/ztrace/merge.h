/* The records of all chunks, in the order of their sequence numbers. */
#ifndef TOOLS_ZTRACE_MERGE_H_
#define TOOLS_ZTRACE_MERGE_H_

#include <stddef.h>
#include <stdint.h>

#include "tools/ztrace/raw.h"

struct cursor {
    const struct raw_record *at;
    const struct raw_record *end;
    uint64_t sequence; /* of the record at `at` */
};

struct merge {
    struct cursor *heap;
    size_t count;
    uint64_t damaged; /* chunks whose numbers did not grow; each ends there */
};

/* `size` bytes of whole or partial chunks.  0, or -1 without memory. */
int merge_init(struct merge *merge, const void *chunks, size_t size);

/* The next record, or NULL. */
const struct raw_record *merge_next(struct merge *merge);

void merge_free(struct merge *merge);

#endif /* TOOLS_ZTRACE_MERGE_H_ */
