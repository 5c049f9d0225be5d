/* gperftools' statistics, from the properties of MallocExtension. */
#include <gperftools/malloc_extension_c.h>

#include "zmalloc/allocator/backend.h"

static bool read_property(const char *name, size_t *value) {
    return MallocExtension_GetNumericProperty(name, value) != 0;
}

static size_t minus(size_t from, size_t part) { return from > part ? from - part : 0; }

bool zm_backend_stats(unsigned arena, bool refresh, struct zm_allocator_stats *stats) {
    size_t allocated, heap, free_pages, unmapped, physical;
    (void)refresh; /* always up to date */
    if (arena != ZM_ALL_ARENAS) return false;
    if (!read_property("generic.current_allocated_bytes", &allocated) ||
        !read_property("generic.heap_size", &heap) ||
        !read_property("generic.total_physical_bytes", &physical) ||
        !read_property("tcmalloc.pageheap_free_bytes", &free_pages) ||
        !read_property("tcmalloc.pageheap_unmapped_bytes", &unmapped)) {
        return true; /* no statistic is known */
    }
    ZM_STATS_SET(stats, ALLOCATED, allocated, allocated);
    ZM_STATS_SET(stats, ACTIVE, active, minus(heap, free_pages + unmapped));
    ZM_STATS_SET(stats, RESIDENT, resident, physical);
    ZM_STATS_SET(stats, RETAINED, retained, unmapped);
    ZM_STATS_SET(stats, MAPPED, mapped, physical);
    return true;
}

/* Free blocks that central lists have lie in spans beside blocks in use. */
void zm_backend_held(struct zm_held *held) {
    size_t central, transfer, threads, free_pages, heap, unmapped, physical;
    held->uses_break = true;
    if (!read_property("tcmalloc.central_cache_free_bytes", &central) ||
        !read_property("tcmalloc.transfer_cache_free_bytes", &transfer) ||
        !read_property("tcmalloc.thread_cache_free_bytes", &threads) ||
        !read_property("tcmalloc.pageheap_free_bytes", &free_pages) ||
        !read_property("generic.heap_size", &heap) ||
        !read_property("tcmalloc.pageheap_unmapped_bytes", &unmapped) ||
        !read_property("generic.total_physical_bytes", &physical)) {
        return;
    }
    zm_held_set(held, ZM_HELD_SLABS, central);
    zm_held_set(held, ZM_HELD_CACHES, transfer + threads);
    zm_held_set(held, ZM_HELD_DIRTY, free_pages);
    zm_held_set(held, ZM_HELD_METADATA, minus(physical, minus(heap, unmapped)));
}

int zm_backend_purge(void) {
    MallocExtension_ReleaseFreeMemory();
    return 0;
}

/* tcmalloc gives back whole spans.  If that is more than we asked for, tcmalloc remembers the
 * surplus, and gives nothing back until we have asked for as many bytes again.  So a slice may gain
 * nothing, and the number of slices is limited. */
bool zm_backend_purge_slice(unsigned slice) {
    enum { SLICE = 1 << 20, MOST_SLICES = 1 << 14 };
    size_t left;
    MallocExtension_ReleaseToSystem(SLICE);
    return slice < MOST_SLICES && read_property("tcmalloc.pageheap_free_bytes", &left) && left > 0;
}

void zm_backend_shorten_decay(bool shorten) {
    static double usual;
    static bool is_short;
    enum { FASTEST = 10 };
    if (shorten == is_short) return;
    if (shorten) is_short = true; /* first, and last: another thread may fork in between */
    if (shorten) usual = MallocExtension_GetMemoryReleaseRate();
    /* 0: the program has turned release off. */
    MallocExtension_SetMemoryReleaseRate(shorten && usual > 0 && usual < FASTEST ? FASTEST : usual);
    if (!shorten) is_short = false;
}

bool zm_backend_fork_child(void) {
    MallocExtension_SetMemoryReleaseRate(0);
    return true;
}

bool zm_backend_slab_of(const void *ptr, struct zm_slab *slab) {
    return tcmalloc_private_span_use(ptr, &slab->blocks, &slab->free_bytes);
}
