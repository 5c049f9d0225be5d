/* The libc as a backend: its statistics are those of the whole process. */
#include "zmalloc/allocator/backend.h"
#include "zmalloc/allocator/libc/libc.h"

bool zm_backend_stats(unsigned arena, bool refresh, struct zm_allocator_stats *stats) {
    if (arena != ZM_ALL_ARENAS) return false;
    zm_libc_stats(refresh, stats);
    return true;
}

void zm_backend_held(struct zm_held *held) {
    size_t free_bytes;
    held->uses_break = true;
    if (zm_libc_free_bytes(&free_bytes)) zm_held_set(held, ZM_HELD_DIRTY, free_bytes);
}

int zm_backend_purge(void) { return zm_libc_trim(); }

bool zm_backend_purge_slice(unsigned slice) {
    (void)slice;
    (void)zm_backend_purge();
    return false;
}

void zm_backend_shorten_decay(bool shorten) { (void)shorten; }

/* glibc gives back what lies at the heap's end: of the child that is its own. */
bool zm_backend_fork_child(void) { return true; }

bool zm_backend_slab_of(const void *ptr, struct zm_slab *slab) {
    (void)ptr, (void)slab;
    return false;
}
