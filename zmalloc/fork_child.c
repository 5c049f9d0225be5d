/* Children of fork that write a snapshot and end. */
#include "zmalloc/allocator/backend.h"
#include "zmalloc/core/inherited.h"
#include "zmalloc/zmalloc.h"

/* Include this after backend.h: it may replace the allocator's functions by guarded ones. */
#include ZM_GUARD_HEADER

static size_t usable_size(const void *ptr) { return zm_backend_usable_size(ptr); }

void zmalloc_fork_child(void) {
    if (!zm_is_new_child()) return;
    if (zm_backend_fork_child()) zm_inherit_blocks(usable_size, ZM_BACKEND_PREFIX);
}
