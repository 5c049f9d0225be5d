// The layers that are measured side by side, the raw allocator and zmalloc over it, and the
// workloads that measure them.
#ifndef TOOLS_ZBENCH_WORKLOADS_H_
#define TOOLS_ZBENCH_WORKLOADS_H_

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "tools/raw/raw.h"
#include "zmalloc/inline.h"
#include "zmalloc/zone.h"

namespace zbench {

// ---- Layers: types that the workloads are stamped for -----------------------

struct Raw {
    static void *Malloc(size_t size) { return raw_malloc(size); }
    static void *Calloc(size_t size) { return raw_calloc(size); }
    static void *Realloc(void *ptr, size_t size) { return raw_realloc(ptr, size); }
    static void Free(void *ptr, size_t) { raw_free(ptr); }
};

// The functions of zmalloc.h.  The parentheses keep macros from taking their place.
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

// malloc and its like, where they are zmalloc's (//malloc).
struct Names {
    static void *Malloc(size_t size) { return malloc(size); }
    static void *Calloc(size_t size) { return calloc(1, size); }
    static void *Realloc(void *ptr, size_t size) { return realloc(ptr, size); }
    static void Free(void *ptr, size_t) { free(ptr); }
};

// Hides from the compiler what becomes of a block.
inline void Escape(void *ptr) { __asm__ volatile("" : : "r"(ptr) : "memory"); }

// ---- Workloads of one thread, which are timed and whose instructions are counted

// A workload over one layer.
struct Workload {
    // "raw", "zmalloc", "inline"; "zone" over "zmalloc"; or "malloc" alone, in a binary of its own
    const char *layer;
    // Runs it `count` times; only Batch rounds that up, to whole batches.
    void (*run)(uint64_t count, size_t size);
};

// The same workload over each layer.  The first is what the others are compared with: the raw
// allocator, or zmalloc where the layer is over that.
struct Comparison {
    const char *op;
    size_t size;  // of the blocks, in bytes; the largest where they differ
    bool timed, counted;
    std::vector<Workload> layers;
};

std::vector<Comparison> Comparisons();

// ---- Workloads of several threads, timed ---------------------------------

struct ThreadedLayer {
    const char *layer;
    void (*run)(benchmark::State &state, size_t argument);
};

struct ThreadedComparison {
    const char *op;
    size_t argument;
    int threads;
    std::vector<ThreadedLayer> layers;
};

std::vector<ThreadedComparison> ThreadedComparisons();

}  // namespace zbench

#endif  // TOOLS_ZBENCH_WORKLOADS_H_
