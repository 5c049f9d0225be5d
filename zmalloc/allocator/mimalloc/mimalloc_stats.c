/* Statistics, purging and the like for mimalloc, by our extension. */
#include "zmalloc/allocator/backend.h"

bool zm_backend_stats(unsigned arena, bool refresh, struct zm_allocator_stats *stats) {
    struct mi_usage usage;
    (void)refresh; /* always up to date */
    if (arena != ZM_ALL_ARENAS) return false;
    const bool knows_all = mi_get_usage(&usage);
    ZM_STATS_SET(stats, MAPPED, mapped, usage.committed);
    if (!knows_all) return true;
    ZM_STATS_SET(stats, ALLOCATED, allocated, usage.allocated);
    ZM_STATS_SET(stats, ACTIVE, active, usage.active);
    ZM_STATS_SET(stats, RESIDENT, resident, usage.resident);
    ZM_STATS_SET(stats, RETAINED, retained, usage.reserved - usage.committed);
    ZM_STATS_SET(stats, FRAG_SMALLBINS, frag_smallbins, usage.frag_small);
    return true;
}

static size_t minus(size_t from, size_t part) { return from > part ? from - part : 0; }

void zm_backend_held(struct zm_held *held) {
    struct mi_usage usage;
    if (!mi_get_usage(&usage)) return;
    zm_held_set(held, ZM_HELD_SLABS, minus(usage.active, usage.allocated));
    zm_held_set(held, ZM_HELD_DIRTY, minus(usage.resident, usage.active + usage.metadata));
    zm_held_set(held, ZM_HELD_METADATA, usage.metadata);
}

size_t zm_backend_frag_smallbins(unsigned arena) {
    struct mi_usage usage;
    if (arena != ZM_ALL_ARENAS) return 0;
    mi_get_usage(&usage);
    return usage.frag_small;
}

/* mimalloc has no thread of its own. */
int zm_backend_background_purge(bool enable) {
    (void)enable;
    return -1;
}

/* A thread that never allocated has no heap, and would purge nothing. */
int zm_backend_purge(void) {
    mi_thread_init();
    mi_purge();
    return 0;
}

bool zm_backend_can_defrag(void) { return mi_can_defrag(); }

void zm_backend_should_defrag(const void *const *ptrs, size_t count, bool *should) {
    for (size_t i = 0; i < count; i++) should[i] = ptrs[i] != NULL && mi_should_defrag(ptrs[i]);
}

bool zm_backend_slab_of(const void *ptr, struct zm_slab *slab) {
    return mi_page_use(ptr, &slab->blocks, &slab->free_bytes);
}

bool zm_backend_purge_slice(unsigned slice) {
    (void)slice;
    (void)zm_backend_purge();
    return false;
}

void zm_backend_shorten_decay(bool shorten) { (void)shorten; }

bool zm_backend_fork_child(void) {
    mi_keep_pages();
    return true;
}
