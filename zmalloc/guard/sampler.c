/* Sampled guard pages: with ZMALLOC_GUARD_SAMPLE=1/N in the environment, one of N blocks lies
 * at the end of a page, before a guard page.  When the block is freed, its own page is
 * protected too (docs/guard.md). */
#include <pthread.h>

#include "zmalloc/allocator/backend.h"
#include "zmalloc/core/accounting.h"
#include "zmalloc/core/sampled.h"
#include "zmalloc/guard/budget.h"
#include "zmalloc/guard/bug_report.h"
#include "zmalloc/guard/pool.h"
#include "zmalloc/guard/rate.h"
#include "zmalloc/os/os.h"

/* Include this after backend.h: it may replace the allocator's functions by guarded ones. */
#include ZM_GUARD_HEADER

static size_t free_sampled(void *ptr) { return zm_pool_give_back(ptr) + ZM_BACKEND_PREFIX; }

/* Frees a new block, which counts for `counted` bytes, and returns a sampled block in its
 * place.  When the pool has no page for it, returns the new block. */
static void *replace(void *ptr, size_t counted) {
    size_t freed;
    void *instead = zm_pool_take(counted - ZM_BACKEND_PREFIX);
    if (instead == NULL) return ptr;
    zm_backend_free(ptr, &freed);
    zm_segv_watch();
    return instead;
}

/* When one of this many blocks is sampled, or fewer, the budget also limits sampling. */
enum { BUDGETED_FROM = 1000 };

static struct zm_budget budget;

static bool is_budgeted;

static void *replace_if_allowed(void *ptr, size_t counted) {
    struct zm_turn turn;
    if (!is_budgeted) return replace(ptr, counted);
    if (!zm_budget_allows(&budget, &turn)) return ptr;
    void *instead = replace(ptr, counted);
    zm_budget_spend(&budget, &turn);
    return instead;
}

const struct zm_sampler zm_sampler = {
    .replace = replace_if_allowed,
    .has = zm_pool_has,
    .usable_size = zm_pool_size,
    .free = free_sampled,
};

/* The child's CPU time starts at 0, and the thread whose turn it was is not in the child. */
static void in_child(void) {
    budget = (struct zm_budget){0};
    zm_segv_in_child();
}

/* Blocks that are allocated before this runs are not sampled. */
__attribute__((constructor)) static void set_up(void) {
    static const char variable[] = "ZMALLOC_GUARD_SAMPLE";
    const char *text = zm_os_secure_getenv(variable);
    if (text == NULL || *text == '\0') return;
    const unsigned every = zm_rate_parse(text);
    if (every == 0) {
        zm_say("ZMALLOC_GUARD_SAMPLE is ignored: it is not 1/N, with N from 1 to 2147483647: ",
               text);
        return;
    }
    const uintptr_t end = zm_pool_open();
    if (end == 0) {
        zm_say("ZMALLOC_GUARD_SAMPLE is ignored: no address space for it", "");
        return;
    }
    pthread_atfork(NULL, NULL, in_child);
    zm_segv_watch();
    is_budgeted = every >= BUDGETED_FROM;
    zm_sampling_start(every, end);
}
