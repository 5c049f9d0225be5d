/* malloc and free for //malloc.  Compiled with mimalloc's internal headers. */
#include <errno.h>

#include "zmalloc/allocator/mimalloc/inside/extension.h"
#include "zmalloc/allocator/mimalloc/inside/fast_paths.h"
#include "zmalloc/core/accounting.h"
#include "zmalloc/core/early.h"
#include "zmalloc/core/sampled.h"

/* Blocks of up to 8 bytes would be aligned to 8 only; larger classes are multiples of 16 anyway. */
static inline size_t aligned_class(size_t size) {
    return ((size - 1) | (MI_MAX_ALIGN_SIZE - 1)) + 1;
}

/* The largest size of the fast path: 0 at first (zmalloc/core/early.h). */
static size_t largest;

NOINLINE static void *slow_std_malloc(size_t size) {
    if (UNLIKELY(largest == 0)) {
        if (zm_early()) return zm_early_malloc(size);
        largest = MI_SMALL_SIZE_MAX;
    }
    void *ptr = mi_ztrymalloc(size <= MI_SMALL_SIZE_MAX ? aligned_class(size + (size == 0)) : size);
    if (UNLIKELY(ptr == NULL)) errno = ENOMEM;
    return ptr;
}

/* One comparison finds 0 as well. */
void *mi_std_malloc(size_t size) {
    size_t usable;
    if (UNLIKELY(size - 1 >= largest)) return slow_std_malloc(size);
    if (size - 1 >= MI_SMALL_SIZE_MAX) __builtin_unreachable(); /* saves a comparison */
    void *ptr = fast_malloc(aligned_class(size), &usable);
    return LIKELY(ptr != NULL) ? zm_count_new_block(ptr, usable) : slow_std_malloc(size);
}

NOINLINE static void slow_std_free(void *ptr) {
    if (zm_early_free(ptr)) return;
    const int saved = errno;
    mi_zfree(ptr);
    errno = saved;
}

void mi_std_free(void *ptr) {
    mi_page_t *page = LIKELY(!zm_null_or_sampled(ptr)) ? fast_page(ptr) : NULL;
    if (UNLIKELY(page == NULL)) {
        slow_std_free(ptr);
    } else if (fast_free(page, ptr)) {
        mi_zfree_retire(ptr, page);
    } else {
        zm_count_freed(ptr, page->xblock_size);
    }
}
