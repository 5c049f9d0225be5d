// malloc and free for //malloc.  Compiled with tcmalloc's internal headers.
#include <errno.h>

#include "zmalloc/allocator/tcmalloc/inside/extension.h"
#include "zmalloc/allocator/tcmalloc/inside/fast_paths.h"
#include "zmalloc/core/accounting.h"
#include "zmalloc/core/sampled.h"

extern "C" {

// Out of line, so that the fast paths need no stack frame.
void *tcmalloc_private_slow_std_malloc(size_t size) ATTRIBUTE_NOINLINE;
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
    const int saved = errno;
    tcmalloc_private_zfree(ptr);
    errno = saved;
}

extern "C" void *tcmalloc_private_std_malloc(size_t size) {
    void *ptr;
    size_t usable;
    if (PREDICT_FALSE(!tcmalloc_private::FastMalloc(AlignedClass(size), &ptr, &usable))) {
        return tcmalloc_private_slow_std_malloc(size);
    }
    return zm_count_new_block(ptr, usable);
}

extern "C" void tcmalloc_private_std_free(void *ptr) {
    size_t usable;
    if (PREDICT_TRUE(!zm_null_or_sampled(ptr) && tcmalloc_private::FastFree(ptr, &usable))) {
        zm_count_freed(usable);
    } else {
        tcmalloc_private_slow_std_free(ptr);
    }
}
