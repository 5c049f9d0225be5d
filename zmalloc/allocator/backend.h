/* The contract that every allocator backend implements.  A header, which the allocator's row
 * in allocators.bzl sets, defines the inline functions; C files beside it define the others.
 *
 * Rules for all functions:
 *  - Sizes are in bytes, from 1 to SIZE_MAX/2 - 1.  But malloc and calloc take any size, and
 *    realloc any size except 0.
 *  - Pointers are not NULL and come from the same backend.
 *  - A NULL result means out of memory; *usable is then not set.
 *  - Only the functions named "counted" count used memory.
 */
#ifndef ZMALLOC_ALLOCATOR_BACKEND_H_
#define ZMALLOC_ALLOCATOR_BACKEND_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zmalloc/core/allocator_stats.h"

/* Allocate a block and set *usable to its usable size. */
static inline void *zm_backend_malloc(size_t size, size_t *usable);
static inline void *zm_backend_calloc(size_t size, size_t *usable);

/* The same, aligned to `alignment` bytes.  `alignment` is a power of two, and `size` +
 * `alignment` is below SIZE_MAX/2. */
static inline void *zm_backend_aligned(size_t alignment, size_t size, size_t *usable);

/* Resizes a block.  *old_usable is always set; on failure the block stays as it was. */
static inline void *zm_backend_realloc(void *ptr, size_t size, size_t *usable, size_t *old_usable);

/* Frees a block and sets *usable to the usable size that it had. */
static inline void zm_backend_free(void *ptr, size_t *usable);

/* The usable size of a block. */
static inline size_t zm_backend_usable_size(const void *ptr);

/* As malloc, realloc and free, with jemalloc's MALLOCX_* flags.  flags.h says which flags
 * other backends support. */
static inline void *zm_backend_malloc_flags(size_t size, int flags, size_t *usable);
static inline void *zm_backend_realloc_flags(void *ptr, size_t size, int flags, size_t *usable,
                                             size_t *old_usable);
static inline void zm_backend_free_flags(void *ptr, int flags, size_t *usable);

/* Returns the allocator's block in which this block lies.  NULL: the block must not be moved,
 * because another block of the same usable size could not replace it. */
static inline void *zm_backend_movable(void *ptr) { return ptr; }

/* Complete zmalloc, ztrymalloc, zcalloc, ztrycalloc, zfree and zfree_with_size, as zmalloc.h
 * documents them: they take any size and NULL, and count used memory.  counted_calls.h makes
 * them from plain calls.  If we compile the allocator ourselves, it is faster to count inside
 * its fast paths. */
static inline void *zm_backend_counted_malloc(size_t size);
static inline void *zm_backend_counted_try_malloc(size_t size);
static inline void *zm_backend_counted_calloc(size_t size);
static inline void *zm_backend_counted_try_calloc(size_t size);
static inline void zm_backend_counted_free(void *ptr);
static inline void zm_backend_counted_free_sized(void *ptr, size_t size);

/* Complete zmalloc_in and zfree_in, as zone.h documents them: the same as zmalloc and zfree, and
 * they count in the zone. */
struct zmalloc_zone_t;
static inline void *zm_backend_counted_malloc_in(struct zmalloc_zone_t *zone, size_t size);
static inline void zm_backend_counted_free_in(struct zmalloc_zone_t *zone, void *ptr);

/* For //malloc, where zmalloc is the program's malloc.  Its blocks are aligned to 16 bytes. */

/* The size to ask the functions above for, so that the block is aligned to 16 bytes.  `size` is any
 * below SIZE_MAX/2. */
static inline size_t zm_backend_std_size(size_t size);

/* Complete malloc and free: as the counted calls, but errno is ENOMEM after a failure, and free
 * leaves errno as it is. */
static inline void *zm_backend_std_malloc(size_t size);
static inline void zm_backend_std_free(void *ptr);

/* The same for a caller that says which size it asked malloc for. */
static inline void zm_backend_std_free_sized(void *ptr, size_t size) {
    (void)size;
    zm_backend_std_free(ptr);
}

/* A backend that //malloc can have on macOS (`owns` in allocators.bzl) defines one more function:
 *   static inline bool zm_backend_owns(const void *ptr)
 * Whether the block is the allocator's.  `ptr` may be any address that is no freed block of it.
 * This uses no thread-local variable, and does not allocate. */

/* The chosen backend's header, which also defines two constants:
 *   ZM_BACKEND_PREFIX     bytes before each block that count as used
 *   ZM_BACKEND_NO_TCACHE  the flag that bypasses the thread cache, or 0 */
#include ZM_BACKEND_HEADER

/* Sets the statistics that this allocator knows of one arena, or of all arenas
 * (ZM_ALL_ARENAS).  `refresh` brings them up to date first, where that is an extra step.  The
 * caller has zeroed `stats`.  Returns false when there is no such arena. */
bool zm_backend_stats(unsigned arena, bool refresh, struct zm_allocator_stats *stats);

/* Why the allocator holds more memory than is in blocks: X(FIELD, name).
 *   slabs     free blocks beside blocks in use
 *   caches    free blocks that the allocator keeps at hand, most for one thread each
 *   dirty     free pages that were not given back
 *   muzzy     free pages that the OS may take, and perhaps has taken
 *   metadata  the allocator's own data */
#define ZM_HELD_FIELDS(X) \
    X(SLABS, slabs)       \
    X(CACHES, caches)     \
    X(DIRTY, dirty)       \
    X(MUZZY, muzzy)       \
    X(METADATA, metadata)

enum zm_held_field {
#define ZM_HELD_ENUM(FIELD, name) ZM_HELD_##FIELD,
    ZM_HELD_FIELDS(ZM_HELD_ENUM)
#undef ZM_HELD_ENUM
        ZM_HELD_COUNT
};

struct zm_held {
    uint32_t known;              /* bit 1 << f: field f is known */
    size_t bytes[ZM_HELD_COUNT]; /* no byte counts twice */
    size_t in_allocated;         /* of these bytes, those that the statistic `allocated` has too */
    bool uses_break;             /* the allocator has memory below the program break */
};

static inline void zm_held_set(struct zm_held *held, enum zm_held_field field, size_t bytes) {
    held->bytes[field] = bytes;
    held->known |= UINT32_C(1) << field;
}

/* Sets what is known, as of the last refresh of the statistics.  The caller has zeroed it. */
void zm_backend_held(struct zm_held *held);

/* Returns frag_smallbins alone, not refreshed; 0 where unknown. */
size_t zm_backend_frag_smallbins(unsigned arena);

/* Turns purging by a background thread on or off.  Returns 0, or -1 when that failed or the
 * allocator has no such thread. */
int zm_backend_background_purge(bool enable);

/* Gives free pages back to the OS now.  Returns 0, or -1 when that failed or the allocator
 * cannot. */
int zm_backend_purge(void);

/* Gives one part of the free pages back; parts have numbers from 0 on.  A part is small where the
 * allocator allows it, so that the allocator holds no lock for long.  Returns whether there may be
 * another part. */
bool zm_backend_purge_slice(unsigned slice);

/* With `shorten`, makes the allocator give free pages back earlier, if it can; without, as before.
 * Call it from one thread at a time. */
void zm_backend_shorten_decay(bool shorten);

/* This process is a child of fork that soon ends: from now on the allocator gives nothing back by
 * itself, if it has a setting for that.  Returns whether freeing a block writes into the block.
 * Call it while there is one thread. */
bool zm_backend_fork_child(void);

/* Whether zm_backend_should_defrag() can be called.  Found out once, at run time. */
bool zm_backend_can_defrag(void);

/* Sets should[i] to whether moving block ptrs[i] would help to empty its slab,
 * by the rule in zmalloc/defrag.h.  Call it only if zm_backend_can_defrag(). */
void zm_backend_should_defrag(const void *const *ptrs, size_t count, bool *should);

/* How a slab is used: blocks of one size lie side by side in it. */
struct zm_slab {
    size_t blocks;     /* that are in use, or in a thread's cache */
    size_t free_bytes; /* in the others */
};

/* Looks at the slab of a live block.  Other threads may change it meanwhile.  Returns false if the
 * block lies in no slab, or the allocator does not tell. */
bool zm_backend_slab_of(const void *ptr, struct zm_slab *slab);

#endif /* ZMALLOC_ALLOCATOR_BACKEND_H_ */
