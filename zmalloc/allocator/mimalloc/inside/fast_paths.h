/* mimalloc's fast paths.  For C files that are compiled with its internal headers. */
#ifndef ZMALLOC_ALLOCATOR_MIMALLOC_INSIDE_FAST_PATHS_H_
#define ZMALLOC_ALLOCATOR_MIMALLOC_INSIDE_FAST_PATHS_H_

/* mimalloc needs this order. */
/* clang-format off */
#include "mimalloc.h"
#include "zmalloc/core/accounting.h"

/* In programs, access to it takes one instruction less. */
extern __thread mi_heap_t *_mi_heap_default ZM_STATIC_TLS;

#include "mimalloc-internal.h"
/* clang-format on */

#define LIKELY(condition) __builtin_expect((condition), 1)
#define UNLIKELY(condition) __builtin_expect((condition), 0)
#define NOINLINE __attribute__((noinline))

/* Takes a block from a page; NULL if the page has none at hand. */
static inline void *take(mi_page_t *page, size_t *usable) {
    mi_block_t *block = page->free;
    if (UNLIKELY(block == NULL)) return NULL;
    page->free = mi_block_next(page, block);
    page->used++;
    *usable = page->xblock_size;
    return block;
}

/* Allocates a small block, as mi_malloc() does; NULL if this thread's heap has none at hand. */
static inline void *fast_malloc(size_t size, size_t *usable) {
    return take(_mi_heap_get_free_small_page(mi_get_default_heap(), size), usable);
}

/* The page of a block that mi_free() would free by its fast path, else NULL. */
static inline mi_page_t *fast_page(void *ptr) {
    mi_segment_t *segment = _mi_ptr_segment(ptr);
    if (UNLIKELY(_mi_thread_id() != mi_atomic_load_relaxed(&segment->thread_id))) return NULL;
    mi_page_t *page = _mi_segment_page_of(segment, ptr);
    return LIKELY(page->flags.full_aligned == 0) ? page : NULL;
}

/* Frees such a block.  Returns whether it was the last one of its page: then call
 * _mi_page_retire(). */
static inline bool fast_free(mi_page_t *page, void *ptr) {
    mi_block_set_next(page, ptr, page->local_free);
    page->local_free = ptr;
    return UNLIKELY(--page->used == 0);
}

/* After fast_free() returned true: counts the block as free, and calls _mi_page_retire().  It
 * leaves errno as it is (pages.c). */
void mi_zfree_retire(void *ptr, mi_page_t *page);

#endif /* ZMALLOC_ALLOCATOR_MIMALLOC_INSIDE_FAST_PATHS_H_ */
