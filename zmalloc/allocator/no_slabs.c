/* For allocators that do not tell how their slabs are used, and have no background thread
 * that purges. */
#include "zmalloc/allocator/backend.h"

size_t zm_backend_frag_smallbins(unsigned arena) {
    (void)arena;
    return 0;
}

int zm_backend_background_purge(bool enable) {
    (void)enable;
    return -1;
}

bool zm_backend_can_defrag(void) { return false; }

void zm_backend_should_defrag(const void *const *ptrs, size_t count, bool *should) {
    (void)ptrs;
    for (size_t i = 0; i < count; i++) should[i] = false;
}
