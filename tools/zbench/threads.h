// The benchmarks of several threads, and of what threads leave behind.
#ifndef TOOLS_ZBENCH_THREADS_H_
#define TOOLS_ZBENCH_THREADS_H_

#include <benchmark/benchmark.h>

#include <cstddef>
#include <vector>

namespace zbench {

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

#endif  // TOOLS_ZBENCH_THREADS_H_
