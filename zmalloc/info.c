/* Figures, and Redis's and Valkey's names for them. */
#include "zmalloc/info.h"

#include <stdbool.h>
#include <string.h>

#include "zmalloc/allocator/backend.h"
#include "zmalloc/os/os.h"
#include "zmalloc/zmalloc.h"

/* Sets a figure that the OS gives, 0 where it does not. */
#define SET_UNLESS_0(info, FIELD, name, bytes)                 \
    do {                                                       \
        size_t value = (bytes);                                \
        if (value != 0) ZM_INFO_SET(info, FIELD, name, value); \
    } while (0)

static bool read_info(unsigned arena, bool refresh, zmalloc_info_t *info) {
    memset(info, 0, sizeof *info);
    info->version = ZMALLOC_INFO_VERSION;
    if (!zm_backend_info(arena, refresh, info)) return false;
    if (arena != ZMALLOC_ALL_ARENAS) return true;
    ZM_INFO_SET(info, USED, used, zmalloc_used_memory());
    ZM_INFO_SET(info, PEAK_USED, peak_used, zmalloc_peak_memory());
    SET_UNLESS_0(info, RSS, rss, zm_os_rss());
    SET_UNLESS_0(info, PEAK_RSS, peak_rss, zm_os_peak_rss());
    return true;
}

int zmalloc_info(zmalloc_info_t *info, size_t size, unsigned arena, int refresh) {
    zmalloc_info_t now;
    if (info == NULL || size < offsetof(zmalloc_info_t, used)) return -1;
    bool found = read_info(arena, refresh != 0, &now);
    if (size > sizeof now) { /* a newer caller: what we do not know stays 0 */
        memset((char *)info + sizeof now, 0, size - sizeof now);
        size = sizeof now;
    }
    now.size = size;
    memcpy(info, &now, size);
    return found ? 0 : -1;
}

static void hand_out(size_t *to, size_t value) {
    if (to != NULL) *to = value;
}

static int knows_the_heap(const zmalloc_info_t *info) {
    return zmalloc_info_knows(info, ZMALLOC_INFO_ALLOCATED) &&
           zmalloc_info_knows(info, ZMALLOC_INFO_ACTIVE) &&
           zmalloc_info_knows(info, ZMALLOC_INFO_RESIDENT);
}

int zmalloc_get_allocator_info(int refresh_stats, size_t *allocated, size_t *active,
                               size_t *resident, size_t *retained, size_t *muzzy,
                               size_t *frag_smallbins_bytes) {
    zmalloc_info_t info = {.known = 0};
    (void)zm_backend_info(ZMALLOC_ALL_ARENAS, refresh_stats != 0, &info);
    hand_out(allocated, info.allocated);
    hand_out(active, info.active);
    hand_out(resident, info.resident);
    hand_out(retained, info.retained);
    hand_out(muzzy, info.muzzy);
    hand_out(frag_smallbins_bytes, info.frag_smallbins);
    return knows_the_heap(&info);
}

int zmalloc_get_allocator_info_by_arena(unsigned int arena, int refresh_stats, size_t *allocated,
                                        size_t *active, size_t *resident,
                                        size_t *frag_smallbins_bytes) {
    zmalloc_info_t info = {.known = 0};
    if (arena != ZMALLOC_ALL_ARENAS) (void)zm_backend_info(arena, refresh_stats != 0, &info);
    hand_out(allocated, info.allocated);
    hand_out(active, info.active);
    hand_out(resident, info.resident);
    hand_out(frag_smallbins_bytes, info.frag_smallbins);
    return knows_the_heap(&info);
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

size_t zmalloc_get_memory_limit(void) {
    size_t physical = zm_os_memory_size();
    size_t limit = zm_os_memory_limit();
    return limit != 0 && (physical == 0 || limit < physical) ? limit : physical;
}

int get_proc_stat_ll(int i, long long *res) { return zm_os_proc_stat_ll(i, res); }
