// tcmalloc's fast paths, with usable sizes.  For C++ files that are compiled with
// it, against its internal headers.
#ifndef ZMALLOC_THIRD_PARTY_GPERFTOOLS_FAST_PATHS_H_
#define ZMALLOC_THIRD_PARTY_GPERFTOOLS_FAST_PATHS_H_

#include <stdint.h>

#include "common.h"
#include "malloc_hook-inl.h"
#include "page_heap.h"
#include "static_vars.h"
#include "thread_cache.h"

namespace tcmalloc_private {

static inline PageID PageOf(const void *ptr) {
    return reinterpret_cast<uintptr_t>(ptr) >> kPageShift;
}

static inline void *NoBlock(size_t) { return nullptr; }

// A small block, neither sampled nor watched by hooks; false when there is none.
// As malloc_fast_path(), but for what it does when memory is exhausted.
static inline bool FastMalloc(size_t size, void **ptr, size_t *usable) {
    tcmalloc::ThreadCache *cache = tcmalloc::ThreadCache::GetFastPathCache();
    uint32 size_class;
    if (PREDICT_FALSE(!base::internal::new_hooks_.empty() || cache == nullptr ||
                      !tcmalloc::Static::sizemap()->GetSizeClass(size, &size_class))) {
        return false;
    }
    *usable = tcmalloc::Static::sizemap()->ByteSizeForClass(size_class);
    if (PREDICT_FALSE(!cache->TryRecordAllocationFast(*usable))) return false;
    *ptr = cache->Allocate(*usable, size_class, NoBlock);
    return PREDICT_TRUE(*ptr != nullptr);
}

// Frees a small block whose size class tcmalloc has at hand, and tells its usable
// size; false when the block is still to be freed.  As do_free().
static inline bool FastFree(void *ptr, size_t *usable) {
    tcmalloc::ThreadCache *cache = tcmalloc::ThreadCache::GetCacheIfPresent();
    uint32 size_class;
    if (PREDICT_FALSE(!base::internal::delete_hooks_.empty() || cache == nullptr ||
                      !tcmalloc::Static::pageheap()->TryGetSizeClass(PageOf(ptr), &size_class))) {
        return false;
    }
    *usable = tcmalloc::Static::sizemap()->ByteSizeForClass(size_class);
    cache->Deallocate(ptr, size_class);
    return true;
}

}  // namespace tcmalloc_private

#endif  // ZMALLOC_THIRD_PARTY_GPERFTOOLS_FAST_PATHS_H_
