// Included before every source when tcmalloc must not replace malloc: it replaces
// libc_override.h, and makes tcmalloc export nothing.
#ifndef ZMALLOC_GPERFTOOLS_BESIDE_MALLOC_H_
#define ZMALLOC_GPERFTOOLS_BESIDE_MALLOC_H_

#define ZM_BESIDE_MALLOC

#undef PERFTOOLS_DLL_DECL
#define PERFTOOLS_DLL_DECL

#define TCMALLOC_LIBC_OVERRIDE_INL_H_
#define CPP_NOTHROW noexcept
#define CPP_BADALLOC
static inline void ReplaceSystemAlloc() {}

// Hides the bounds of tcmalloc's code sections, which some linkers export, for example Zig's.
#ifdef __ELF__
#define ZM_SECTION_BOUND(name) extern char name[] __attribute__((weak, visibility("hidden")))
ZM_SECTION_BOUND(__start_google_malloc);
ZM_SECTION_BOUND(__stop_google_malloc);
ZM_SECTION_BOUND(__start_malloc_hook);
ZM_SECTION_BOUND(__stop_malloc_hook);
#undef ZM_SECTION_BOUND
#endif

#endif  // ZMALLOC_GPERFTOOLS_BESIDE_MALLOC_H_
