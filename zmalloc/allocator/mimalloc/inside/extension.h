/* Our extension of mimalloc; it is compiled with mimalloc's internal headers, or from
 * public_calls.c. */
#ifndef ZMALLOC_ALLOCATOR_MIMALLOC_INSIDE_EXTENSION_H_
#define ZMALLOC_ALLOCATOR_MIMALLOC_INSIDE_EXTENSION_H_

#include <stdbool.h>
#include <stddef.h>

/* ---- mi_zmalloc.c -------------------------------------------------------------- */

/* mi_malloc(), mi_zalloc(), mi_realloc() and mi_free() that also set *usable to the block's
 * usable size.  When there is no memory, *usable is not set; *old_usable always is.  `ptr` must
 * not be NULL.  Thread-safe. */
void *mi_malloc_with_usable(size_t size, size_t *usable);
void *mi_realloc_with_usable(void *ptr, size_t size, size_t *usable, size_t *old_usable);
void mi_free_with_usable(void *ptr, size_t *usable);

/* This one does not write to memory that comes from the OS and is zero. */
void *mi_zalloc_with_usable(size_t size, size_t *usable);

/* mi_malloc_aligned() likewise.  If mi_should_defrag() says that the block should move, each
 * block of its usable size is aligned to `alignment` bytes, so that it can move to any. */
void *mi_aligned_with_usable(size_t alignment, size_t size, size_t *usable);

/* zmalloc, ztrymalloc, zcalloc, ztrycalloc and zfree, as zmalloc.h documents them.  Each function
 * contains both mimalloc's fast path and the counting, so that neither is a call of its own. */
__attribute__((malloc, alloc_size(1))) void *mi_zmalloc(size_t size);
__attribute__((malloc, alloc_size(1))) void *mi_ztrymalloc(size_t size);
__attribute__((malloc, alloc_size(1))) void *mi_zcalloc(size_t size);
__attribute__((malloc, alloc_size(1))) void *mi_ztrycalloc(size_t size);
void mi_zfree(void *ptr);

/* zmalloc_in and zfree_in. */
struct zmalloc_zone_t;
__attribute__((malloc, alloc_size(2))) void *mi_zmalloc_in(struct zmalloc_zone_t *zone,
                                                           size_t size);
void mi_zfree_in(struct zmalloc_zone_t *zone, void *ptr);

/* ---- mi_std.c ------------------------------------------------------------------ */

/* malloc and free of the C library, for //malloc: blocks are aligned to 16 bytes, errno is ENOMEM
 * after a failure, and free leaves errno as it is. */
__attribute__((malloc, alloc_size(1))) void *mi_std_malloc(size_t size);
void mi_std_free(void *ptr);

/* ---- pages.c ------------------------------------------------------------------- */

/* Whether mi_should_defrag() can be of use. */
bool mi_can_defrag(void);

/* Whether moving the block would help to empty its page, by the rule in zmalloc/defrag.h.  A
 * thread may ask about its own blocks only; the answer is false for blocks in pages of other
 * threads' heaps.  It also orders the pages of the block's size class by use, so that new
 * blocks go to full pages first.  Thread-safe; takes a lock that nothing else takes. */
bool mi_should_defrag(const void *ptr);

/* Sets the number of blocks in use in the page of a live block, and the bytes of the others.  Those
 * that another thread freed count as used until their heap's thread has collected them.  False: the
 * block is alone in its page, or this is not known.  Thread-safe. */
bool mi_page_use(const void *ptr, size_t *blocks, size_t *free_bytes);

/* ---- segments.c ---------------------------------------------------------------- */

/* All bytes, over the heaps of all threads. */
struct mi_usage {
    size_t allocated;  /* in blocks; those that another thread freed count until their heap's
                          thread has collected them */
    size_t active;     /* in OS pages that hold blocks and their free neighbours */
    size_t frag_small; /* in free blocks beside small blocks in use */
    size_t resident;   /* in OS pages that may have memory */
    size_t metadata;   /* in headers of segments; a part of `resident` */
    size_t committed;  /* that mimalloc may write to */
    size_t reserved;   /* of address space */
};

/* Adds it all up.  Takes time in proportion to the number of mimalloc's pages, and a lock for
 * which a thread waits that gets a segment from the OS or frees one.  The other threads go on
 * meanwhile: what they do may be missed.  Thread-safe.
 * Returns false when only `committed` is known. */
bool mi_get_usage(struct mi_usage *usage);

/* Gives free memory of this thread's heap back to the OS, and what threads left that are gone.
 * Other threads do so a little later, by themselves.  Thread-safe. */
void mi_purge(void);

/* Whether the block is mimalloc's.  `ptr` may be any address that is no freed block of mimalloc.
 * Does not allocate, and uses no variable of `__thread`.  Below 20 TiB it takes no lock. */
bool mi_owns(const void *ptr);

/* From now on, gives nothing back by itself but segments of which all is free. */
void mi_keep_pages(void);

#endif /* ZMALLOC_ALLOCATOR_MIMALLOC_INSIDE_EXTENSION_H_ */
