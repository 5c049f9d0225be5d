/* For allocators that do not tell how their slabs are used. */
#include "zmalloc/allocator/backend.h"

bool zm_backend_can_defrag(void) { return false; }

void zm_backend_should_defrag(const void *const *ptrs, size_t count, bool *should) {
    (void)ptrs;
    for (size_t i = 0; i < count; i++) should[i] = false;
}
