/* Compiled with mimalloc's internal headers. */
#include "zmalloc/allocator/mimalloc/inside/extension.h"
#include "zmalloc/allocator/mimalloc/inside/fast_paths.h"
#include "zmalloc/core/accounting.h"
#include "zmalloc/core/oom.h"
#include "zmalloc/core/sampled.h"
#include "zmalloc/core/traces.h"
#include "zmalloc/core/zones.h"

/* ---- Beside the fast paths ----------------------------------------------------- */

/* The usable size of a block that begins where mimalloc's block does, as new ones do. */
static inline size_t usable_of_page(void *ptr) { return mi_page_block_size(_mi_ptr_page(ptr)); }

static inline size_t usable_of(void *ptr) {
    return LIKELY(!mi_page_has_aligned(_mi_ptr_page(ptr))) ? usable_of_page(ptr)
                                                           : mi_usable_size(ptr);
}

/* The first step of _mi_malloc_generic(), for a page that is known: takes a block from those that
 * were freed since the page last had none at hand.  NULL if there are none. */
static inline void *reuse(mi_heap_t *heap, size_t size, size_t *usable) {
    _mi_deferred_free(heap, false);
    _mi_heap_delayed_free_partial(heap);
    /* That may have freed the page. */
    mi_page_t *page = _mi_heap_get_free_small_page(heap, size);
    _mi_page_free_collect(page, false);
    if (UNLIKELY(page->free == NULL)) return NULL;
    page->retire_expire = 0;
    return take(page, usable);
}

/* Allocates a small block when its page has none at hand.  Afterwards its page is the one from
 * which the next will come. */
static inline void *missed(size_t size, size_t *usable) {
    mi_heap_t *heap = mi_get_default_heap();
    void *ptr = NULL;
    if (LIKELY(_mi_heap_get_free_small_page(heap, size)->local_free != NULL)) {
        ptr = reuse(heap, size, usable);
        if (LIKELY(ptr != NULL)) return ptr;
    }
    ptr = _mi_malloc_generic(heap, size, false, 0);
    if (UNLIKELY(ptr == NULL)) return NULL;
    *usable = _mi_heap_get_free_small_page(mi_get_default_heap(), size)->xblock_size;
    return ptr;
}

/* Allocates a block that is not small.  For medium sizes it looks first whether there is one at
 * hand, as mi_malloc() does for small ones. */
static inline void *larger(size_t size, size_t *usable) {
    mi_heap_t *heap = mi_get_default_heap();
    if (size <= MI_MEDIUM_OBJ_SIZE_MAX) {
        mi_page_t *page = mi_page_queue(heap, size)->first;
        void *ptr = page != NULL ? take(page, usable) : NULL;
        if (LIKELY(ptr != NULL)) return ptr;
    }
    void *ptr = _mi_malloc_generic(heap, size, false, 0);
    if (LIKELY(ptr != NULL)) *usable = usable_of_page(ptr);
    return ptr;
}

/* Whether a block is alone in a segment that mmap() made for it.  mimalloc keeps only segments
 * of the usual size for later. */
static bool is_fresh(void *ptr) {
    mi_segment_t *segment = _mi_ptr_segment(ptr);
    return segment->kind == MI_SEGMENT_HUGE && segment->memid == 0 &&
           mi_segment_size(segment) != MI_SEGMENT_SIZE;
}

/* Makes a new block zero.  A fresh one is, but for the link of a free block. */
static inline void *zeroed(void *ptr, size_t usable) {
    const bool fresh = UNLIKELY(usable > MI_LARGE_OBJ_SIZE_MAX) && is_fresh(ptr);
    return memset(ptr, 0, fresh ? sizeof(mi_block_t) : usable);
}

/* ---- With the usable size ------------------------------------------------------ */

NOINLINE static void *slow_malloc(size_t size, size_t *usable) {
    return size <= MI_SMALL_SIZE_MAX ? missed(size, usable) : larger(size, usable);
}

void *mi_malloc_with_usable(size_t size, size_t *usable) {
    void *ptr = size <= MI_SMALL_SIZE_MAX ? fast_malloc(size, usable) : NULL;
    return LIKELY(ptr != NULL) ? ptr : slow_malloc(size, usable);
}

void *mi_zalloc_with_usable(size_t size, size_t *usable) {
    void *ptr = mi_malloc_with_usable(size, usable);
    return LIKELY(ptr != NULL) ? zeroed(ptr, *usable) : NULL;
}

/* mi_realloc() keeps a block by the same rule. */
void *mi_realloc_with_usable(void *ptr, size_t size, size_t *usable, size_t *old_usable) {
    const size_t old = usable_of(ptr);
    *old_usable = old;
    if (LIKELY(size <= old && size >= old / 2)) {
        *usable = old;
        return ptr;
    }
    void *moved = mi_realloc(ptr, size);
    if (LIKELY(moved != NULL)) *usable = usable_of_page(moved);
    return moved;
}

void mi_free_with_usable(void *ptr, size_t *usable) {
    mi_page_t *page = fast_page(ptr);
    if (UNLIKELY(page == NULL)) {
        *usable = mi_usable_size(ptr);
        mi_free(ptr);
        return;
    }
    *usable = mi_page_block_size(page);
    if (fast_free(page, ptr)) _mi_page_retire(page);
}

/* Returns a size, `size` or more, for which all of mimalloc's blocks are aligned.  The blocks of a
 * page follow each other without gaps.  Blocks of up to 1 KiB begin 3 times MI_MAX_ALIGN_GUARANTEE
 * into a slice, larger ones where the slice begins.  Size classes are multiples of a step, a power
 * of two: if the step is at most `alignment`, a multiple of `alignment` is a class itself; else
 * each class is a multiple of `alignment`. */
static size_t naturally_aligned_size(size_t alignment, size_t size) {
    enum { LARGEST_WITH_OFFSET = 1024 };
    if (alignment > MI_MAX_ALIGN_GUARANTEE && size <= LARGEST_WITH_OFFSET) {
        size = LARGEST_WITH_OFFSET + 1;
    }
    return _mi_align_up(size, alignment);
}

/* mi_malloc_aligned() of 2.0.9 does not align blocks of 256, 512 or 1024 bytes to as much. */
void *mi_aligned_with_usable(size_t alignment, size_t size, size_t *usable) {
    if (alignment <= MI_SEGMENT_SLICE_SIZE) {
        return mi_malloc_with_usable(naturally_aligned_size(alignment, size), usable);
    }
    void *ptr = mi_malloc_aligned_at(size, alignment, 0);
    if (ptr != NULL) *usable = mi_usable_size(ptr);
    return ptr;
}

/* ---- Counted ------------------------------------------------------------------- */

/* Rare cases are out of line and called last, so that the fast paths need no stack frame. */

static inline void *count_or_fail(void *ptr, size_t size, size_t usable, bool tries) {
    if (UNLIKELY(ptr == NULL)) return tries ? NULL : zm_out_of_memory(size);
    return tries ? zm_count_new_block(ptr, usable) : zm_count_new_block_or_fail(ptr, usable, size);
}

static inline void *count_missed(size_t size, bool tries) {
    size_t usable = 0;
    void *ptr = missed(size, &usable);
    return count_or_fail(ptr, size, usable, tries);
}

static inline void *count_larger(size_t size, bool tries) {
    size_t usable = 0;
    void *ptr = zm_limit_refuses(size) ? NULL : larger(size, &usable);
    return count_or_fail(ptr, size, usable, tries);
}

NOINLINE static void *missed_zmalloc(size_t size) { return count_missed(size, false); }

NOINLINE static void *missed_ztrymalloc(size_t size) { return count_missed(size, true); }

NOINLINE static void *larger_zmalloc(size_t size) { return count_larger(size, false); }

NOINLINE static void *larger_ztrymalloc(size_t size) { return count_larger(size, true); }

void *mi_zmalloc(size_t size) {
    size_t usable;
    if (UNLIKELY(size > MI_SMALL_SIZE_MAX)) return larger_zmalloc(size);
    void *ptr = fast_malloc(size, &usable);
    return LIKELY(ptr != NULL) ? zm_count_new_block_or_fail(ptr, usable, size)
                               : missed_zmalloc(size);
}

void *mi_ztrymalloc(size_t size) {
    size_t usable;
    if (UNLIKELY(size > MI_SMALL_SIZE_MAX)) return larger_ztrymalloc(size);
    void *ptr = fast_malloc(size, &usable);
    return LIKELY(ptr != NULL) ? zm_count_new_block(ptr, usable) : missed_ztrymalloc(size);
}

static inline void *counted_calloc(size_t size, bool tries) {
    size_t usable = 0;
    void *ptr = size <= MI_SMALL_SIZE_MAX ? fast_malloc(size, &usable) : NULL;
    if (UNLIKELY(ptr == NULL && !zm_limit_refuses(size))) ptr = slow_malloc(size, &usable);
    ptr = count_or_fail(ptr, size, usable, tries);
    return LIKELY(ptr != NULL) ? zeroed(ptr, usable) : NULL;
}

void *mi_zcalloc(size_t size) { return counted_calloc(size, false); }

void *mi_ztrycalloc(size_t size) { return counted_calloc(size, true); }

/* Retires the page first: counting may call the limit's callback, which may allocate, and must not
 * get a block of this page.
 */
NOINLINE static void retire_counting_slow(void *ptr, struct zm_slot *slot, size_t bytes,
                                          mi_page_t *page) {
    _mi_page_retire(page);
    zm_count_freed_slow(ptr, slot, bytes);
}

NOINLINE static void retire_huge(void *ptr, mi_page_t *page) {
    const size_t usable = mi_page_block_size(page);
    _mi_page_retire(page);
    zm_count_freed(ptr, usable);
}

NOINLINE void mi_zfree_retire(void *ptr, mi_page_t *page) {
    struct zm_slot *slot = zm_thread_slot;
    const size_t bytes = page->xblock_size;
    if (UNLIKELY(bytes >= MI_HUGE_BLOCK_SIZE)) {
        retire_huge(ptr, page);
    } else if (zm_add_freed(slot, bytes)) {
        retire_counting_slow(ptr, slot, bytes, page);
    } else {
        _mi_page_retire(page);
    }
}

NOINLINE static void slow_zfree(void *ptr) {
    if (zm_null_or_sampled(ptr) && zm_sampled_free(ptr)) return;
    const size_t usable = mi_usable_size(ptr);
    mi_free(ptr);
    zm_count_freed(ptr, usable);
}

void mi_zfree(void *ptr) {
    mi_page_t *page = LIKELY(!zm_null_or_sampled(ptr)) ? fast_page(ptr) : NULL;
    if (UNLIKELY(page == NULL)) {
        slow_zfree(ptr);
    } else if (fast_free(page, ptr)) {
        mi_zfree_retire(ptr, page);
    } else {
        /* A page of more than one block: its size is the one stored. */
        zm_count_freed(ptr, page->xblock_size);
    }
}

/* ---- In a zone ----------------------------------------------------------------- */

static inline void *count_in(struct zmalloc_zone_t *zone, void *ptr, size_t size, size_t usable) {
    return LIKELY(ptr != NULL) ? zm_count_new_block_in(ptr, usable, size, zone)
                               : zm_out_of_memory(size);
}

NOINLINE static void *missed_zmalloc_in(struct zmalloc_zone_t *zone, size_t size) {
    size_t usable = 0;
    void *ptr = missed(size, &usable);
    return count_in(zone, ptr, size, usable);
}

NOINLINE static void *larger_zmalloc_in(struct zmalloc_zone_t *zone, size_t size) {
    size_t usable = 0;
    void *ptr = zm_limit_refuses(size) ? NULL : larger(size, &usable);
    return count_in(zone, ptr, size, usable);
}

void *mi_zmalloc_in(struct zmalloc_zone_t *zone, size_t size) {
    size_t usable;
    if (UNLIKELY(size > MI_SMALL_SIZE_MAX)) return larger_zmalloc_in(zone, size);
    void *ptr = fast_malloc(size, &usable);
    return LIKELY(ptr != NULL) ? zm_count_new_block_in(ptr, usable, size, zone)
                               : missed_zmalloc_in(zone, size);
}

/* As mi_zfree_retire(). */
NOINLINE static void retire_in_counting_slow(struct zmalloc_zone_t *zone, struct zm_slot *slot,
                                             size_t bytes, void *ptr, mi_page_t *page) {
    _mi_page_retire(page);
    zm_count_freed_in_slow(zone, slot, bytes, ptr);
}

NOINLINE static void retire_huge_in(struct zmalloc_zone_t *zone, void *ptr, mi_page_t *page) {
    const size_t usable = mi_page_block_size(page);
    _mi_page_retire(page);
    zm_count_freed_in(ptr, usable, zone);
}

NOINLINE static void retire_in(struct zmalloc_zone_t *zone, void *ptr, mi_page_t *page) {
    struct zm_slot *slot = zm_thread_slot;
    const size_t bytes = page->xblock_size;
    if (UNLIKELY(bytes >= MI_HUGE_BLOCK_SIZE)) {
        retire_huge_in(zone, ptr, page);
    } else if (zm_add_freed(slot, bytes)) {
        retire_in_counting_slow(zone, slot, bytes, ptr, page);
    } else {
        zm_add_to_zone(slot, zone, -(int64_t)bytes, -1);
        _mi_page_retire(page);
    }
}

NOINLINE static void slow_zfree_in(struct zmalloc_zone_t *zone, void *ptr) {
    if (zm_null_or_sampled(ptr) && zm_sampled_free_in(zone, ptr)) return;
    const size_t usable = mi_usable_size(ptr);
    mi_free(ptr);
    zm_count_freed_in(ptr, usable, zone);
}

void mi_zfree_in(struct zmalloc_zone_t *zone, void *ptr) {
    mi_page_t *page = LIKELY(!zm_null_or_sampled(ptr)) ? fast_page(ptr) : NULL;
    if (UNLIKELY(page == NULL)) {
        slow_zfree_in(zone, ptr);
    } else if (fast_free(page, ptr)) {
        retire_in(zone, ptr, page);
    } else {
        zm_count_freed_in(ptr, page->xblock_size, zone);
    }
}

ZM_NAME_IN_TRACES(mi_zmalloc, "zmalloc.inside");
ZM_NAME_IN_TRACES(missed_zmalloc, "zmalloc.missed");
ZM_NAME_IN_TRACES(larger_zmalloc, "zmalloc.larger");
ZM_NAME_IN_TRACES(mi_ztrymalloc, "ztrymalloc.inside");
ZM_NAME_IN_TRACES(missed_ztrymalloc, "ztrymalloc.missed");
ZM_NAME_IN_TRACES(larger_ztrymalloc, "ztrymalloc.larger");
ZM_NAME_IN_TRACES(mi_zcalloc, "zcalloc.inside");
ZM_NAME_IN_TRACES(mi_ztrycalloc, "ztrycalloc.inside");
ZM_NAME_IN_TRACES(mi_zfree, "zfree.inside");
ZM_NAME_IN_TRACES(slow_zfree, "zfree.slow");
ZM_NAME_IN_TRACES(mi_zfree_retire, "zfree.retire");
ZM_NAME_IN_TRACES(retire_counting_slow, "zfree.counting");
ZM_NAME_IN_TRACES(retire_huge, "zfree.huge");
ZM_NAME_IN_TRACES(mi_zmalloc_in, "zmalloc_in.inside");
ZM_NAME_IN_TRACES(missed_zmalloc_in, "zmalloc_in.missed");
ZM_NAME_IN_TRACES(larger_zmalloc_in, "zmalloc_in.larger");
ZM_NAME_IN_TRACES(mi_zfree_in, "zfree_in.inside");
ZM_NAME_IN_TRACES(slow_zfree_in, "zfree_in.slow");
ZM_NAME_IN_TRACES(retire_in, "zfree_in.retire");
ZM_NAME_IN_TRACES(retire_in_counting_slow, "zfree_in.counting");
ZM_NAME_IN_TRACES(retire_huge_in, "zfree_in.huge");
