#include "zmalloc/guard/budget.h"

#include <stdatomic.h>

static _Atomic uint64_t last_end, pause_then;

bool zm_budget_allows(uint64_t now) {
    const uint64_t since = now - atomic_load_explicit(&last_end, memory_order_relaxed);
    const uint64_t until = -since; /* when another thread's clock is ahead */
    /* A child of fork, whose time begins anew, is long before. */
    return (since < until ? since : until) >=
           atomic_load_explicit(&pause_then, memory_order_relaxed);
}

void zm_budget_spend(uint64_t now, uint64_t took) {
    atomic_store_explicit(&last_end, now, memory_order_relaxed);
    atomic_store_explicit(&pause_then, took * ZM_BUDGET_PAUSE, memory_order_relaxed);
}
