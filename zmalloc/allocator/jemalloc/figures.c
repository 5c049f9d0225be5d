/* jemalloc's figures, through mallctl.  Names are resolved to MIBs once. */
#include <jemalloc/jemalloc.h>
#include <pthread.h>
#include <stdint.h>

#include "zmalloc/allocator/backend.h"

enum { MIB_MAX = 7 };

struct mib {
    const char *name;          /* with 0 where an index goes */
    unsigned arena_at, bin_at; /* where in the path an index goes; 0: nowhere */
    size_t length;             /* 0: this jemalloc does not have it */
    size_t path[MIB_MAX];
};

static struct mib epoch = {.name = "epoch"};
static struct mib allocated = {.name = "stats.allocated"};
static struct mib active = {.name = "stats.active"};
static struct mib resident = {.name = "stats.resident"};
static struct mib retained = {.name = "stats.retained"};
static struct mib mapped = {.name = "stats.mapped"};
static struct mib arena_small = {.name = "stats.arenas.0.small.allocated", .arena_at = 2};
static struct mib arena_large = {.name = "stats.arenas.0.large.allocated", .arena_at = 2};
static struct mib arena_pactive = {.name = "stats.arenas.0.pactive", .arena_at = 2};
static struct mib arena_resident = {.name = "stats.arenas.0.resident", .arena_at = 2};
static struct mib arena_retained = {.name = "stats.arenas.0.retained", .arena_at = 2};
static struct mib arena_mapped = {.name = "stats.arenas.0.mapped", .arena_at = 2};
static struct mib arena_pmuzzy = {.name = "stats.arenas.0.pmuzzy", .arena_at = 2};
static struct mib arena_initialized = {.name = "arena.0.initialized", .arena_at = 1};
static struct mib arena_purge = {.name = "arena.0.purge", .arena_at = 1};
static struct mib narenas = {.name = "arenas.narenas"};
static struct mib page_size = {.name = "arenas.page"};
static struct mib nbins = {.name = "arenas.nbins"};
static struct mib bin_size = {.name = "arenas.bin.0.size", .bin_at = 2};
static struct mib bin_nregs = {.name = "arenas.bin.0.nregs", .bin_at = 2};
static struct mib bin_curregs = {
    .name = "stats.arenas.0.bins.0.curregs", .arena_at = 2, .bin_at = 4};
static struct mib bin_curslabs = {
    .name = "stats.arenas.0.bins.0.curslabs", .arena_at = 2, .bin_at = 4};
static struct mib background_thread = {.name = "background_thread"};

static struct mib *const all_mibs[] = {
    &epoch,         &allocated,         &active,
    &resident,      &retained,          &mapped,
    &arena_mapped,  &arena_small,       &arena_large,
    &arena_pactive, &arena_resident,    &arena_retained,
    &arena_pmuzzy,  &arena_initialized, &arena_purge,
    &narenas,       &page_size,         &nbins,
    &bin_size,      &bin_nregs,         &bin_curregs,
    &bin_curslabs,  &background_thread,
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void resolve(void) {
    for (size_t i = 0; i < sizeof all_mibs / sizeof all_mibs[0]; i++) {
        size_t length = MIB_MAX;
        if (je_mallctlnametomib(all_mibs[i]->name, all_mibs[i]->path, &length) == 0) {
            all_mibs[i]->length = length;
        }
    }
}

/* Reads a figure of `size` bytes, with the indices put into its path. */
static bool read_indexed(const struct mib *mib, size_t arena, size_t bin, void *value,
                         size_t size) {
    size_t path[MIB_MAX];
    size_t wanted = size;
    if (mib->length == 0) return false;
    for (size_t i = 0; i < mib->length; i++) path[i] = mib->path[i];
    if (mib->arena_at != 0) path[mib->arena_at] = arena;
    if (mib->bin_at != 0) path[mib->bin_at] = bin;
    return je_mallctlbymib(path, mib->length, value, &wanted, NULL, 0) == 0 && wanted == size;
}

static bool read_size(const struct mib *mib, size_t arena, size_t *value) {
    return read_indexed(mib, arena, 0, value, sizeof *value);
}

static void refresh_stats(void) {
    uint64_t now = 1;
    size_t size = sizeof now;
    je_mallctlbymib(epoch.path, epoch.length, &now, &size, &now, size);
}

/* Indices out of range are undefined in some of jemalloc's nodes: ask first. */
static bool arena_exists(unsigned arena) {
    unsigned count;
    bool initialized;
    return read_indexed(&narenas, 0, 0, &count, sizeof count) && arena < count &&
           read_indexed(&arena_initialized, arena, 0, &initialized, sizeof initialized) &&
           initialized;
}

static size_t frag_smallbins(size_t arena) {
    unsigned bins;
    size_t free_bytes = 0;
    if (!read_indexed(&nbins, 0, 0, &bins, sizeof bins)) return 0;
    for (unsigned b = 0; b < bins; b++) {
        size_t region, used, slabs;
        uint32_t regions;
        if (read_indexed(&bin_size, arena, b, &region, sizeof region) &&
            read_indexed(&bin_nregs, arena, b, &regions, sizeof regions) &&
            read_indexed(&bin_curregs, arena, b, &used, sizeof used) &&
            read_indexed(&bin_curslabs, arena, b, &slabs, sizeof slabs) &&
            slabs * regions > used) { /* the two are not read at one moment */
            free_bytes += (slabs * regions - used) * region;
        }
    }
    return free_bytes;
}

#define SET_READ(info, FIELD, name, mib, arena, unit)                                     \
    do {                                                                                  \
        size_t value;                                                                     \
        if (read_size(mib, arena, &value)) ZM_INFO_SET(info, FIELD, name, value *(unit)); \
    } while (0)

static void read_all(zmalloc_info_t *info) {
    SET_READ(info, ALLOCATED, allocated, &allocated, 0, 1);
    SET_READ(info, ACTIVE, active, &active, 0, 1);
    SET_READ(info, RESIDENT, resident, &resident, 0, 1);
    SET_READ(info, RETAINED, retained, &retained, 0, 1);
    SET_READ(info, MAPPED, mapped, &mapped, 0, 1);
}

static void read_arena(unsigned arena, size_t page, zmalloc_info_t *info) {
    size_t small, large;
    if (read_size(&arena_small, arena, &small) && read_size(&arena_large, arena, &large)) {
        ZM_INFO_SET(info, ALLOCATED, allocated, small + large);
    }
    SET_READ(info, ACTIVE, active, &arena_pactive, arena, page);
    SET_READ(info, RESIDENT, resident, &arena_resident, arena, 1);
    SET_READ(info, RETAINED, retained, &arena_retained, arena, 1);
    SET_READ(info, MAPPED, mapped, &arena_mapped, arena, 1);
}

bool zm_backend_info(unsigned arena, bool refresh, zmalloc_info_t *info) {
    size_t page;
    size_t index = arena == ZMALLOC_ALL_ARENAS ? MALLCTL_ARENAS_ALL : arena;
    pthread_once(&once, resolve);
    if (refresh) refresh_stats();
    if (!read_size(&page_size, 0, &page)) return true; /* and nothing is known */
    if (arena == ZMALLOC_ALL_ARENAS) {
        read_all(info);
    } else if (arena_exists(arena)) {
        read_arena(arena, page, info);
    } else {
        return false;
    }
    SET_READ(info, MUZZY, muzzy, &arena_pmuzzy, index, page);
    ZM_INFO_SET(info, FRAG_SMALLBINS, frag_smallbins, frag_smallbins(index));
    return true;
}

size_t zm_backend_frag_smallbins(unsigned arena) {
    pthread_once(&once, resolve);
    if (arena == ZMALLOC_ALL_ARENAS) return frag_smallbins(MALLCTL_ARENAS_ALL);
    return arena_exists(arena) ? frag_smallbins(arena) : 0;
}

int zm_backend_background_purge(bool enable) {
    pthread_once(&once, resolve);
    if (background_thread.length == 0) return -1;
    int error = je_mallctlbymib(background_thread.path, background_thread.length, NULL, NULL,
                                &enable, sizeof enable);
    return error == 0 ? 0 : -1;
}

int zm_backend_purge(void) {
    size_t path[MIB_MAX];
    pthread_once(&once, resolve);
    if (arena_purge.length == 0) return -1;
    for (size_t i = 0; i < arena_purge.length; i++) path[i] = arena_purge.path[i];
    path[1] = MALLCTL_ARENAS_ALL;
    return je_mallctlbymib(path, arena_purge.length, NULL, NULL, NULL, 0) == 0 ? 0 : -1;
}
