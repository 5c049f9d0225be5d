// Compiled with tcmalloc, against its internal headers.
#include "zmalloc/allocator/tcmalloc/counted.h"

#include "third_party/gperftools/extension.h"
#include "third_party/gperftools/fast_paths.h"
#include "zmalloc/accounting/accounting.h"
#include "zmalloc/guard/sampled.h"
#include "zmalloc/oom.h"

namespace {

ATTRIBUTE_NOINLINE void *SlowTryMalloc(size_t size) {
    size_t usable;
    void *ptr = size < SIZE_MAX / 2 ? tcmalloc_private_malloc(size, &usable) : nullptr;
    return ptr != nullptr ? zm_counted(ptr, usable) : nullptr;
}

ATTRIBUTE_NOINLINE void *SlowMalloc(size_t size) {
    void *ptr = SlowTryMalloc(size);
    return ptr != nullptr ? ptr : zm_out_of_memory(size);
}

ATTRIBUTE_NOINLINE void SlowFree(void *ptr) {
    size_t usable;
    if (zm_is_seldom(ptr) && zm_seldom_freed(ptr)) return;
    tcmalloc_private_free(ptr, &usable);
    zm_count_freed(usable);
}

}  // namespace

extern "C" void *tcmalloc_private_zmalloc(size_t size) {
    void *ptr;
    size_t usable;
    if (PREDICT_FALSE(!tcmalloc_private::FastMalloc(size, &ptr, &usable))) return SlowMalloc(size);
    return zm_counted(ptr, usable);
}

extern "C" void *tcmalloc_private_ztrymalloc(size_t size) {
    void *ptr;
    size_t usable;
    if (PREDICT_FALSE(!tcmalloc_private::FastMalloc(size, &ptr, &usable))) {
        return SlowTryMalloc(size);
    }
    return zm_counted(ptr, usable);
}

extern "C" void tcmalloc_private_zfree(void *ptr) {
    size_t usable;
    if (PREDICT_TRUE(!zm_is_seldom(ptr) && tcmalloc_private::FastFree(ptr, &usable))) {
        zm_count_freed(usable);
    } else {
        SlowFree(ptr);
    }
}
