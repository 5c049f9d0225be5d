#include "zmalloc/guard/budget.h"

bool zm_budget_allows(const struct zm_budget *budget, uint64_t now) {
    const uint64_t after = now - __atomic_load_n(&budget->last_end, __ATOMIC_RELAXED);
    const uint64_t before = -after; /* what another thread saw of the clock is ahead */
    /* A child of fork, whose CPU time begins anew, is long before. */
    return (after < before ? after : before) >= __atomic_load_n(&budget->pause, __ATOMIC_RELAXED);
}

void zm_budget_spend(struct zm_budget *budget, uint64_t now, uint64_t took) {
    __atomic_store_n(&budget->last_end, now, __ATOMIC_RELAXED);
    __atomic_store_n(&budget->pause, took * ZM_BUDGET_PAUSE, __ATOMIC_RELAXED);
}
