#include "zmalloc/guard/sampled.h"

#include <pthread.h>

#include "zmalloc/accounting/accounting.h"
#include "zmalloc/allocator/backend.h"
#include "zmalloc/guard/budget.h"
#include "zmalloc/guard/fault.h"
#include "zmalloc/guard/pool.h"
#include "zmalloc/guard/rate.h"
#include "zmalloc/guard/report.h"
#include "zmalloc/os/os.h"

/* After the allocator's own. */
#include "guarded.h"

uintptr_t zm_sampled_end = 1;

bool zm_seldom_size(const void *ptr, size_t *usable) {
    *usable = 0;
    if (ptr == NULL) return true;
    if (!zm_pool_has(ptr)) return false;
    *usable = zm_pool_size(ptr);
    return true;
}

bool zm_seldom_freed(void *ptr) {
    if (ptr == NULL) return true;
    if (!zm_pool_has(ptr)) return false;
    zm_count_freed(zm_pool_give_back(ptr) + ZM_BACKEND_PREFIX);
    return true;
}

/* A sampled block in place of a new one, which counts for `counted` bytes; or that. */
static void *sampled(void *ptr, size_t counted) {
    size_t freed;
    void *instead = zm_pool_take(counted - ZM_BACKEND_PREFIX);
    if (instead == NULL) return ptr;
    zm_backend_free(ptr, &freed);
    zm_fault_watch();
    return instead;
}

/* From such a rate on, what it takes matters more than that it is one of so many. */
enum { BUDGETED_FROM = 1000 };

static struct zm_budget budget;

static void *sampled_within_budget(void *ptr, size_t counted) {
    struct zm_turn turn;
    if (!zm_budget_allows(&budget, &turn)) return ptr;
    void *instead = sampled(ptr, counted);
    zm_budget_spend(&budget, &turn);
    return instead;
}

/* Its CPU time begins anew, and the thread whose turn it was is not there. */
static void in_child(void) {
    budget = (struct zm_budget){0};
    zm_fault_in_child();
}

/* What is allocated before is not sampled. */
__attribute__((constructor)) static void set_up(void) {
    static const char variable[] = "ZMALLOC_GUARD_SAMPLE";
    const char *text = zm_os_trusted_getenv(variable);
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
    zm_sampled_end = end;
    pthread_atfork(NULL, NULL, in_child);
    zm_fault_watch();
    zm_accounting_sample(every, every < BUDGETED_FROM ? sampled : sampled_within_budget);
}
