/* Our extension of gperftools' tcmalloc; it is compiled with tcmalloc's internal headers. */
#ifndef ZMALLOC_ALLOCATOR_TCMALLOC_INSIDE_EXTENSION_H_
#define ZMALLOC_ALLOCATOR_TCMALLOC_INSIDE_EXTENSION_H_

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The usable size, in bytes, of a block of tcmalloc.  tc_malloc_size() returns the
 * same, but goes through MallocExtension: that costs two more calls, and returns 0
 * for every block until tcmalloc's static constructors have run.  Thread-safe. */
size_t tcmalloc_private_usable_size(const void *ptr);

/* Whether the block is tcmalloc's.  `ptr` may be any address that is no freed block of tcmalloc.
 * Takes no lock, does not allocate, and uses no variable of `__thread`. */
bool tcmalloc_private_owns(const void *ptr);

/* tc_malloc() and tc_free() that also set *usable to the block's usable size, which
 * they find anyway.  When there is no memory, *usable is not set.  `ptr` must not be
 * NULL.  Thread-safe. */
void *tcmalloc_private_malloc(size_t size, size_t *usable);
void tcmalloc_private_free(void *ptr, size_t *usable);

/* Sets the number of blocks in use, or in a thread's cache, in the span of a live block, and the
 * bytes of the others.  Takes no lock: the span may change meanwhile.  False: the block has a span
 * of its own. */
bool tcmalloc_private_span_use(const void *ptr, size_t *blocks, size_t *free_bytes);

/* Whether tc_realloc() of a block with this usable size to `size` bytes, which is not
 * 0, would surely keep the block as it is. */
bool tcmalloc_private_keeps(size_t usable, size_t size);

/* zmalloc, ztrymalloc and zfree, as zmalloc.h documents them.  Each function contains both
 * tcmalloc's fast path and the counting, so that neither is a call of its own
 * (tc_zmalloc.cc). */
__attribute__((malloc, alloc_size(1))) void *tcmalloc_private_zmalloc(size_t size);
__attribute__((malloc, alloc_size(1))) void *tcmalloc_private_ztrymalloc(size_t size);
void tcmalloc_private_zfree(void *ptr);

/* zmalloc_in and zfree_in. */
struct zmalloc_zone_t;
__attribute__((malloc, alloc_size(2))) void *tcmalloc_private_zmalloc_in(
    struct zmalloc_zone_t *zone, size_t size);
void tcmalloc_private_zfree_in(struct zmalloc_zone_t *zone, void *ptr);

/* malloc and free of the C library, for //malloc: blocks are aligned to 16 bytes, errno is ENOMEM
 * after a failure, and free leaves errno as it is (tc_std.cc). */
__attribute__((malloc, alloc_size(1))) void *tcmalloc_private_std_malloc(size_t size);
void tcmalloc_private_std_free(void *ptr);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_ALLOCATOR_TCMALLOC_INSIDE_EXTENSION_H_ */
