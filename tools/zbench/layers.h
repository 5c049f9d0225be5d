// What is measured side by side: the raw allocator and zmalloc over it, each as
// a type that the workloads are stamped for.
#ifndef TOOLS_ZBENCH_LAYERS_H_
#define TOOLS_ZBENCH_LAYERS_H_

#include <cstddef>

#include "raw.h"
#include "zmalloc/zmalloc.h"

namespace zbench {

struct Raw {
    static void *Malloc(size_t size) { return raw_malloc(size); }
    static void *Calloc(size_t size) { return raw_calloc(size); }
    static void *Realloc(void *ptr, size_t size) { return raw_realloc(ptr, size); }
    static void Free(void *ptr, size_t) { raw_free(ptr); }
};

struct Zmalloc {
    static void *Malloc(size_t size) { return zmalloc(size); }
    static void *Calloc(size_t size) { return zcalloc(size); }
    static void *Realloc(void *ptr, size_t size) { return zrealloc(ptr, size); }
    static void Free(void *ptr, size_t) { zfree(ptr); }
};

// Frees with the size that was asked for.
struct ZmallocSized : Zmalloc {
    static void Free(void *ptr, size_t size) { zfree_with_size(ptr, size); }
};

// Keeps the compiler from seeing what becomes of a block.
inline void Escape(void *ptr) { __asm__ volatile("" : : "r"(ptr) : "memory"); }

}  // namespace zbench

#endif  // TOOLS_ZBENCH_LAYERS_H_
