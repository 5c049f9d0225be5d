/* macOS: statistics by malloc_zone_statistics (the sum over all zones). */
#include <malloc/malloc.h>

#include "zmalloc/allocator/libc/libc.h"

void zm_libc_stats(bool refresh, struct zm_allocator_stats *stats) {
    malloc_statistics_t now;
    (void)refresh; /* always up to date */
    malloc_zone_statistics(NULL, &now);
    ZM_STATS_SET(stats, ALLOCATED, allocated, now.size_in_use);
    ZM_STATS_SET(stats, MAPPED, mapped, now.size_allocated);
}

/* Trims all zones, as much as they can. */
int zm_libc_trim(void) {
    (void)malloc_zone_pressure_relief(NULL, 0);
    return 0;
}

bool zm_libc_free_bytes(size_t *bytes) {
    (void)bytes;
    return false;
}
