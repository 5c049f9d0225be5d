// Compiled with tcmalloc's internal headers.
#include "zmalloc/allocator/tcmalloc/inside/extension.h"
#include "zmalloc/allocator/tcmalloc/inside/fast_paths.h"
#include "zmalloc/core/accounting.h"
#include "zmalloc/core/oom.h"
#include "zmalloc/core/sampled.h"
#include "zmalloc/core/traces.h"

extern "C" {

// Out of line, so that the fast paths need no stack frame.
void *tcmalloc_private_slow_ztrymalloc(size_t size) ATTRIBUTE_NOINLINE;
void *tcmalloc_private_slow_zmalloc(size_t size) ATTRIBUTE_NOINLINE;
void tcmalloc_private_slow_zfree(void *ptr) ATTRIBUTE_NOINLINE;

}  // extern "C"

void *tcmalloc_private_slow_ztrymalloc(size_t size) {
    size_t usable;
    const bool possible = size < SIZE_MAX / 2 && !zm_limit_refuses(size);
    void *ptr = possible ? tcmalloc_private_malloc(size, &usable) : nullptr;
    return ptr != nullptr ? zm_count_new_block(ptr, usable) : nullptr;
}

void *tcmalloc_private_slow_zmalloc(size_t size) {
    void *ptr = tcmalloc_private_slow_ztrymalloc(size);
    return ptr != nullptr ? ptr : zm_out_of_memory(size);
}

void tcmalloc_private_slow_zfree(void *ptr) {
    size_t usable;
    if (zm_null_or_sampled(ptr) && zm_sampled_free(ptr)) return;
    tcmalloc_private_free(ptr, &usable);
    zm_count_freed(usable);
}

extern "C" void *tcmalloc_private_zmalloc(size_t size) {
    void *ptr;
    size_t usable;
    if (PREDICT_FALSE(!tcmalloc_private::FastMalloc(size, &ptr, &usable))) {
        return tcmalloc_private_slow_zmalloc(size);
    }
    return zm_count_new_block_or_fail(ptr, usable, size);
}

extern "C" void *tcmalloc_private_ztrymalloc(size_t size) {
    void *ptr;
    size_t usable;
    if (PREDICT_FALSE(!tcmalloc_private::FastMalloc(size, &ptr, &usable))) {
        return tcmalloc_private_slow_ztrymalloc(size);
    }
    return zm_count_new_block(ptr, usable);
}

extern "C" void tcmalloc_private_zfree(void *ptr) {
    size_t usable;
    if (PREDICT_TRUE(!zm_null_or_sampled(ptr) && tcmalloc_private::FastFree(ptr, &usable))) {
        zm_count_freed(usable);
    } else {
        tcmalloc_private_slow_zfree(ptr);
    }
}

ZM_NAME_IN_TRACES(tcmalloc_private_zmalloc, "zmalloc.inside");
ZM_NAME_IN_TRACES(tcmalloc_private_slow_zmalloc, "zmalloc.slow");
ZM_NAME_IN_TRACES(tcmalloc_private_ztrymalloc, "ztrymalloc.inside");
ZM_NAME_IN_TRACES(tcmalloc_private_slow_ztrymalloc, "ztrymalloc.slow");
ZM_NAME_IN_TRACES(tcmalloc_private_zfree, "zfree.inside");
ZM_NAME_IN_TRACES(tcmalloc_private_slow_zfree, "zfree.slow");
