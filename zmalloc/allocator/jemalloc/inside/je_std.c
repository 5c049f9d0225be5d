/* malloc and free for //malloc.  Compiled with jemalloc's internal headers. */
#include <errno.h>

#include "zmalloc/allocator/jemalloc/inside/fast_paths.h"
#include "zmalloc/allocator/jemalloc/inside/je_zmalloc.h"
#include "zmalloc/core/accounting.h"
#include "zmalloc/core/early.h"

/* jemalloc is configured as Redis configures it: it aligns some small classes to 8 bytes only.
 * Classes that are multiples of 16 bytes are aligned to 16; all are above SC_LOOKUP_MAXCLASS. */
JEMALLOC_ALWAYS_INLINE size_t aligned_class(size_t size) { return ((size - 1) | 15) + 1; }

/* The largest size of the fast path: 0 at first (zmalloc/core/early.h). */
static size_t largest;

/* Thread-local memory is zero, and so fast_lookup() would find low addresses in an empty cache. */
static void *early_malloc(size_t size) {
    void *ptr = zm_early_malloc(size);
    if (zm_early_has_thread_memory())
        rtree_ctx_data_init(tsd_rtree_ctxp_get_unsafe(tsd_get(false)));
    return ptr;
}

JEMALLOC_NOINLINE static void *slow_malloc(size_t size) {
    size_t wanted = size;
    if (unlikely(largest == 0)) {
        if (zm_early()) return early_malloc(size);
        largest = SC_LOOKUP_MAXCLASS;
    }
    if (size <= SC_LOOKUP_MAXCLASS) wanted = aligned_class(size + (size == 0));
    void *ptr = je_ztrymalloc(wanted);
    if (unlikely(ptr == NULL)) errno = ENOMEM;
    return ptr;
}

void *je_std_malloc(size_t size) {
    void *ptr;
    size_t usize;
    /* One comparison finds 0 as well. */
    if (unlikely(size - 1 >= largest)) return slow_malloc(size);
    const size_t wanted = aligned_class(size);
    if (wanted > SC_LOOKUP_MAXCLASS) __builtin_unreachable(); /* saves a comparison */
    if (likely(fast_malloc_small(wanted, &ptr, &usize))) return zm_count_new_block(ptr, usize);
    return slow_malloc(size);
}

JEMALLOC_NOINLINE static void slow_free(void *ptr) {
    if (zm_early_free(ptr)) return;
    const int saved = errno;
    je_zfree(ptr);
    errno = saved;
}

void je_std_free(void *ptr) {
    size_t usize;
    if (likely(fast_free_small_not_null(ptr, &usize))) {
        zm_count_freed(NULL, usize);
    } else {
        slow_free(ptr);
    }
}
