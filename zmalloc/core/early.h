/* Blocks that //malloc hands out before an allocator can work.  The resolver of an IFUNC may
 * allocate, and glibc's loader runs it before it has relocated all files and before thread-local
 * variables have their first values.  These blocks lie in a memory of their own, of 256 KiB, and
 * are freed and resized later like sampled blocks (sampled.h).
 *
 * There is one thread.  Nothing here calls another file's function, because such calls go through
 * a table that may not be relocated; errno, which is thread-local, stays as it is.
 *
 * To have no cost, the first comparison of a fast path is one with a variable that is 0 at first:
 * so the first request takes the slow path, and that calls zm_early().
 *
 * For C and C++: code that is compiled together with an allocator includes this too. */
#ifndef ZMALLOC_CORE_EARLY_H_
#define ZMALLOC_CORE_EARLY_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zmalloc/core/sampled.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whether it is still too early for the allocator. */
bool zm_early(void);

/* Whether thread-local variables can be read already; they are 0. */
bool zm_early_has_thread_memory(void);

/* The functions below are for that time.  `alignment` is a power of two, 16 or more; memory is not
 * zero, except from zm_early_calloc().  They return NULL when the 256 KiB are used up. */
void *zm_early_malloc(size_t size);
void *zm_early_aligned(size_t alignment, size_t size);
void *zm_early_calloc(size_t size);
void *zm_early_realloc(void *ptr, size_t size); /* neither is 0 */
size_t zm_early_usable_size(const void *ptr);

/* Returns true if there is nothing left to do to free `ptr`: it is NULL, or it is too early for
 * the allocator, and this freed the block. */
bool zm_early_free_null_or_block(void *ptr);

static inline bool zm_early_free(void *ptr) {
    return zm_null_or_sampled(ptr) && zm_early_free_null_or_block(ptr);
}

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_CORE_EARLY_H_ */
