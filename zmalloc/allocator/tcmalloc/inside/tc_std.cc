// malloc and free for //malloc.  Compiled with tcmalloc's internal headers.
#include <errno.h>

#include "zmalloc/allocator/tcmalloc/inside/extension.h"
#include "zmalloc/allocator/tcmalloc/inside/fast_paths.h"
#include "zmalloc/core/accounting.h"
#include "zmalloc/core/early.h"
#include "zmalloc/core/sampled.h"

extern "C" {

// Out of line, so that the fast paths need no stack frame.
void *tcmalloc_private_slow_std_malloc(size_t size) ATTRIBUTE_NOINLINE;
void *tcmalloc_private_larger_std_malloc(size_t size) ATTRIBUTE_NOINLINE;
void tcmalloc_private_slow_std_free(void *ptr) ATTRIBUTE_NOINLINE;

}  // extern "C"

// Blocks of up to 8 bytes would be aligned to 8 only.
static inline size_t AlignedClass(size_t size) { return size < 16 ? 16 : size; }

void *tcmalloc_private_slow_std_malloc(size_t size) {
    void *ptr = tcmalloc_private_ztrymalloc(AlignedClass(size));
    if (ptr == nullptr) errno = ENOMEM;
    return ptr;
}

void tcmalloc_private_slow_std_free(void *ptr) {
    if (zm_early_free(ptr)) return;
    const int saved = errno;
    tcmalloc_private_zfree(ptr);
    errno = saved;
}

// tcmalloc finds the class of sizes up to this one by a single look-up.
static const size_t kLargestSmall = 1024;

// The largest size of the fast path: 0 at first (zmalloc/core/early.h).
static size_t largest;

static ALWAYS_INLINE void *FastOrSlow(size_t size, size_t wanted) {
    void *ptr;
    size_t usable;
    if (PREDICT_FALSE(!tcmalloc_private::FastMalloc(wanted, &ptr, &usable))) {
        return tcmalloc_private_slow_std_malloc(size);
    }
    return zm_count_new_block(ptr, usable);
}

void *tcmalloc_private_larger_std_malloc(size_t size) {
    if (PREDICT_FALSE(largest == 0)) {
        if (zm_early()) return zm_early_malloc(size);
        largest = kLargestSmall;
    }
    return FastOrSlow(size, AlignedClass(size));
}

// One comparison finds 0 as well.  The classes from 16 bytes on are multiples of 16.
extern "C" void *tcmalloc_private_std_malloc(size_t size) {
    if (PREDICT_FALSE(size - 1 >= largest)) return tcmalloc_private_larger_std_malloc(size);
    const size_t wanted = ((size - 1) | 15) + 1;
    if (wanted > kLargestSmall) __builtin_unreachable();  // saves a comparison
    return FastOrSlow(size, wanted);
}

extern "C" void tcmalloc_private_std_free(void *ptr) {
    size_t usable;
    if (PREDICT_TRUE(!zm_null_or_sampled(ptr) && tcmalloc_private::FastFree(ptr, &usable))) {
        zm_count_freed(nullptr, usable);
    } else {
        tcmalloc_private_slow_std_free(ptr);
    }
}
