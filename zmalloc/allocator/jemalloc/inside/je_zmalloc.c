/* Compiled with jemalloc's internal headers. */
#include "zmalloc/allocator/jemalloc/inside/je_zmalloc.h"

#include "zmalloc/allocator/jemalloc/inside/fast_paths.h"
#include "zmalloc/core/accounting.h"
#include "zmalloc/core/oom.h"
#include "zmalloc/core/sampled.h"
#include "zmalloc/core/traces.h"
#include "zmalloc/core/zones.h"

/* jemalloc counts the bytes that each thread allocates and frees, on all paths, and never
 * resets the counts.  So the change of a count during a call is the usable size of the block;
 * to read it is cheaper than a look-up. */

static void *malloc_and_usize(size_t size, size_t *usize) {
    tsd_t *tsd = current_tsd();
    if (is_missing(tsd)) {
        void *ptr = malloc_default(size);
        *usize = sz_s2u(size);
        return ptr;
    }
    const uint64_t *allocated = tsd_thread_allocatedp_get_unsafe(tsd);
    const uint64_t before = *allocated;
    void *ptr = malloc_default(size);
    *usize = *allocated - before;
    return ptr;
}

static size_t free_and_usize(void *ptr) {
    tsd_t *tsd = current_tsd();
    if (is_missing(tsd)) {
        const size_t usize = je_malloc_usable_size(ptr);
        free_default(ptr);
        return usize;
    }
    const uint64_t *deallocated = tsd_thread_deallocatedp_get_unsafe(tsd);
    const uint64_t before = *deallocated;
    free_default(ptr);
    return *deallocated - before;
}

static void *failed(size_t size, bool tries) {
    je_explain_page_size();
    return tries ? NULL : zm_out_of_memory(size);
}

JEMALLOC_ALWAYS_INLINE void *count(void *ptr, size_t usize, size_t size, bool tries) {
    return tries ? zm_count_new_block(ptr, usize) : zm_count_new_block_or_fail(ptr, usize, size);
}

/* Allocates a small block when the thread cache has none or an event is due. */
JEMALLOC_ALWAYS_INLINE void *missed(size_t size, size_t usize, bool tries) {
    void *ptr = malloc_default(size);
    return likely(ptr != NULL) ? count(ptr, usize, size, tries) : failed(size, tries);
}

JEMALLOC_ALWAYS_INLINE void *larger_block(size_t size, size_t *usize) {
    void *ptr;
    if (fast_malloc_larger(size, &ptr, usize)) return ptr;
    return zm_limit_refuses(size) ? NULL : malloc_and_usize(size, usize);
}

JEMALLOC_ALWAYS_INLINE void *larger(size_t size, bool tries) {
    size_t usize;
    void *ptr = larger_block(size, &usize);
    return likely(ptr != NULL) ? count(ptr, usize, size, tries) : failed(size, tries);
}

/* Out of line, so that the fast paths need no stack frame. */
JEMALLOC_NOINLINE static void *missed_malloc(size_t size, size_t usize) {
    return missed(size, usize, false);
}

JEMALLOC_NOINLINE static void *missed_try_malloc(size_t size, size_t usize) {
    return missed(size, usize, true);
}

JEMALLOC_NOINLINE static void *larger_malloc(size_t size) { return larger(size, false); }

JEMALLOC_NOINLINE static void *larger_try_malloc(size_t size) { return larger(size, true); }

void *je_zmalloc(size_t size) {
    void *ptr;
    size_t usize;
    if (likely(fast_malloc_small(size, &ptr, &usize))) return count(ptr, usize, size, false);
    return usize != 0 ? missed_malloc(size, usize) : larger_malloc(size);
}

void *je_ztrymalloc(size_t size) {
    void *ptr;
    size_t usize;
    if (likely(fast_malloc_small(size, &ptr, &usize))) return zm_count_new_block(ptr, usize);
    return usize != 0 ? missed_try_malloc(size, usize) : larger_try_malloc(size);
}

JEMALLOC_NOINLINE static void free_counting_slow(void *ptr, struct zm_slot *slot, size_t bytes) {
    zm_count_freed_slow(ptr, slot, bytes);
    free_default(ptr);
}

/* Counts the block before freeing it, so that the call of jemalloc is the last one. */
JEMALLOC_NOINLINE static void missed_free(void *ptr, size_t usize) {
    struct zm_slot *slot = zm_thread_slot;
    if (zm_add_freed(slot, usize)) {
        free_counting_slow(ptr, slot, usize);
    } else {
        free_default(ptr);
    }
}

JEMALLOC_ALWAYS_INLINE size_t give_back_larger(void *ptr) {
    size_t usize;
    if (ptr == NULL) __builtin_unreachable(); /* saves a comparison */
    return fast_free_larger(ptr, &usize) ? usize : free_and_usize(ptr);
}

JEMALLOC_ALWAYS_INLINE void free_larger(void *ptr) { zm_count_freed(ptr, give_back_larger(ptr)); }

/* Out of line, so that larger_free() need not save registers for it. */
JEMALLOC_NOINLINE static void free_null_or_sampled(void *ptr) {
    if (!zm_sampled_free(ptr)) free_larger(ptr);
}

JEMALLOC_NOINLINE static void larger_free(void *ptr) {
    if (zm_null_or_sampled(ptr)) {
        free_null_or_sampled(ptr);
    } else {
        free_larger(ptr);
    }
}

/* fast_free_small() does not find NULL and sampled blocks, which jemalloc does not know, so
 * they go to larger_free(). */
void je_zfree(void *ptr) {
    size_t usize;
    if (likely(fast_free_small(ptr, &usize))) {
        zm_count_freed(NULL, usize);
    } else if (usize != 0) {
        missed_free(ptr, usize);
    } else {
        larger_free(ptr);
    }
}

/* For small blocks the size saves the look-up.  For larger blocks, finding the class of the
 * size would cost more than the look-up. */
void je_zfree_with_size(void *ptr, size_t size) {
    size_t usize;
    if (size <= SC_LOOKUP_MAXCLASS && likely(!zm_null_or_sampled(ptr)) &&
        likely(fast_free_sized(ptr, size, &usize))) {
        zm_count_freed(NULL, usize);
    } else {
        je_zfree(ptr);
    }
}

/* ---- In a zone -------------------------------------------------------------- */

JEMALLOC_ALWAYS_INLINE void *count_in(struct zmalloc_zone_t *zone, void *ptr, size_t usize,
                                      size_t size) {
    return likely(ptr != NULL) ? zm_count_new_block_in(ptr, usize, size, zone)
                               : failed(size, false);
}

JEMALLOC_NOINLINE static void *missed_malloc_in(struct zmalloc_zone_t *zone, size_t size,
                                                size_t usize) {
    return count_in(zone, malloc_default(size), usize, size);
}

JEMALLOC_NOINLINE static void *larger_malloc_in(struct zmalloc_zone_t *zone, size_t size) {
    size_t usize;
    void *ptr = larger_block(size, &usize);
    return count_in(zone, ptr, usize, size);
}

void *je_zmalloc_in(struct zmalloc_zone_t *zone, size_t size) {
    void *ptr;
    size_t usize;
    if (likely(fast_malloc_small_of_zone(size, &ptr, &usize))) {
        return zm_count_new_block_in(ptr, usize, size, zone);
    }
    return usize != 0 ? missed_malloc_in(zone, size, usize) : larger_malloc_in(zone, size);
}

JEMALLOC_NOINLINE static void missed_free_in(struct zmalloc_zone_t *zone, void *ptr, size_t usize) {
    zm_count_freed_in(NULL, usize, zone);
    free_default(ptr);
}

JEMALLOC_NOINLINE static void larger_free_in(struct zmalloc_zone_t *zone, void *ptr) {
    if (zm_null_or_sampled(ptr) && zm_sampled_free_in(zone, ptr)) return;
    zm_count_freed_in(ptr, give_back_larger(ptr), zone);
}

void je_zfree_in(struct zmalloc_zone_t *zone, void *ptr) {
    size_t usize;
    if (likely(fast_free_small(ptr, &usize))) {
        zm_count_freed_in(NULL, usize, zone);
    } else if (usize != 0) {
        missed_free_in(zone, ptr, usize);
    } else {
        larger_free_in(zone, ptr);
    }
}

ZM_NAME_IN_TRACES(je_zmalloc, "zmalloc.inside");
ZM_NAME_IN_TRACES(missed_malloc, "zmalloc.missed");
ZM_NAME_IN_TRACES(larger_malloc, "zmalloc.larger");
ZM_NAME_IN_TRACES(je_ztrymalloc, "ztrymalloc.inside");
ZM_NAME_IN_TRACES(missed_try_malloc, "ztrymalloc.missed");
ZM_NAME_IN_TRACES(larger_try_malloc, "ztrymalloc.larger");
ZM_NAME_IN_TRACES(je_zfree, "zfree.inside");
ZM_NAME_IN_TRACES(free_counting_slow, "zfree.counting");
ZM_NAME_IN_TRACES(missed_free, "zfree.missed");
ZM_NAME_IN_TRACES(larger_free, "zfree.larger");
ZM_NAME_IN_TRACES(free_null_or_sampled, "zfree.sampled");
ZM_NAME_IN_TRACES(je_zfree_with_size, "zfree_with_size.inside");
ZM_NAME_IN_TRACES(je_zmalloc_in, "zmalloc_in.inside");
ZM_NAME_IN_TRACES(missed_malloc_in, "zmalloc_in.missed");
ZM_NAME_IN_TRACES(larger_malloc_in, "zmalloc_in.larger");
ZM_NAME_IN_TRACES(je_zfree_in, "zfree_in.inside");
ZM_NAME_IN_TRACES(missed_free_in, "zfree_in.missed");
ZM_NAME_IN_TRACES(larger_free_in, "zfree_in.larger");
