#include "zmalloc/core/sampled.h"

#include "zmalloc/core/accounting.h"
#include "zmalloc/core/inherited.h"
#include "zmalloc/core/zones.h"

uintptr_t zm_sampled_end = 1; /* only NULL is below it */
uintptr_t zm_resized_with_care = 1;
bool zm_new_blocks_watched;

/* On average one of this many new blocks is sampled; 0: no block is. */
static unsigned period;

/* A random number from 1 to twice the period less 1, by xorshift.  The average is the period,
 * and a program's regular pattern of allocations does not match it. */
static uint64_t draw_distance(void) {
    static _Thread_local uint64_t state __attribute__((tls_model("initial-exec")));
    if (state == 0) state = (uint64_t)(uintptr_t)&state * UINT64_C(0x9e3779b97f4a7c15) | 1;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return 1 + state % (2 * (uint64_t)period - 1);
}

static bool is_due(void) {
    static _Thread_local uint64_t distance __attribute__((tls_model("initial-exec")));
    if (distance == 0) distance = draw_distance();
    return --distance == 0;
}

/* ---- Early blocks ----------------------------------------------------------- */

/* Below this address are the sampler's blocks, or all. */
static uintptr_t sampler_end = 1;

static struct {
    uintptr_t memory;
    size_t size;
    int64_t bytes; /* in blocks that are not freed; atomic */
} early;

static bool is_early_block(const void *ptr) { return (uintptr_t)ptr - early.memory < early.size; }

static bool is_limited; /* atomic */

static void set_resized_with_care(uintptr_t end) {
    const bool all = __atomic_load_n(&is_limited, __ATOMIC_RELAXED);
    __atomic_store_n(&zm_resized_with_care, all ? UINTPTR_MAX : end, __ATOMIC_RELAXED);
}

/* Once all early blocks are freed, no comparison need find them. */
static void set_end(int64_t early_bytes) {
    uintptr_t end = sampler_end;
    if (early_bytes != 0 && end < early.memory + early.size) end = early.memory + early.size;
    __atomic_store_n(&zm_sampled_end, end, __ATOMIC_RELAXED);
    set_resized_with_care(end);
}

void zm_resize_with_care(bool limited) {
    __atomic_store_n(&is_limited, limited, __ATOMIC_RELAXED);
    set_resized_with_care(__atomic_load_n(&zm_sampled_end, __ATOMIC_RELAXED));
}

void zm_early_blocks_take(uintptr_t memory, size_t size, size_t usable) {
    early.memory = memory;
    early.size = size;
    early.bytes += (int64_t)usable;
    zm_sampled_end = zm_resized_with_care = UINTPTR_MAX;
}

void zm_early_blocks_give_back(size_t usable) { early.bytes -= (int64_t)usable; }

void zm_early_blocks_over(void) {
    if (early.size == 0) return;
    set_end(early.bytes);
    zm_count_allocated((size_t)early.bytes);
}

static size_t usable_of_early(const void *ptr) { return ((const size_t *)ptr)[-2]; }

static size_t free_early(const void *ptr) {
    const size_t usable = usable_of_early(ptr);
    set_end(__atomic_sub_fetch(&early.bytes, (int64_t)usable, __ATOMIC_RELAXED));
    return usable;
}

/* ---- Sampled blocks --------------------------------------------------------- */

void *zm_watch_new_block(void *ptr, size_t bytes, bool may_sample) {
    if (may_sample && period != 0 && is_due()) {
        void *sampled = zm_sampler.replace(ptr, bytes);
        if (sampled != ptr) return sampled;
    }
    zm_own(ptr);
    return ptr;
}

bool zm_sampled_usable_size(const void *ptr, size_t *usable) {
    *usable = 0;
    if (ptr == NULL) return true;
    if (is_early_block(ptr)) {
        *usable = usable_of_early(ptr);
        return true;
    }
    if (!zm_sampling()) return false;
    if (!zm_sampler.has(ptr)) return zm_inherited_usable_size(ptr, usable);
    *usable = zm_sampler.usable_size(ptr);
    return true;
}

/* Frees a block and sets *bytes to what it counted for; returns false if it is another one. */
static bool give_back(void *ptr, size_t *bytes) {
    if (is_early_block(ptr)) {
        *bytes = free_early(ptr);
        return true;
    }
    if (!zm_sampling()) return false;
    if (!zm_sampler.has(ptr)) return zm_inherited_free(ptr, bytes);
    *bytes = zm_sampler.free(ptr);
    return true;
}

bool zm_sampled_free(void *ptr) {
    size_t bytes;
    if (ptr == NULL) return true;
    if (!give_back(ptr, &bytes)) return false;
    zm_count_freed(bytes);
    return true;
}

bool zm_sampled_free_in(const struct zmalloc_zone_t *zone, void *ptr) {
    size_t bytes;
    if (ptr == NULL) return true;
    if (!give_back(ptr, &bytes)) return false;
    zm_count_freed_in(bytes, zone);
    return true;
}

static void take_slow_paths_below(uintptr_t end) {
    sampler_end = end;
    set_end(early.bytes);
    __atomic_store_n(&zm_new_blocks_watched, true, __ATOMIC_RELEASE);
    zm_accounting_watch_started();
}

void zm_sampling_start(unsigned every, uintptr_t end) {
    period = every;
    take_slow_paths_below(end);
}

void zm_all_blocks_take_slow_paths(void) { take_slow_paths_below(UINTPTR_MAX); }
