/* Defragmentation hints by our extension, which looks at the slab and its bins. */
#include <jemalloc/extension.h>

#include "zmalloc/allocator/backend.h"

bool zm_backend_can_defrag(void) { return true; }

void zm_backend_should_defrag(const void *const *ptrs, size_t count, bool *should) {
    for (size_t i = 0; i < count; i++) {
        should[i] = ptrs[i] != NULL && je_get_defrag_hint((void *)(uintptr_t)ptrs[i]) != 0;
    }
}

bool zm_backend_slab_of(const void *ptr, struct zm_slab *slab) {
    return je_slab_use(ptr, &slab->blocks, &slab->free_bytes);
}
