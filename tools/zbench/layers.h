// What is measured side by side: the raw allocator and zmalloc over it, each as
// a type that the workloads are stamped for.
#ifndef TOOLS_ZBENCH_LAYERS_H_
#define TOOLS_ZBENCH_LAYERS_H_

#include <cstddef>

#include "raw.h"
#include "zmalloc/inline.h"

namespace zbench {

struct Raw {
    static void *Malloc(size_t size) { return raw_malloc(size); }
    static void *Calloc(size_t size) { return raw_calloc(size); }
    static void *Realloc(void *ptr, size_t size) { return raw_realloc(ptr, size); }
    static void Free(void *ptr, size_t) { raw_free(ptr); }
};

// The functions of zmalloc.h: in parentheses, no name is taken for a macro.
struct Zmalloc {
    static void *Malloc(size_t size) { return (zmalloc)(size); }
    static void *Calloc(size_t size) { return (zcalloc)(size); }
    static void *Realloc(void *ptr, size_t size) { return (zrealloc)(ptr, size); }
    static void Free(void *ptr, size_t) { (zfree)(ptr); }
};

// Frees with the size that was asked for.
struct ZmallocSized : Zmalloc {
    static void Free(void *ptr, size_t size) { (zfree_with_size)(ptr, size); }
};

// The hot calls of zmalloc/inline.h.
struct Inline {
    static void *Malloc(size_t size) { return zmalloc(size); }
    static void Free(void *ptr, size_t) { zfree(ptr); }
};

struct InlineSized : Inline {
    static void Free(void *ptr, size_t size) { zfree_with_size(ptr, size); }
};

// Whether inline.h has calls of its own over this allocator; they are macros.
#ifdef zmalloc
constexpr bool kHasInline = true;
#else
constexpr bool kHasInline = false;
#endif

// Keeps the compiler from seeing what becomes of a block.
inline void Escape(void *ptr) { __asm__ volatile("" : : "r"(ptr) : "memory"); }

}  // namespace zbench

#endif  // TOOLS_ZBENCH_LAYERS_H_
