/* Limits the time that sampling takes.  The cost of a sampled block differs tenfold among
 * machines, so each turn is measured, and a pause many times as long follows it.  The pause
 * ends when enough clock time and enough of the program's CPU time have passed.  Clock time
 * is cheap to read and is checked first; CPU time matters where the program waits more than
 * it works.
 *
 * Any thread may call these functions.
 */
#ifndef ZMALLOC_GUARD_BUDGET_H_
#define ZMALLOC_GUARD_BUDGET_H_

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The longest pause, in nanoseconds.  A moment that is much further ahead comes from a clock
 * that was set back, or from the process that forked this one; it counts as over. */
#define ZM_BUDGET_LONGEST_PAUSE UINT64_C(4000000000)

/* In nanoseconds: no block is sampled before `time` and `cpu_time`, and `pause` is the length
 * of the last pause.  All zero: a block may be sampled. */
struct zm_budget {
    uint64_t time, cpu_time, pause;
};

/* The clocks when a turn began, in nanoseconds. */
struct zm_turn {
    uint64_t time, cpu_time, thread_cpu_time;
};

/* Whether a block may be sampled now.  If so, a turn begins, and no other block may be sampled
 * until zm_budget_spend() is called.  If it is never called, as in a child of fork, the turn
 * ends after the longest pause. */
bool zm_budget_allows(struct zm_budget *budget, struct zm_turn *turn);

/* Ends a turn, after the block was sampled, and begins the pause. */
void zm_budget_spend(struct zm_budget *budget, const struct zm_turn *turn);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_GUARD_BUDGET_H_ */
