/* A libc whose malloc tells no figures. */
#include "zmalloc/allocator/backend.h"
#include "zmalloc/allocator/libc/trim.h"

bool zm_backend_info(unsigned arena, bool refresh, zmalloc_info_t *info) {
    (void)refresh;
    (void)info;
    return arena == ZMALLOC_ALL_ARENAS;
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
