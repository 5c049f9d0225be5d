/* Active defragmentation as Valkey does it: it calls jemalloc by its names, and zmalloc only for
 * the blocks of its users. */
#ifndef ZMALLOC_TESTS_COMPAT_DEFRAG_BY_NAME_H_
#define ZMALLOC_TESTS_COMPAT_DEFRAG_BY_NAME_H_

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Whether jemalloc answers; call this once before the others. */
bool defrag_starts(void);

/* What jemalloc says of the slab in which the block lies. */
struct defrag_slab {
    size_t free_regions, regions, size;
};

/* Asks about `count` blocks at once; with `by_path` by the name's path, else by the name. */
bool defrag_asks(void **ptrs, size_t count, bool by_path, struct defrag_slab *slabs);

/* Whether moving the block gains something: its slab is small and at most half full. */
bool defrag_should_move(void *ptr);

/* Moves a block of `size` usable bytes past the thread cache. */
void *defrag_move(void *ptr, size_t size);

/* Exchanges blocks between zmalloc's functions and jemalloc's names; NULL, or the text of a check
 * that fails. */
const char *defrag_exchanges_blocks(void);

/* What jemalloc's function for sds's growth says of this size. */
size_t defrag_rounds(size_t size);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_TESTS_COMPAT_DEFRAG_BY_NAME_H_ */
