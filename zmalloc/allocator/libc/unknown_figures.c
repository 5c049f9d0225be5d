/* A libc whose malloc tells no figures. */
#include "zmalloc/allocator/backend.h"
#include "zmalloc/allocator/libc/trim.h"

bool zm_backend_info(unsigned arena, bool refresh, zmalloc_info_t *info) {
    (void)refresh;
    (void)info;
    return arena == ZMALLOC_ALL_ARENAS;
}

int zm_backend_purge(void) { return zm_libc_trim(); }
