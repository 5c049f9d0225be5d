// new when there is no memory.
#include <new>

#include "malloc/names.h"

void *zm_new_failed(size_t size, size_t alignment) {
    for (;;) {
        const std::new_handler handler = std::get_new_handler();
        if (handler == nullptr) throw std::bad_alloc();
        handler();
        void *ptr = alignment != 0 ? zm_std_aligned(alignment, size) : zm_std_malloc(size);
        if (ptr != nullptr) return ptr;
    }
}

void *zm_new_failed_nothrow(size_t size, size_t alignment) noexcept {
    try {
        return zm_new_failed(size, alignment);
    } catch (...) {
        return nullptr;
    }
}
