/* What sampling may take of a program's time.  What a sampled block takes differs by
 * tenfold among machines, so it is measured: a pause of so many times as long follows.
 *
 * Any thread may call; times are in nanoseconds of CPU.
 */
#ifndef ZMALLOC_GUARD_BUDGET_H_
#define ZMALLOC_GUARD_BUDGET_H_

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A pause is so many times as long as what was before it.  To free a sampled block takes
 * no longer than to make it, so that both are below a hundredth. */
enum { ZM_BUDGET_PAUSE = 200 };

/* Whether a block may be sampled at `now`, of the process's time. */
bool zm_budget_allows(uint64_t now);

/* One was until `now`, and it took so long. */
void zm_budget_spend(uint64_t now, uint64_t took);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_GUARD_BUDGET_H_ */
