/* jemalloc's statistics, by mallctl. */
#include <jemalloc/jemalloc.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/types.h>

#define ZM_MALLCTLNAMETOMIB je_mallctlnametomib
#define ZM_MALLCTLBYMIB je_mallctlbymib
#include "zmalloc/allocator/backend.h"
#include "zmalloc/allocator/mib.h"

static struct zm_mib epoch = {.name = "epoch"};
static struct zm_mib allocated = {.name = "stats.allocated"};
static struct zm_mib active = {.name = "stats.active"};
static struct zm_mib resident = {.name = "stats.resident"};
static struct zm_mib retained = {.name = "stats.retained"};
static struct zm_mib mapped = {.name = "stats.mapped"};
static struct zm_mib arena_small = {.name = "stats.arenas.0.small.allocated", .arena_at = 2};
static struct zm_mib arena_large = {.name = "stats.arenas.0.large.allocated", .arena_at = 2};
static struct zm_mib arena_pactive = {.name = "stats.arenas.0.pactive", .arena_at = 2};
static struct zm_mib arena_resident = {.name = "stats.arenas.0.resident", .arena_at = 2};
static struct zm_mib arena_retained = {.name = "stats.arenas.0.retained", .arena_at = 2};
static struct zm_mib arena_mapped = {.name = "stats.arenas.0.mapped", .arena_at = 2};
static struct zm_mib arena_pmuzzy = {.name = "stats.arenas.0.pmuzzy", .arena_at = 2};
static struct zm_mib arena_pdirty = {.name = "stats.arenas.0.pdirty", .arena_at = 2};
static struct zm_mib arena_caches = {.name = "stats.arenas.0.tcache_bytes", .arena_at = 2};
static struct zm_mib arena_internal = {.name = "stats.arenas.0.internal", .arena_at = 2};
static struct zm_mib metadata = {.name = "stats.metadata"};
static struct zm_mib arena_initialized = {.name = "arena.0.initialized", .arena_at = 1};
static struct zm_mib arena_purge = {.name = "arena.0.purge", .arena_at = 1};
static struct zm_mib narenas = {.name = "arenas.narenas"};
static struct zm_mib page_size = {.name = "arenas.page"};
static struct zm_mib nbins = {.name = "arenas.nbins"};
static struct zm_mib bin_size = {.name = "arenas.bin.0.size", .bin_at = 2};
static struct zm_mib bin_nregs = {.name = "arenas.bin.0.nregs", .bin_at = 2};
static struct zm_mib bin_curregs = {
    .name = "stats.arenas.0.bins.0.curregs", .arena_at = 2, .bin_at = 4};
static struct zm_mib bin_curslabs = {
    .name = "stats.arenas.0.bins.0.curslabs", .arena_at = 2, .bin_at = 4};
static struct zm_mib background_thread = {.name = "background_thread"};
static struct zm_mib default_dirty = {.name = "arenas.dirty_decay_ms"};
static struct zm_mib default_muzzy = {.name = "arenas.muzzy_decay_ms"};
static struct zm_mib arena_dirty = {.name = "arena.0.dirty_decay_ms", .arena_at = 1};
static struct zm_mib arena_muzzy = {.name = "arena.0.muzzy_decay_ms", .arena_at = 1};

static struct zm_mib *const all_mibs[] = {
    &epoch,         &allocated,         &active,
    &resident,      &retained,          &mapped,
    &arena_mapped,  &arena_small,       &arena_large,
    &arena_pactive, &arena_resident,    &arena_retained,
    &arena_pmuzzy,  &arena_initialized, &arena_purge,
    &narenas,       &page_size,         &nbins,
    &bin_size,      &bin_nregs,         &bin_curregs,
    &bin_curslabs,  &background_thread, &default_dirty,
    &default_muzzy, &arena_dirty,       &arena_muzzy,
    &arena_pdirty,  &arena_caches,      &arena_internal,
    &metadata,
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void resolve(void) { zm_mib_resolve(all_mibs, sizeof all_mibs / sizeof all_mibs[0]); }

static unsigned arenas(void) {
    unsigned count;
    return zm_mib_read(&narenas, 0, 0, &count, sizeof count) ? count : 0;
}

/* Check this first: some of jemalloc's mallctls are undefined for an index out of range. */
static bool arena_exists(unsigned arena) {
    bool initialized;
    return arena < arenas() &&
           zm_mib_read(&arena_initialized, arena, 0, &initialized, sizeof initialized) &&
           initialized;
}

static size_t frag_smallbins(size_t arena) {
    unsigned bins;
    size_t free_bytes = 0;
    if (!zm_mib_read(&nbins, 0, 0, &bins, sizeof bins)) return 0;
    for (unsigned b = 0; b < bins; b++) {
        size_t region, used, slabs;
        uint32_t regions;
        if (zm_mib_read(&bin_size, arena, b, &region, sizeof region) &&
            zm_mib_read(&bin_nregs, arena, b, &regions, sizeof regions) &&
            zm_mib_read(&bin_curregs, arena, b, &used, sizeof used) &&
            zm_mib_read(&bin_curslabs, arena, b, &slabs, sizeof slabs) &&
            slabs * regions > used) { /* another thread may change them between the reads */
            free_bytes += (slabs * regions - used) * region;
        }
    }
    return free_bytes;
}

#define SET_READ(stats, FIELD, name, mib, arena, unit)                                             \
    do {                                                                                           \
        size_t value;                                                                              \
        if (zm_mib_read_size(mib, arena, &value)) ZM_STATS_SET(stats, FIELD, name, value *(unit)); \
    } while (0)

static void read_all(struct zm_allocator_stats *stats) {
    SET_READ(stats, ALLOCATED, allocated, &allocated, 0, 1);
    SET_READ(stats, ACTIVE, active, &active, 0, 1);
    SET_READ(stats, RESIDENT, resident, &resident, 0, 1);
    SET_READ(stats, RETAINED, retained, &retained, 0, 1);
    SET_READ(stats, MAPPED, mapped, &mapped, 0, 1);
}

static void read_arena(unsigned arena, size_t page, struct zm_allocator_stats *stats) {
    size_t small, large;
    if (zm_mib_read_size(&arena_small, arena, &small) &&
        zm_mib_read_size(&arena_large, arena, &large)) {
        ZM_STATS_SET(stats, ALLOCATED, allocated, small + large);
    }
    SET_READ(stats, ACTIVE, active, &arena_pactive, arena, page);
    SET_READ(stats, RESIDENT, resident, &arena_resident, arena, 1);
    SET_READ(stats, RETAINED, retained, &arena_retained, arena, 1);
    SET_READ(stats, MAPPED, mapped, &arena_mapped, arena, 1);
}

bool zm_backend_stats(unsigned arena, bool refresh, struct zm_allocator_stats *stats) {
    size_t page;
    size_t index = arena == ZM_ALL_ARENAS ? MALLCTL_ARENAS_ALL : arena;
    pthread_once(&once, resolve);
    if (refresh) zm_mib_refresh(&epoch);
    if (!zm_mib_read_size(&page_size, 0, &page)) return true; /* no statistic is known */
    if (arena == ZM_ALL_ARENAS) {
        read_all(stats);
    } else if (arena_exists(arena)) {
        read_arena(arena, page, stats);
    } else {
        return false;
    }
    SET_READ(stats, MUZZY, muzzy, &arena_pmuzzy, index, page);
    ZM_STATS_SET(stats, FRAG_SMALLBINS, frag_smallbins, frag_smallbins(index));
    return true;
}

/* Reads one of all arenas, in units of so many bytes.  Returns 0 if it is not known. */
static size_t hold(struct zm_held *held, enum zm_held_field field, const struct zm_mib *mib,
                   size_t unit) {
    size_t value;
    if (!zm_mib_read_size(mib, MALLCTL_ARENAS_ALL, &value)) return 0;
    zm_held_set(held, field, value * unit);
    return value * unit;
}

/* Blocks in thread caches, and metadata in blocks, count as allocated. */
void zm_backend_held(struct zm_held *held) {
    size_t page, internal;
    pthread_once(&once, resolve);
    if (!zm_mib_read_size(&page_size, 0, &page)) return;
    zm_held_set(held, ZM_HELD_SLABS, frag_smallbins(MALLCTL_ARENAS_ALL));
    held->in_allocated = hold(held, ZM_HELD_CACHES, &arena_caches, 1);
    (void)hold(held, ZM_HELD_DIRTY, &arena_pdirty, page);
    (void)hold(held, ZM_HELD_MUZZY, &arena_pmuzzy, page);
    (void)hold(held, ZM_HELD_METADATA, &metadata, 1);
    if (zm_mib_read_size(&arena_internal, MALLCTL_ARENAS_ALL, &internal)) {
        held->in_allocated += internal;
    }
}

size_t zm_backend_frag_smallbins(unsigned arena) {
    pthread_once(&once, resolve);
    if (arena == ZM_ALL_ARENAS) return frag_smallbins(MALLCTL_ARENAS_ALL);
    return arena_exists(arena) ? frag_smallbins(arena) : 0;
}

int zm_backend_background_purge(bool enable) {
    pthread_once(&once, resolve);
    if (background_thread.length == 0) return -1;
    int error = je_mallctlbymib(background_thread.path, background_thread.length, NULL, NULL,
                                &enable, sizeof enable);
    return error == 0 ? 0 : -1;
}

static int write_arena(const struct zm_mib *mib, size_t arena, void *value, size_t size) {
    size_t path[ZM_MIB_MAX];
    if (mib->length == 0) return -1;
    for (size_t i = 0; i < mib->length; i++) path[i] = mib->path[i];
    if (mib->arena_at != 0) path[mib->arena_at] = arena;
    return je_mallctlbymib(path, mib->length, NULL, NULL, value, size) == 0 ? 0 : -1;
}

int zm_backend_purge(void) {
    pthread_once(&once, resolve);
    return write_arena(&arena_purge, MALLCTL_ARENAS_ALL, NULL, 0);
}

/* An arena at a time.  jemalloc holds no lock while it gives pages back. */
bool zm_backend_purge_slice(unsigned slice) {
    pthread_once(&once, resolve);
    if (slice < arenas()) (void)write_arena(&arena_purge, slice, NULL, 0);
    return slice + 1 < arenas();
}

/* A decay, in milliseconds. */
struct decay {
    const struct zm_mib *of_new_arenas, *of_arena;
    ssize_t brief, usual;            /* usual: of new arenas, before it was shortened */
    bool chosen[MALLCTL_ARENAS_ALL]; /* arenas whose decay was another one then */
};

static void replace_decay(const struct zm_mib *mib, unsigned arena, ssize_t from, ssize_t to) {
    ssize_t now;
    if (!zm_mib_read(mib, arena, 0, &now, sizeof now) || now != from) return;
    (void)write_arena(mib, arena, &to, sizeof to);
}

/* -1: the program has turned decay off.  A decay that the program chose for an arena stays. */
static void shorten(struct decay *decay, bool on) {
    if (on && !zm_mib_read(decay->of_new_arenas, 0, 0, &decay->usual, sizeof decay->usual)) {
        decay->usual = 0;
    }
    if (decay->usual <= decay->brief) return;
    const ssize_t from = on ? decay->usual : decay->brief, to = on ? decay->brief : decay->usual;
    const unsigned count = arenas();
    for (unsigned a = 0; on && a < MALLCTL_ARENAS_ALL; a++) {
        ssize_t now;
        decay->chosen[a] = a < count && arena_exists(a) &&
                           zm_mib_read(decay->of_arena, a, 0, &now, sizeof now) && now != from;
    }
    replace_decay(decay->of_new_arenas, 0, from, to);
    for (unsigned a = 0; a < arenas(); a++) {
        if (!decay->chosen[a] && arena_exists(a)) replace_decay(decay->of_arena, a, from, to);
    }
}

static void end_decay(const struct zm_mib *of_new_arenas, const struct zm_mib *of_arena) {
    ssize_t never = -1;
    (void)write_arena(of_new_arenas, 0, &never, sizeof never);
    for (unsigned a = 0; a < arenas(); a++) {
        if (arena_exists(a)) (void)write_arena(of_arena, a, &never, sizeof never);
    }
}

/* jemalloc does not write into a free block: it notes the block in the thread cache's own memory,
 * and as a bit in the record of its slab. */
bool zm_backend_fork_child(void) {
    pthread_once(&once, resolve);
    end_decay(&default_dirty, &arena_dirty);
    end_decay(&default_muzzy, &arena_muzzy);
    return false;
}

/* A child of fork may see the moment between two writes, and then calls this with false. */
void zm_backend_shorten_decay(bool on) {
    static struct decay dirty = {&default_dirty, &arena_dirty, 1000, 0, {false}};
    static struct decay muzzy = {&default_muzzy, &arena_muzzy, 0, 0, {false}};
    static bool is_short;
    if (on == is_short) return;
    pthread_once(&once, resolve);
    if (on) is_short = true;
    shorten(&dirty, on);
    shorten(&muzzy, on);
    if (!on) is_short = false;
}
