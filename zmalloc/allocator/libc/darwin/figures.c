/* macOS's figures, through malloc_zone_statistics (the sum over all zones). */
#include <malloc/malloc.h>

#include "zmalloc/allocator/backend.h"
#include "zmalloc/allocator/libc/trim.h"

bool zm_backend_info(unsigned arena, bool refresh, zmalloc_info_t *info) {
    malloc_statistics_t now;
    (void)refresh; /* always up to date */
    if (arena != ZMALLOC_ALL_ARENAS) return false;
    malloc_zone_statistics(NULL, &now);
    ZM_INFO_SET(info, ALLOCATED, allocated, now.size_in_use);
    ZM_INFO_SET(info, MAPPED, mapped, now.size_allocated);
    return true;
}

int zm_backend_purge(void) { return zm_libc_trim(); }
