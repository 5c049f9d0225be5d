// tcmalloc's fast paths, which also return usable sizes.  For C++ files that are compiled
// with tcmalloc's internal headers.
#ifndef ZMALLOC_ALLOCATOR_TCMALLOC_INSIDE_FAST_PATHS_H_
#define ZMALLOC_ALLOCATOR_TCMALLOC_INSIDE_FAST_PATHS_H_

#include <stdint.h>

#include "common.h"
#include "malloc_hook-inl.h"
#include "page_heap.h"
#include "static_vars.h"
#include "thread_cache.h"
#include "thread_cache_ptr.h"

namespace tcmalloc_private {

static inline PageID PageOf(const void *ptr) {
    return reinterpret_cast<uintptr_t>(ptr) >> kPageShift;
}

static inline void *NoBlock(size_t) { return nullptr; }

// Allocates a small block; false if tcmalloc would sample it, a hook watches it, or the thread
// cache has none.  As malloc_fast_path(), except when memory is exhausted.
static inline bool FastMalloc(size_t size, void **ptr, size_t *usable) {
    tcmalloc::ThreadCache *cache = tcmalloc::ThreadCachePtr::GetIfPresent();
    uint32_t size_class;
    if (PREDICT_FALSE(!base::internal::new_hooks_.empty() || cache == nullptr ||
                      !tcmalloc::Static::sizemap()->GetSizeClass(size, &size_class))) {
        return false;
    }
    *usable = tcmalloc::Static::sizemap()->ByteSizeForClass(size_class);
    if (PREDICT_FALSE(!cache->TryRecordAllocationFast(*usable))) return false;
    *ptr = cache->Allocate(*usable, size_class, NoBlock);
    return PREDICT_TRUE(*ptr != nullptr);
}

// Finds this thread's cache, and the class of a small block if tcmalloc has cached it.  As
// do_free().
static inline bool FindCached(const void *ptr, tcmalloc::ThreadCache **cache,
                              uint32_t *size_class) {
    *cache = tcmalloc::ThreadCachePtr::GetIfPresent();
    return PREDICT_TRUE(base::internal::delete_hooks_.empty() && *cache != nullptr &&
                        tcmalloc::Static::pageheap()->TryGetSizeClass(PageOf(ptr), size_class));
}

// Frees a small block that FindCached() finds, and sets its usable size.  When it returns false,
// the block is not freed.
static inline bool FastFree(void *ptr, size_t *usable) {
    tcmalloc::ThreadCache *cache;
    uint32_t size_class;
    if (!FindCached(ptr, &cache, &size_class)) return false;
    *usable = tcmalloc::Static::sizemap()->ByteSizeForClass(size_class);
    cache->Deallocate(ptr, size_class);
    return true;
}

}  // namespace tcmalloc_private

#endif  // ZMALLOC_ALLOCATOR_TCMALLOC_INSIDE_FAST_PATHS_H_
