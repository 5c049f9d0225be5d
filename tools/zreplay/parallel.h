/* Replays with a thread for each thread of the recording.
 *
 * Each thread makes its own calls in their order.  Between threads two rules hold.  The events of
 * one block keep their order: who frees a block of another thread waits until it is there.  And
 * an event runs only when all events have run that are `skew` or more before it.  The thread that
 * is furthest behind waits for nobody, so there is no deadlock. */
#ifndef TOOLS_ZREPLAY_PARALLEL_H_
#define TOOLS_ZREPLAY_PARALLEL_H_

#include "tools/zreplay/replay.h"

/* The events of each thread, and each event's place among those of its block. */
struct plan {
    uint32_t threads;
    size_t *first;   /* by thread, and one more: where its events begin in `event` */
    uint32_t *event; /* numbers of events, in the order of the trace in each thread */
    uint32_t *turn;  /* by event: how many events of its block come before it */
};

/* 0, or -1 without memory.  `plan` may be given to plan_free() in any case. */
int plan_make(struct plan *plan, const struct ops *ops);
void plan_free(struct plan *plan);

/* The memory that a plan and a replay by it take besides the blocks, in bytes. */
uint64_t plan_size(const struct ops *ops);

/* Replays, and fills in all figures of `result` but times.  It begins zeroed, with rss_fixed.
 * `skew` is at least 1.  0, or -1 when a thread cannot be started or memory is missing. */
int replay_parallel(const struct ops *ops, const struct plan *plan, enum touch touch, size_t skew,
                    struct result *result);

#endif /* TOOLS_ZREPLAY_PARALLEL_H_ */
