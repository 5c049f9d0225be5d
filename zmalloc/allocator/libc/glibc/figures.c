/* glibc's figures, through mallinfo2 (the sum over its arenas). */
#include <malloc.h>

#include "zmalloc/allocator/backend.h"
#include "zmalloc/allocator/libc/trim.h"

bool zm_backend_info(unsigned arena, bool refresh, zmalloc_info_t *info) {
    (void)refresh; /* always up to date */
    if (arena != ZMALLOC_ALL_ARENAS) return false;
    struct mallinfo2 now = mallinfo2();
    /* A sanitizer's malloc answers with zeros: then nothing is known. */
    if (now.arena + now.hblkhd == 0) return true;
    /* Large blocks are mapped by themselves (hblkhd), the rest is carved from
     * heaps (arena).  What of these is resident, glibc does not know. */
    ZM_INFO_SET(info, ALLOCATED, allocated, now.uordblks + now.hblkhd);
    ZM_INFO_SET(info, MAPPED, mapped, now.arena + now.hblkhd);
    return true;
}

int zm_backend_purge(void) { return zm_libc_trim(); }
