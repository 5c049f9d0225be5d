/* glibc's figures, through mallinfo2 (the sum over its arenas). */
#include <malloc.h>

#include "zmalloc/allocator/backend.h"
#include "zmalloc/allocator/libc/trim.h"

void zm_backend_figures(unsigned arena, bool refresh, struct zm_figures *figures) {
    (void)refresh; /* always up to date */
    if (arena != ZM_ALL_ARENAS) return;
    struct mallinfo2 info = mallinfo2();
    /* Large blocks are mapped by themselves (hblkhd); the rest is carved from
     * heaps (arena).  What of it is resident, glibc does not know. */
    zm_set_figure(figures, ZM_ALLOCATED, info.uordblks + info.hblkhd);
    zm_set_figure(figures, ZM_ACTIVE, info.arena + info.hblkhd);
}

size_t zm_backend_frag_smallbins(unsigned arena) {
    (void)arena;
    return 0;
}

int zm_backend_background_purge(bool enable) {
    (void)enable;
    return -1;
}

int zm_backend_purge(void) { return zm_libc_trim(); }
