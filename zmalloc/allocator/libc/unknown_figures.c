/* A libc whose malloc tells no figures. */
#include "zmalloc/allocator/backend.h"
#include "zmalloc/allocator/libc/trim.h"

void zm_backend_figures(unsigned arena, bool refresh, struct zm_figures *figures) {
    (void)arena;
    (void)refresh;
    (void)figures;
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
