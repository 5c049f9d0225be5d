#include "zmalloc/guard/sampled.h"

#include <limits.h>
#include <pthread.h>

#include "zmalloc/accounting/accounting.h"
#include "zmalloc/allocator/backend.h"
#include "zmalloc/guard/fault.h"
#include "zmalloc/guard/pool.h"
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

/* 1/N: N, or 0 when it is something else. */
static unsigned parse(const char *text) {
    unsigned every = 0;
    if (text[0] != '1' || text[1] != '/') return 0;
    for (text += 2; *text != '\0'; text++) {
        const unsigned digit = (unsigned)*text - '0';
        if (digit > 9 || every > (INT_MAX - digit) / 10) return 0;
        every = every * 10 + digit;
    }
    return every;
}

/* What is allocated before is not sampled. */
__attribute__((constructor)) static void set_up(void) {
    static const char variable[] = "ZMALLOC_GUARD_SAMPLE";
    const char *text = zm_os_trusted_getenv(variable);
    if (text == NULL || *text == '\0') return;
    const unsigned every = parse(text);
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
    pthread_atfork(NULL, NULL, zm_fault_in_child);
    zm_fault_watch();
    zm_accounting_sample(every, sampled);
}
