// Included before every source when tcmalloc replaces malloc.  It exports the public
// functions; all others are compiled with hidden visibility.
#define PERFTOOLS_DLL_DECL __attribute__((visibility("default")))

// In a program that links //malloc too, that one's malloc takes the place of tcmalloc's.
#ifdef __ELF__
#pragma weak malloc
#pragma weak free
#pragma weak calloc
#pragma weak realloc
#pragma weak cfree
#pragma weak memalign
#pragma weak aligned_alloc
#pragma weak posix_memalign
#pragma weak valloc
#pragma weak pvalloc
#pragma weak malloc_usable_size
#pragma weak __libc_malloc
#pragma weak __libc_free
#pragma weak __libc_calloc
#pragma weak __libc_realloc
#pragma weak __libc_cfree
#pragma weak __libc_memalign
#pragma weak __libc_valloc
#pragma weak __libc_pvalloc
#pragma weak __posix_memalign

#ifdef __cplusplus
#include <cstddef>
#include <new>

// Declared, as Clang's #pragma weak does not know the names of operators.
#define ZM_WEAK __attribute__((weak))
ZM_WEAK void *operator new(std::size_t);
ZM_WEAK void *operator new[](std::size_t);
ZM_WEAK void *operator new(std::size_t, const std::nothrow_t &) noexcept;
ZM_WEAK void *operator new[](std::size_t, const std::nothrow_t &) noexcept;
ZM_WEAK void *operator new(std::size_t, std::align_val_t);
ZM_WEAK void *operator new[](std::size_t, std::align_val_t);
ZM_WEAK void *operator new(std::size_t, std::align_val_t, const std::nothrow_t &) noexcept;
ZM_WEAK void *operator new[](std::size_t, std::align_val_t, const std::nothrow_t &) noexcept;
ZM_WEAK void operator delete(void *) noexcept;
ZM_WEAK void operator delete[](void *) noexcept;
ZM_WEAK void operator delete(void *, const std::nothrow_t &) noexcept;
ZM_WEAK void operator delete[](void *, const std::nothrow_t &) noexcept;
ZM_WEAK void operator delete(void *, std::size_t) noexcept;
ZM_WEAK void operator delete[](void *, std::size_t) noexcept;
ZM_WEAK void operator delete(void *, std::align_val_t) noexcept;
ZM_WEAK void operator delete[](void *, std::align_val_t) noexcept;
ZM_WEAK void operator delete(void *, std::align_val_t, const std::nothrow_t &) noexcept;
ZM_WEAK void operator delete[](void *, std::align_val_t, const std::nothrow_t &) noexcept;
ZM_WEAK void operator delete(void *, std::size_t, std::align_val_t) noexcept;
ZM_WEAK void operator delete[](void *, std::size_t, std::align_val_t) noexcept;
#undef ZM_WEAK
#endif
#endif
