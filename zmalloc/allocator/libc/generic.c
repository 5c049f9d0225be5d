/* For a libc without functions for malloc's statistics and for trimming: musl. */
#include "zmalloc/allocator/libc/libc.h"

void zm_libc_stats(bool refresh, struct zm_allocator_stats *stats) {
    (void)refresh;
    (void)stats;
}

int zm_libc_trim(void) { return -1; }

bool zm_libc_free_bytes(size_t *bytes) {
    (void)bytes;
    return false;
}
