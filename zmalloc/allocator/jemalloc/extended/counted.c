/* Compiled against jemalloc's internal headers. */
#include "zmalloc/allocator/jemalloc/extended/counted.h"

#include "third_party/jemalloc/fast_paths.h"
#include "zmalloc/accounting/accounting.h"
#include "zmalloc/guard/sampled.h"
#include "zmalloc/oom.h"

/* jemalloc counts what each thread allocated and freed, in all of its ways, and
 * for good: the difference that a call makes is the usable size of its block, for
 * less than a look-up. */

static void *malloc_and_usize(size_t size, size_t *usize) {
    tsd_t *tsd = tsd_at_hand();
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
    tsd_t *tsd = tsd_at_hand();
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

/* A small block that the thread cache does not have, or not without an event. */
JEMALLOC_ALWAYS_INLINE void *missed(size_t size, size_t usize, bool tries) {
    void *ptr = malloc_default(size);
    return likely(ptr != NULL) ? zm_counted(ptr, usize) : failed(size, tries);
}

JEMALLOC_ALWAYS_INLINE void *larger(size_t size, bool tries) {
    void *ptr;
    size_t usize;
    if (!fast_malloc_larger(size, &ptr, &usize)) ptr = malloc_and_usize(size, &usize);
    return likely(ptr != NULL) ? zm_counted(ptr, usize) : failed(size, tries);
}

/* Out of line, so that the fast paths need no frame. */
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
    if (likely(fast_malloc_small(size, &ptr, &usize))) return zm_counted(ptr, usize);
    return usize != 0 ? missed_malloc(size, usize) : larger_malloc(size);
}

void *je_ztrymalloc(size_t size) {
    void *ptr;
    size_t usize;
    if (likely(fast_malloc_small(size, &ptr, &usize))) return zm_counted(ptr, usize);
    return usize != 0 ? missed_try_malloc(size, usize) : larger_try_malloc(size);
}

JEMALLOC_NOINLINE static void freed_outside(void *ptr, struct zm_slot *slot, int64_t bytes) {
    zm_count_outside(slot, bytes);
    free_default(ptr);
}

/* Counted first, so that jemalloc is called last. */
JEMALLOC_NOINLINE static void missed_free(void *ptr, size_t usize) {
    struct zm_slot *slot = zm_thread_slot;
    if (unlikely(zm_add_to_slot(slot, -(int64_t)usize) < slot->bottom)) {
        freed_outside(ptr, slot, -(int64_t)usize);
    } else {
        free_default(ptr);
    }
}

JEMALLOC_ALWAYS_INLINE void free_larger(void *ptr) {
    size_t usize;
    if (ptr == NULL) __builtin_unreachable(); /* which saves a look */
    if (!fast_free_larger(ptr, &usize)) usize = free_and_usize(ptr);
    zm_count_freed(usize);
}

/* Out of line, so that larger_free() need keep nothing for it. */
JEMALLOC_NOINLINE static void seldom_free(void *ptr) {
    if (!zm_seldom_freed(ptr)) free_larger(ptr);
}

JEMALLOC_NOINLINE static void larger_free(void *ptr) {
    if (zm_is_seldom(ptr)) {
        seldom_free(ptr);
    } else {
        free_larger(ptr);
    }
}

/* Of NULL and sampled blocks jemalloc knows nothing, so neither is small. */
void je_zfree(void *ptr) {
    size_t usize;
    if (likely(fast_free_small(ptr, &usize))) {
        zm_count_freed(usize);
    } else if (usize != 0) {
        missed_free(ptr, usize);
    } else {
        larger_free(ptr);
    }
}

/* The size saves small blocks the look-up; to find the class of a larger size
 * costs more than that. */
void je_zfree_with_size(void *ptr, size_t size) {
    size_t usize;
    if (size <= SC_LOOKUP_MAXCLASS && likely(!zm_is_seldom(ptr)) &&
        likely(fast_free_sized(ptr, size, &usize))) {
        zm_count_freed(usize);
    } else {
        je_zfree(ptr);
    }
}
