/* Our extension of jemalloc.  Its functions also return usable sizes, which malloc
 * and free know anyway, and say which blocks to move out of sparsely used slabs.
 * Redis's own jemalloc has the same functions with the same meaning, so this header
 * defines the macros by which Redis's jemalloc announces them.
 *
 * Any thread may call any function, as with malloc.  Sizes are in bytes; a usable
 * size is the one that je_malloc_usable_size() returns.  Pointers to sizes must not
 * be NULL; the function sets them before it returns.
 */
#ifndef JEMALLOC_EXTENSION_H_
#define JEMALLOC_EXTENSION_H_

#include <jemalloc/jemalloc.h>
#include <stdbool.h>
#include <stddef.h>

#ifndef JEMALLOC_FRAG_HINT
#define JEMALLOC_FRAG_HINT
#endif

#ifndef JEMALLOC_ALLOC_WITH_USIZE
#define JEMALLOC_ALLOC_WITH_USIZE
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Returns 1 if moving the block would help to empty its slab, else 0.
 *
 * It returns 1 for a small block in a slab that is not full, is not the bin's current
 * slab (from which new blocks come), and whose use is at most 9/8 of the average use of
 * all such slabs of the arena and size class.  Because of the extra eighth, blocks move
 * also when all slabs are used equally.  Blocks in thread caches count as used.
 *
 * `ptr` is a live block; if it is no block of jemalloc, the result is 0.  Takes the locks of the
 * bin's shards, one at a time.  To move the block, allocate the new block and free the old one
 * with MALLOCX_TCACHE_NONE: a block from the thread cache may lie in an equally sparse slab.
 */
JEMALLOC_EXPORT int JEMALLOC_NOTHROW je_get_defrag_hint(void *ptr);

/* Sets the number of blocks in use in the slab of a live block, and the bytes of the others.  Takes
 * no lock: the slab may change meanwhile.  False: the block is large. */
JEMALLOC_EXPORT bool JEMALLOC_NOTHROW je_slab_use(const void *ptr, size_t *blocks,
                                                  size_t *free_bytes);

/* je_malloc and je_calloc that also set *usize to the block's usable size.  On
 * failure they return NULL, set errno to ENOMEM and *usize to 0. */
JEMALLOC_EXPORT JEMALLOC_ALLOCATOR JEMALLOC_RESTRICT_RETURN void JEMALLOC_NOTHROW *
je_malloc_with_usize(size_t size, size_t *usize) JEMALLOC_ATTR(malloc) JEMALLOC_ALLOC_SIZE(1);

JEMALLOC_EXPORT JEMALLOC_ALLOCATOR JEMALLOC_RESTRICT_RETURN void JEMALLOC_NOTHROW *
je_calloc_with_usize(size_t num, size_t size, size_t *usize) JEMALLOC_ATTR(malloc)
    JEMALLOC_ALLOC_SIZE2(1, 2);

/* je_realloc that also sets *old_usize to the usable size that `ptr` had (0 for
 * NULL), and *new_usize to that of the result.  On failure it returns NULL though
 * `size` is not 0, the old block stays as it was, and *new_usize is 0.  For size 0,
 * jemalloc's option zero_realloc decides.  By default, on Linux it frees `ptr` and
 * returns NULL; on other systems it resizes the block to the smallest size. */
JEMALLOC_EXPORT JEMALLOC_ALLOCATOR JEMALLOC_RESTRICT_RETURN void JEMALLOC_NOTHROW *
je_realloc_with_usize(void *ptr, size_t size, size_t *old_usize, size_t *new_usize)
    JEMALLOC_ALLOC_SIZE(2);

/* je_free that also sets *usize to the usable size that the block had (0 for NULL). */
JEMALLOC_EXPORT void JEMALLOC_NOTHROW je_free_with_usize(void *ptr, size_t *usize);

/* Whether the block is jemalloc's.  `ptr` may be any address that is no freed block of jemalloc.
 * Takes no lock, does not allocate, and uses no variable of `__thread`. */
JEMALLOC_EXPORT bool JEMALLOC_NOTHROW je_owns(const void *ptr);

#ifdef __cplusplus
}
#endif

#endif /* JEMALLOC_EXTENSION_H_ */
