#include "zmalloc/core/sampled.h"

#include "zmalloc/core/accounting.h"
#include "zmalloc/core/inherited.h"
#include "zmalloc/core/poisson.h"
#include "zmalloc/core/zones.h"

uintptr_t zm_sampled_end = 1; /* only NULL is below it */
uintptr_t zm_resized_with_care = 1;

/* On average one of this many new blocks is sampled; 0: no block is. */
static unsigned period;

/* From 1 to twice the period less 1.  The average is the period, and a program's regular pattern of
 * allocations does not match it. */
static uint64_t draw_distance(void) { return 1 + zm_random() % (2 * (uint64_t)period - 1); }

static bool is_due(void) {
    static _Thread_local uint64_t distance __attribute__((tls_model("initial-exec")));
    if (distance == 0) distance = draw_distance();
    return --distance == 0;
}

/* ---- Early blocks ----------------------------------------------------------- */

/* Below this address are the blocks of the sampler and of the profiler, or all. */
static uintptr_t sampler_end = 1;

static struct {
    uintptr_t memory;
    size_t size;
    int64_t bytes; /* in blocks that are not freed; atomic */
} early;

static bool is_early_block(const void *ptr) { return (uintptr_t)ptr - early.memory < early.size; }

static bool is_limited, has_large_samples; /* atomic */

static uintptr_t end_of_care(void) {
    const bool all = __atomic_load_n(&is_limited, __ATOMIC_SEQ_CST) ||
                     __atomic_load_n(&has_large_samples, __ATOMIC_SEQ_CST);
    return all ? UINTPTR_MAX : __atomic_load_n(&zm_sampled_end, __ATOMIC_SEQ_CST);
}

/* Another thread may set what this depends on at the same time; the last one to look sees both. */
static void set_resized_with_care(void) {
    uintptr_t end;
    do {
        end = end_of_care();
        __atomic_store_n(&zm_resized_with_care, end, __ATOMIC_SEQ_CST);
    } while (end != end_of_care());
}

/* Once all early blocks are freed, no comparison need find them. */
static void set_end(int64_t early_bytes) {
    uintptr_t end = sampler_end;
    if (early_bytes != 0 && end < early.memory + early.size) end = early.memory + early.size;
    __atomic_store_n(&zm_sampled_end, end, __ATOMIC_RELAXED);
    set_resized_with_care();
}

void zm_resize_with_care(bool limited) {
    __atomic_store_n(&is_limited, limited, __ATOMIC_SEQ_CST);
    set_resized_with_care();
}

void zm_resize_samples_with_care(bool exist) {
    __atomic_store_n(&has_large_samples, exist, __ATOMIC_SEQ_CST);
    set_resized_with_care();
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
    if (zm_profiler.has(ptr)) {
        *usable = zm_profiler.usable_size(ptr);
    } else if (zm_sampler.has(ptr)) {
        *usable = zm_sampler.usable_size(ptr);
    } else {
        return zm_inherited_usable_size(ptr, usable);
    }
    return true;
}

/* Frees a block and sets *bytes to what it counted for; returns false if it is another one. */
static bool give_back(void *ptr, size_t *bytes) {
    if (is_early_block(ptr)) {
        *bytes = free_early(ptr);
        return true;
    }
    if (!zm_sampling()) return false;
    if (zm_profiler.has(ptr)) {
        *bytes = zm_profiler.free(ptr);
    } else if (zm_sampler.has(ptr)) {
        *bytes = zm_sampler.free(ptr);
    } else {
        return zm_inherited_free(ptr, bytes);
    }
    return true;
}

bool zm_sampled_free(void *ptr) {
    size_t bytes;
    if (ptr == NULL) return true;
    if (!give_back(ptr, &bytes)) return false;
    zm_count_freed(NULL, bytes);
    return true;
}

bool zm_sampled_free_in(const struct zmalloc_zone_t *zone, void *ptr) {
    size_t bytes;
    if (ptr == NULL) return true;
    if (!give_back(ptr, &bytes)) return false;
    zm_count_freed_in(NULL, bytes, zone);
    return true;
}

static void take_slow_paths_below(uintptr_t end) {
    if (end > sampler_end) sampler_end = end;
    set_end(early.bytes);
    zm_count_with_care(ZM_WATCHED, true);
    zm_accounting_watch_started();
}

void zm_sampling_start(unsigned every, uintptr_t end) {
    period = every;
    take_slow_paths_below(end);
}

void zm_all_blocks_take_slow_paths(void) { take_slow_paths_below(UINTPTR_MAX); }

void zm_profiling_start(uint64_t rate, uintptr_t end) {
    if (end > sampler_end) sampler_end = end;
    set_end(__atomic_load_n(&early.bytes, __ATOMIC_RELAXED));
    zm_accounting_sample(rate);
}
