/* Figures that a replay reads while it runs, and at its end. */
#ifndef TOOLS_ZREPLAY_FIGURES_H_
#define TOOLS_ZREPLAY_FIGURES_H_

#include "tools/zreplay/replay.h"
#include "zmalloc/zmalloc.h"

/* Resident memory of the process in bytes, or UNKNOWN: without pages of files, where the system
 * tells. */
uint64_t resident_now(void);

/* Before the first event. */
void figures_at_start(struct result *result, const struct ops *ops);

/* After each event: samples memory here and there, and reads all figures after ops->peak.  Threads
 * may call it at once, for events of their own. */
void figures_after(struct result *result, const struct ops *ops, size_t event);

/* After the last event, before all is freed. */
void figures_at_end(struct result *result, const struct ops *ops);

/* Lets QUIET_SECONDS of the trace's time pass after that, in which this thread makes a few calls.
 */
void figures_after_quiet(struct result *result, const struct ops *ops);

/* Makes the call of an event; returns the block, NULL after a free or when there is no memory. */
static inline void *call_zmalloc(const struct op *op, void *block) {
    switch (op->op) {
        case ZT_MALLOC:
            return ztrymalloc(op->size);
        case ZT_CALLOC:
            return ztrycalloc(op->size);
        case ZT_ALIGNED:
            return ztrymalloc_aligned((size_t)1 << op->align_log2, op->size);
        case ZT_REALLOC:
            /* The recorded call kept the block; zrealloc to 0 would free it. */
            return ztryrealloc(block, op->size ? op->size : 1);
        default:
            zfree(block);
            return NULL;
    }
}

/* Writes to a block as a program would. */
void touch_block(enum touch touch, void *block, size_t size);

#endif /* TOOLS_ZREPLAY_FIGURES_H_ */
