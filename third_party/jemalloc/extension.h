/* What we add to jemalloc: usable sizes that malloc and free know anyway, and
 * hints for moving blocks out of sparsely used slabs.  Names and meaning are
 * those of Redis's own jemalloc, so its macros say that they are there.
 *
 * All are safe to call from any thread, as malloc is.  Sizes are in bytes; a
 * usable size is what je_malloc_usable_size() says.  Pointers to sizes must not
 * be NULL, and are written before the function returns.
 */
#ifndef JEMALLOC_EXTENSION_H_
#define JEMALLOC_EXTENSION_H_

#include <jemalloc/jemalloc.h>
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

/* 1 when moving the block would help to empty its slab, else 0.
 *
 * That is so for a small block in a slab that is neither full nor the bin's
 * current one (new blocks come from there), and that is used no more than 9/8
 * of the average over all such slabs of the arena and size class.  The eighth
 * lets slabs of equal use move too.  Blocks in thread caches count as used.
 *
 * `ptr` is a live block; 0 of what is no block of jemalloc's.  Takes the bin's lock.  To move it,
 * take the new block and give the old one back with MALLOCX_TCACHE_NONE: a block from the thread
 * cache may lie in a slab just as sparse.
 */
JEMALLOC_EXPORT int JEMALLOC_NOTHROW je_get_defrag_hint(void *ptr);

/* je_malloc, je_calloc: *usize is the block's usable size; when they fail
 * (NULL, errno is ENOMEM), 0. */
JEMALLOC_EXPORT JEMALLOC_ALLOCATOR JEMALLOC_RESTRICT_RETURN void JEMALLOC_NOTHROW *
je_malloc_with_usize(size_t size, size_t *usize) JEMALLOC_ATTR(malloc) JEMALLOC_ALLOC_SIZE(1);

JEMALLOC_EXPORT JEMALLOC_ALLOCATOR JEMALLOC_RESTRICT_RETURN void JEMALLOC_NOTHROW *
je_calloc_with_usize(size_t num, size_t size, size_t *usize) JEMALLOC_ATTR(malloc)
    JEMALLOC_ALLOC_SIZE2(1, 2);

/* je_realloc: *old_usize is the usable size that `ptr` had (0 for NULL),
 * *new_usize that of the result.  When it fails (NULL, though `size` is not 0)
 * the old block stays as it was and *new_usize is 0.  Size 0 does what jemalloc's
 * option zero_realloc says: unless that was changed, it frees `ptr` and returns
 * NULL on Linux, and makes it the smallest block elsewhere. */
JEMALLOC_EXPORT JEMALLOC_ALLOCATOR JEMALLOC_RESTRICT_RETURN void JEMALLOC_NOTHROW *
je_realloc_with_usize(void *ptr, size_t size, size_t *old_usize, size_t *new_usize)
    JEMALLOC_ALLOC_SIZE(2);

/* je_free: *usize is the usable size that the block had, 0 for NULL. */
JEMALLOC_EXPORT void JEMALLOC_NOTHROW je_free_with_usize(void *ptr, size_t *usize);

#ifdef __cplusplus
}
#endif

#endif /* JEMALLOC_EXTENSION_H_ */
