// Compiled with tcmalloc's internal headers.
#include "gperftools/tcmalloc.h"
#include "zmalloc/allocator/tcmalloc/inside/extension.h"
#include "zmalloc/allocator/tcmalloc/inside/fast_paths.h"
#include "zmalloc/core/accounting.h"
#include "zmalloc/core/oom.h"
#include "zmalloc/core/sampled.h"
#include "zmalloc/core/traces.h"
#include "zmalloc/core/zones.h"

extern "C" {

// Out of line, so that the fast paths need no stack frame.
void *tcmalloc_private_slow_ztrymalloc(size_t size) ATTRIBUTE_NOINLINE;
void *tcmalloc_private_slow_zmalloc(size_t size) ATTRIBUTE_NOINLINE;
void tcmalloc_private_slow_zfree(void *ptr) ATTRIBUTE_NOINLINE;
void *tcmalloc_private_slow_zmalloc_in(zmalloc_zone_t *zone, size_t size) ATTRIBUTE_NOINLINE;
void tcmalloc_private_slow_zfree_in(zmalloc_zone_t *zone, void *ptr) ATTRIBUTE_NOINLINE;
void tcmalloc_private_zfree_in_counting_slow(zmalloc_zone_t *zone, zm_slot *slot, size_t bytes,
                                             void *ptr) ATTRIBUTE_NOINLINE;

}  // extern "C"

static ALWAYS_INLINE void *SlowMalloc(size_t size, size_t *usable) {
    const bool possible = size < SIZE_MAX / 2 && !zm_limit_refuses(size);
    return possible ? tcmalloc_private_malloc(size, usable) : nullptr;
}

void *tcmalloc_private_slow_ztrymalloc(size_t size) {
    size_t usable;
    void *ptr = SlowMalloc(size, &usable);
    return ptr != nullptr ? zm_count_new_block(ptr, usable) : nullptr;
}

void *tcmalloc_private_slow_zmalloc(size_t size) {
    void *ptr = tcmalloc_private_slow_ztrymalloc(size);
    return ptr != nullptr ? ptr : zm_out_of_memory(size);
}

void tcmalloc_private_slow_zfree(void *ptr) {
    size_t usable;
    if (zm_null_or_sampled(ptr) && zm_sampled_free(ptr)) return;
    tcmalloc_private_free(ptr, &usable);
    zm_count_freed(ptr, usable);
}

extern "C" void *tcmalloc_private_zmalloc(size_t size) {
    void *ptr;
    size_t usable;
    if (PREDICT_FALSE(!tcmalloc_private::FastMalloc(size, &ptr, &usable))) {
        return tcmalloc_private_slow_zmalloc(size);
    }
    return zm_count_new_block_or_fail(ptr, usable, size);
}

extern "C" void *tcmalloc_private_ztrymalloc(size_t size) {
    void *ptr;
    size_t usable;
    if (PREDICT_FALSE(!tcmalloc_private::FastMalloc(size, &ptr, &usable))) {
        return tcmalloc_private_slow_ztrymalloc(size);
    }
    return zm_count_new_block(ptr, usable);
}

extern "C" void tcmalloc_private_zfree(void *ptr) {
    size_t usable;
    if (PREDICT_TRUE(!zm_null_or_sampled(ptr) && tcmalloc_private::FastFree(ptr, &usable))) {
        zm_count_freed(nullptr, usable);
    } else {
        tcmalloc_private_slow_zfree(ptr);
    }
}

// ---- In a zone --------------------------------------------------------------

void *tcmalloc_private_slow_zmalloc_in(zmalloc_zone_t *zone, size_t size) {
    size_t usable;
    void *ptr = SlowMalloc(size, &usable);
    return ptr != nullptr ? zm_count_new_block_in(ptr, usable, size, zone) : zm_out_of_memory(size);
}

void tcmalloc_private_slow_zfree_in(zmalloc_zone_t *zone, void *ptr) {
    size_t usable;
    if (zm_null_or_sampled(ptr) && zm_sampled_free_in(zone, ptr)) return;
    tcmalloc_private_free(ptr, &usable);
    zm_count_freed_in(ptr, usable, zone);
}

extern "C" void *tcmalloc_private_zmalloc_in(zmalloc_zone_t *zone, size_t size) {
    void *ptr;
    size_t usable;
    if (PREDICT_FALSE(!tcmalloc_private::FastMalloc(size, &ptr, &usable))) {
        return tcmalloc_private_slow_zmalloc_in(zone, size);
    }
    return zm_count_new_block_in(ptr, usable, size, zone);
}

void tcmalloc_private_zfree_in_counting_slow(zmalloc_zone_t *zone, zm_slot *slot, size_t bytes,
                                             void *ptr) {
    zm_count_freed_in_slow(zone, slot, bytes, ptr);
    tc_free(ptr);
}

// Counts the block before freeing it, so that the zone is not needed after a call of tcmalloc.
extern "C" void tcmalloc_private_zfree_in(zmalloc_zone_t *zone, void *ptr) {
    tcmalloc::ThreadCache *cache;
    uint32_t size_class;
    if (PREDICT_FALSE(zm_null_or_sampled(ptr) ||
                      !tcmalloc_private::FindCached(ptr, &cache, &size_class))) {
        return tcmalloc_private_slow_zfree_in(zone, ptr);
    }
    zm_slot *slot = zm_thread_slot;
    const size_t usable = tcmalloc::Static::sizemap()->ByteSizeForClass(size_class);
    if (zm_add_freed(slot, usable)) {
        return tcmalloc_private_zfree_in_counting_slow(zone, slot, usable, ptr);
    }
    zm_add_to_zone(slot, zone, -static_cast<int64_t>(usable), -1);
    cache->Deallocate(ptr, size_class);
}

ZM_NAME_IN_TRACES(tcmalloc_private_zmalloc, "zmalloc.inside");
ZM_NAME_IN_TRACES(tcmalloc_private_slow_zmalloc, "zmalloc.slow");
ZM_NAME_IN_TRACES(tcmalloc_private_ztrymalloc, "ztrymalloc.inside");
ZM_NAME_IN_TRACES(tcmalloc_private_slow_ztrymalloc, "ztrymalloc.slow");
ZM_NAME_IN_TRACES(tcmalloc_private_zfree, "zfree.inside");
ZM_NAME_IN_TRACES(tcmalloc_private_slow_zfree, "zfree.slow");
ZM_NAME_IN_TRACES(tcmalloc_private_zmalloc_in, "zmalloc_in.inside");
ZM_NAME_IN_TRACES(tcmalloc_private_slow_zmalloc_in, "zmalloc_in.slow");
ZM_NAME_IN_TRACES(tcmalloc_private_zfree_in, "zfree_in.inside");
ZM_NAME_IN_TRACES(tcmalloc_private_slow_zfree_in, "zfree_in.slow");
ZM_NAME_IN_TRACES(tcmalloc_private_zfree_in_counting_slow, "zfree_in.counting");
