/* The contract that every allocator backend keeps: one folder beside this file
 * per allocator, with a backend_impl.h that defines these functions; the build
 * puts the chosen one on the include path.
 *
 * Rules for all: sizes are in bytes and from 1 to SIZE_MAX/2 - 1; malloc and
 * calloc take any, realloc any but 0; pointers are not NULL and come from the same
 * backend; a NULL result means out of memory, and *usable is then not set; nothing
 * is counted here, but for the calls that say so.
 */
#ifndef ZMALLOC_ALLOCATOR_BACKEND_H_
#define ZMALLOC_ALLOCATOR_BACKEND_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zmalloc/info.h"

/* Allocates; *usable is the usable size of the new block. */
static inline void *zm_backend_malloc(size_t size, size_t *usable);
static inline void *zm_backend_calloc(size_t size, size_t *usable);

/* `alignment` is a power of two, `size` + `alignment` below SIZE_MAX/2. */
static inline void *zm_backend_aligned(size_t alignment, size_t size, size_t *usable);

/* Resizes.  *old_usable is always set; on failure the block is untouched. */
static inline void *zm_backend_realloc(void *ptr, size_t size, size_t *usable, size_t *old_usable);

/* Frees; *usable is what the block had. */
static inline void zm_backend_free(void *ptr, size_t *usable);

/* The usable size of a block. */
static inline size_t zm_backend_usable_size(const void *ptr);

/* As malloc, realloc and free, with jemalloc's MALLOCX_* flags; see
 * portable_flags.h for what other backends make of them. */
static inline void *zm_backend_malloc_flags(size_t size, int flags, size_t *usable);
static inline void *zm_backend_realloc_flags(void *ptr, size_t size, int flags, size_t *usable,
                                             size_t *old_usable);
static inline void zm_backend_free_flags(void *ptr, int flags, size_t *usable);

/* zmalloc, ztrymalloc, zcalloc, ztrycalloc, zfree and zfree_with_size as a whole,
 * as zmalloc.h has them: any size and NULL allowed, counted in used memory.
 * counted.h makes them from plain calls; an allocator that we can get inside of
 * does better when it counts in the middle of its fast path. */
static inline void *zm_backend_counted_malloc(size_t size);
static inline void *zm_backend_counted_try_malloc(size_t size);
static inline void *zm_backend_counted_calloc(size_t size);
static inline void *zm_backend_counted_try_calloc(size_t size);
static inline void zm_backend_counted_free(void *ptr);
static inline void zm_backend_counted_free_sized(void *ptr, size_t size);

/* backend_impl.h also defines two constants:
 *   ZM_BACKEND_PREFIX     bytes before each block that count as used
 *   ZM_BACKEND_NO_TCACHE  the flag that passes the thread cache by, or 0 */
#include "backend_impl.h"

/* Sets the field FIELD, member `name`, of a zmalloc_info_t. */
#define ZM_INFO_SET(info, FIELD, name, bytes) \
    ((info)->name = (bytes), (info)->known |= UINT32_C(1) << ZMALLOC_INFO_##FIELD)

/* Sets those figures of one arena, or of all (ZMALLOC_ALL_ARENAS), that this
 * allocator knows, after bringing them up to date where that is an extra step.
 * False when there is no such arena. */
bool zm_backend_info(unsigned arena, bool refresh, zmalloc_info_t *info);

/* frag_smallbins alone, not refreshed; 0 where unknown. */
size_t zm_backend_frag_smallbins(unsigned arena);

/* Purging in the background: 0, or -1 when there is none. */
int zm_backend_background_purge(bool enable);

/* Gives back what is free, now: 0, or -1 when that failed or cannot be had. */
int zm_backend_purge(void);

/* Whether the next one can be answered; settled at run time, once. */
bool zm_backend_can_defrag(void);

/* Sets should[i] to whether moving block ptrs[i] would help to empty its slab,
 * by the rule in zmalloc/defrag.h.  Only when zm_backend_can_defrag(). */
void zm_backend_should_defrag(const void *const *ptrs, size_t count, bool *should);

#endif /* ZMALLOC_ALLOCATOR_BACKEND_H_ */
