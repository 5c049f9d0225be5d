/* Compiled against jemalloc's internal headers. */
#include "zmalloc/allocator/jemalloc/extended/counted.h"

#include "third_party/jemalloc/fast_paths.h"
#include "zmalloc/accounting/accounting.h"
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

/* Whatever is not a small block in the thread cache goes this way. */
JEMALLOC_ALWAYS_INLINE void *malloc_slowly(size_t size) {
    void *ptr;
    size_t usize;
    if (!fast_malloc_larger(size, &ptr, &usize)) {
        ptr = malloc_and_usize(size, &usize);
        if (unlikely(ptr == NULL)) {
            je_explain_page_size();
            return NULL;
        }
    }
    return zm_counted(ptr, usize);
}

JEMALLOC_NOINLINE static void *slow_try_malloc(size_t size) { return malloc_slowly(size); }

JEMALLOC_NOINLINE static void *slow_malloc(size_t size) {
    void *ptr = malloc_slowly(size);
    return likely(ptr != NULL) ? ptr : zm_out_of_memory(size);
}

void *je_zmalloc(size_t size) {
    void *ptr;
    size_t usize;
    return likely(fast_malloc_small(size, &ptr, &usize)) ? zm_counted(ptr, usize)
                                                         : slow_malloc(size);
}

void *je_ztrymalloc(size_t size) {
    void *ptr;
    size_t usize;
    return likely(fast_malloc_small(size, &ptr, &usize)) ? zm_counted(ptr, usize)
                                                         : slow_try_malloc(size);
}

JEMALLOC_NOINLINE static void slow_free(void *ptr) {
    size_t usize;
    if (ptr == NULL) return;
    if (!fast_free_larger(ptr, &usize)) usize = free_and_usize(ptr);
    zm_count_freed(usize);
}

void je_zfree(void *ptr) {
    size_t usize;
    if (likely(fast_free_small(ptr, &usize))) {
        zm_count_freed(usize);
    } else {
        slow_free(ptr);
    }
}

/* The size saves small blocks the look-up; to find the class of a larger size
 * costs more than that. */
void je_zfree_with_size(void *ptr, size_t size) {
    size_t usize;
    if (size <= SC_LOOKUP_MAXCLASS && likely(fast_free_sized(ptr, size, &usize))) {
        zm_count_freed(usize);
    } else {
        je_zfree(ptr);
    }
}
