// The C++ operators new and delete, in all their forms.
#include <cstddef>
#include <new>

#include "malloc/names.h"

#define EXPORTED __attribute__((visibility("default")))

namespace {

inline void *New(std::size_t size) {
    void *ptr = zm_std_malloc(size);
    return __builtin_expect(ptr != nullptr, 1) ? ptr : zm_new_failed(size, 0);
}

inline void *NewNothrow(std::size_t size) noexcept {
    void *ptr = zm_std_malloc(size);
    return __builtin_expect(ptr != nullptr, 1) ? ptr : zm_new_failed_nothrow(size, 0);
}

inline void *New(std::size_t size, std::align_val_t alignment) {
    void *ptr = zm_std_aligned(static_cast<std::size_t>(alignment), size);
    return ptr != nullptr ? ptr : zm_new_failed(size, static_cast<std::size_t>(alignment));
}

inline void *NewNothrow(std::size_t size, std::align_val_t alignment) noexcept {
    void *ptr = zm_std_aligned(static_cast<std::size_t>(alignment), size);
    return ptr != nullptr ? ptr : zm_new_failed_nothrow(size, static_cast<std::size_t>(alignment));
}

}  // namespace

EXPORTED void *operator new(std::size_t size) { return New(size); }
EXPORTED void *operator new[](std::size_t size) { return New(size); }

EXPORTED void *operator new(std::size_t size, const std::nothrow_t &) noexcept {
    return NewNothrow(size);
}
EXPORTED void *operator new[](std::size_t size, const std::nothrow_t &) noexcept {
    return NewNothrow(size);
}

EXPORTED void *operator new(std::size_t size, std::align_val_t alignment) {
    return New(size, alignment);
}
EXPORTED void *operator new[](std::size_t size, std::align_val_t alignment) {
    return New(size, alignment);
}

EXPORTED void *operator new(std::size_t size, std::align_val_t alignment,
                            const std::nothrow_t &) noexcept {
    return NewNothrow(size, alignment);
}
EXPORTED void *operator new[](std::size_t size, std::align_val_t alignment,
                              const std::nothrow_t &) noexcept {
    return NewNothrow(size, alignment);
}

EXPORTED void operator delete(void *ptr) noexcept { zm_std_free(ptr); }
EXPORTED void operator delete[](void *ptr) noexcept { zm_std_free(ptr); }

EXPORTED void operator delete(void *ptr, const std::nothrow_t &) noexcept { zm_std_free(ptr); }
EXPORTED void operator delete[](void *ptr, const std::nothrow_t &) noexcept { zm_std_free(ptr); }

EXPORTED void operator delete(void *ptr, std::size_t size) noexcept {
    zm_std_free_sized(ptr, size);
}
EXPORTED void operator delete[](void *ptr, std::size_t size) noexcept {
    zm_std_free_sized(ptr, size);
}

EXPORTED void operator delete(void *ptr, std::align_val_t) noexcept { zm_std_free(ptr); }
EXPORTED void operator delete[](void *ptr, std::align_val_t) noexcept { zm_std_free(ptr); }

EXPORTED void operator delete(void *ptr, std::align_val_t, const std::nothrow_t &) noexcept {
    zm_std_free(ptr);
}
EXPORTED void operator delete[](void *ptr, std::align_val_t, const std::nothrow_t &) noexcept {
    zm_std_free(ptr);
}

EXPORTED void operator delete(void *ptr, std::size_t size, std::align_val_t) noexcept {
    zm_std_free_sized(ptr, size);
}
EXPORTED void operator delete[](void *ptr, std::size_t size, std::align_val_t) noexcept {
    zm_std_free_sized(ptr, size);
}
