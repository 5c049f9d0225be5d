/* Names of mallctl, resolved once: looking up a name takes longer than reading the value.
 * For jemalloc, and for FreeBSD's libc, which contains one.  Before the include, define
 *   ZM_MALLCTLNAMETOMIB, ZM_MALLCTLBYMIB    the two functions
 */
#ifndef ZMALLOC_ALLOCATOR_MIB_H_
#define ZMALLOC_ALLOCATOR_MIB_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ZM_MIB_MAX = 7 };

struct zm_mib {
    const char *name;          /* with 0 in place of an index */
    unsigned arena_at, bin_at; /* the index's place in the path; 0: it has no such index */
    size_t length;             /* of the path; 0: this jemalloc does not have the name */
    size_t path[ZM_MIB_MAX];
};

static inline void zm_mib_resolve(struct zm_mib *const *mibs, size_t count) {
    for (size_t i = 0; i < count; i++) {
        size_t length = ZM_MIB_MAX;
        if (ZM_MALLCTLNAMETOMIB(mibs[i]->name, mibs[i]->path, &length) == 0) {
            mibs[i]->length = length;
        }
    }
}

/* Reads a value of `size` bytes for these indices; false when that fails. */
static inline bool zm_mib_read(const struct zm_mib *mib, size_t arena, size_t bin, void *value,
                               size_t size) {
    size_t path[ZM_MIB_MAX];
    size_t wanted = size;
    if (mib->length == 0) return false;
    for (size_t i = 0; i < mib->length; i++) path[i] = mib->path[i];
    if (mib->arena_at != 0) path[mib->arena_at] = arena;
    if (mib->bin_at != 0) path[mib->bin_at] = bin;
    return ZM_MALLCTLBYMIB(path, mib->length, value, &wanted, NULL, 0) == 0 && wanted == size;
}

static inline bool zm_mib_read_size(const struct zm_mib *mib, size_t arena, size_t *value) {
    return zm_mib_read(mib, arena, 0, value, sizeof *value);
}

/* Brings statistics up to date by writing to the name `epoch`. */
static inline void zm_mib_refresh(const struct zm_mib *epoch) {
    uint64_t now = 1;
    size_t size = sizeof now;
    if (epoch->length != 0) ZM_MALLCTLBYMIB(epoch->path, epoch->length, &now, &size, &now, size);
}

#endif /* ZMALLOC_ALLOCATOR_MIB_H_ */
