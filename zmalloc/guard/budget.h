/* What sampling may take of a program's time.  What a sampled block takes differs by
 * tenfold among machines, so it is measured: a pause of so many times as long follows.
 *
 * Any thread may call; times are in nanoseconds.
 */
#ifndef ZMALLOC_GUARD_BUDGET_H_
#define ZMALLOC_GUARD_BUDGET_H_

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A pause is so many times as long as what was before it.  To free a sampled block takes
 * no longer than to make it, so that both are below a two hundredth. */
enum { ZM_BUDGET_PAUSE = 400 };

/* By one clock.  Zeros: nothing was spent. */
struct zm_budget {
    uint64_t last_end, pause;
};

/* Whether a block may be sampled at `now`. */
bool zm_budget_allows(const struct zm_budget *budget, uint64_t now);

/* One was until `now`, and it took so long. */
void zm_budget_spend(struct zm_budget *budget, uint64_t now, uint64_t took);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_GUARD_BUDGET_H_ */
