// new when there is no memory, in a library that is preloaded.  It has no C++ runtime, so that
// programs in C do not get one.  A program that calls new has one: its own new asks malloc again,
// calls the program's new_handler and throws.
#include <dlfcn.h>

#include <cstdlib>
#include <new>

#include "malloc/names.h"

namespace {

// The next definition of an operator after ours.
template <class Function>
Function *Next(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (found == nullptr) abort();
    return reinterpret_cast<Function *>(found);
}

}  // namespace

void *zm_new_failed(size_t size, size_t alignment) {
    if (alignment == 0) return Next<void *(size_t)>("_Znwm")(size);
    return Next<void *(size_t, std::align_val_t)>("_ZnwmSt11align_val_t")(
        size, static_cast<std::align_val_t>(alignment));
}

void *zm_new_failed_nothrow(size_t size, size_t alignment) noexcept {
    using Plain = void *(size_t, const std::nothrow_t &) noexcept;
    using Aligned = void *(size_t, std::align_val_t, const std::nothrow_t &) noexcept;
    static const std::nothrow_t nothrow{};
    if (alignment == 0) return Next<Plain>("_ZnwmRKSt9nothrow_t")(size, nothrow);
    return Next<Aligned>("_ZnwmSt11align_val_tRKSt9nothrow_t")(
        size, static_cast<std::align_val_t>(alignment), nothrow);
}
