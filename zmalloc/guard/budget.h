/* What sampling may take of a program's time.  What a sampled block takes differs by
 * tenfold among machines, so it is measured, and a pause of so many times as long follows:
 * of time, and of the program's CPU time.  The first holds most often and costs little to
 * ask; the second holds where the program waits more than it works.
 *
 * Any thread may call.
 */
#ifndef ZMALLOC_GUARD_BUDGET_H_
#define ZMALLOC_GUARD_BUDGET_H_

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* In nanoseconds: the longest pause, whatever the clocks say.  A moment that is much further
 * ahead is of a clock that was set back, or of a process that this one was forked from. */
#define ZM_BUDGET_LONGEST_PAUSE UINT64_C(4000000000)

/* Moments before which no block is sampled, and how long the last pause was.  Zeros: a
 * block may be sampled. */
struct zm_budget {
    uint64_t time, cpu_time, pause;
};

/* The clocks when a block's turn began. */
struct zm_turn {
    uint64_t time, cpu_time, thread_cpu_time;
};

/* Whether a block may be sampled now.  If so, no other may until zm_budget_spend(), or for
 * the longest pause where that never comes, as in a child of fork. */
bool zm_budget_allows(struct zm_budget *budget, struct zm_turn *turn);

/* It was. */
void zm_budget_spend(struct zm_budget *budget, const struct zm_turn *turn);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_GUARD_BUDGET_H_ */
