#include "zmalloc/core/sampled.h"

#include "zmalloc/core/accounting.h"

uintptr_t zm_sampled_end = 1; /* only NULL is below it */
unsigned zm_sampling_period;

/* A random number from 1 to twice the period less 1, by xorshift.  The average is the period,
 * and a program's regular pattern of allocations does not match it. */
static uint64_t draw_distance(void) {
    static _Thread_local uint64_t state __attribute__((tls_model("initial-exec")));
    if (state == 0) state = (uint64_t)(uintptr_t)&state * UINT64_C(0x9e3779b97f4a7c15) | 1;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return 1 + state % (2 * (uint64_t)zm_sample_period() - 1);
}

static bool is_due(void) {
    static _Thread_local uint64_t distance __attribute__((tls_model("initial-exec")));
    if (distance == 0) distance = draw_distance();
    return --distance == 0;
}

void *zm_sample(void *ptr, size_t bytes) { return is_due() ? zm_sampler.replace(ptr, bytes) : ptr; }

bool zm_sampled_usable_size(const void *ptr, size_t *usable) {
    *usable = 0;
    if (ptr == NULL) return true;
    if (!zm_sampling() || !zm_sampler.has(ptr)) return false;
    *usable = zm_sampler.usable_size(ptr);
    return true;
}

bool zm_sampled_free(void *ptr) {
    if (ptr == NULL) return true;
    if (!zm_sampling() || !zm_sampler.has(ptr)) return false;
    zm_count_freed(zm_sampler.free(ptr));
    return true;
}

void zm_sampling_start(unsigned every, uintptr_t end) {
    zm_sampled_end = end;
    __atomic_store_n(&zm_sampling_period, every, __ATOMIC_RELEASE);
    zm_accounting_sampling_started();
}
