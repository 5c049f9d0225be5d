/* Statistics, also under the names of Redis and Valkey. */
#include "zmalloc/stats.h"

#include <stdbool.h>
#include <string.h>

#include "zmalloc/allocator/backend.h"
#include "zmalloc/os/os.h"
#include "zmalloc/zmalloc.h"

#define SET(stats, FIELD, name, bytes) \
    ((stats)->name = (bytes), (stats)->known |= UINT32_C(1) << ZMALLOC_STATS_##FIELD)

/* Sets a statistic that the OS tells; 0 means that the OS does not tell it. */
#define SET_UNLESS_0(stats, FIELD, name, bytes)         \
    do {                                                \
        size_t value = (bytes);                         \
        if (value != 0) SET(stats, FIELD, name, value); \
    } while (0)

#if ZMALLOC_ALL_ARENAS != ZM_ALL_ARENAS
#error "stats.h and core/allocator_stats.h have different values for all arenas"
#endif

static bool read_stats(unsigned arena, bool refresh, zmalloc_stats_t *stats) {
    struct zm_allocator_stats known = {.known = 0};
    memset(stats, 0, sizeof *stats);
    stats->version = ZMALLOC_STATS_VERSION;
    if (!zm_backend_stats(arena, refresh, &known)) return false;
#define COPY(FIELD, name) \
    if (known.known >> ZM_STATS_##FIELD & 1) SET(stats, FIELD, name, known.name);
    ZM_ALLOCATOR_STATS_FIELDS(COPY)
#undef COPY
    if (arena != ZMALLOC_ALL_ARENAS) return true;
    SET(stats, USED, used, zmalloc_used_memory());
    SET(stats, PEAK_USED, peak_used, zmalloc_peak_memory());
    SET_UNLESS_0(stats, RSS, rss, zm_os_rss());
    SET_UNLESS_0(stats, PEAK_RSS, peak_rss, zm_os_peak_rss());
    return true;
}

int zmalloc_stats(zmalloc_stats_t *stats, size_t size, unsigned arena, int refresh) {
    zmalloc_stats_t now;
    if (stats == NULL || size < offsetof(zmalloc_stats_t, used)) return -1;
    bool found = read_stats(arena, refresh != 0, &now);
    if (size > sizeof now) { /* a newer caller: fields that we do not know are 0 */
        memset((char *)stats + sizeof now, 0, size - sizeof now);
        size = sizeof now;
    }
    now.size = size;
    memcpy(stats, &now, size);
    return found ? 0 : -1;
}

static void hand_out(size_t *to, size_t value) {
    if (to != NULL) *to = value;
}

static int knows_the_heap(const struct zm_allocator_stats *stats) {
    const uint32_t heap =
        1U << ZM_STATS_ALLOCATED | 1U << ZM_STATS_ACTIVE | 1U << ZM_STATS_RESIDENT;
    return (stats->known & heap) == heap;
}

int zmalloc_get_allocator_info(int refresh_stats, size_t *allocated, size_t *active,
                               size_t *resident, size_t *retained, size_t *muzzy,
                               size_t *frag_smallbins_bytes) {
    struct zm_allocator_stats stats = {.known = 0};
    (void)zm_backend_stats(ZMALLOC_ALL_ARENAS, refresh_stats != 0, &stats);
    hand_out(allocated, stats.allocated);
    hand_out(active, stats.active);
    hand_out(resident, stats.resident);
    hand_out(retained, stats.retained);
    hand_out(muzzy, stats.muzzy);
    hand_out(frag_smallbins_bytes, stats.frag_smallbins);
    return knows_the_heap(&stats);
}

int zmalloc_get_allocator_info_by_arena(unsigned int arena, int refresh_stats, size_t *allocated,
                                        size_t *active, size_t *resident,
                                        size_t *frag_smallbins_bytes) {
    struct zm_allocator_stats stats = {.known = 0};
    if (arena != ZMALLOC_ALL_ARENAS) (void)zm_backend_stats(arena, refresh_stats != 0, &stats);
    hand_out(allocated, stats.allocated);
    hand_out(active, stats.active);
    hand_out(resident, stats.resident);
    hand_out(frag_smallbins_bytes, stats.frag_smallbins);
    return knows_the_heap(&stats);
}

size_t zmalloc_get_frag_smallbins(void) { return zm_backend_frag_smallbins(ZMALLOC_ALL_ARENAS); }

size_t zmalloc_get_frag_smallbins_by_arena(unsigned int arena) {
    return arena != ZMALLOC_ALL_ARENAS ? zm_backend_frag_smallbins(arena) : 0;
}

size_t zmalloc_get_rss(void) { return zm_os_rss(); }

size_t zmalloc_get_smap_bytes_by_field(const char *field, long pid) {
    return zm_os_smaps_bytes(field, pid);
}

size_t zmalloc_get_private_dirty(long pid) { return zm_os_smaps_bytes("Private_Dirty:", pid); }

size_t zmalloc_get_memory_size(void) { return zm_os_memory_size(); }

size_t zmalloc_get_memory_limit(void) { return zm_os_usable_memory(); }

int get_proc_stat_ll(int i, long long *res) { return zm_os_proc_stat_ll(i, res); }
