// The workloads of one thread, which are timed and whose instructions are counted.
#ifndef TOOLS_ZBENCH_WORKLOADS_H_
#define TOOLS_ZBENCH_WORKLOADS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace zbench {

// A workload over one layer.
struct Workload {
    const char *layer;  // "raw", "zmalloc", "inline"
    // Does it `count` times; only Batch rounds that up, to whole batches.
    void (*run)(uint64_t count, size_t size);
};

// One over each layer, the raw allocator first.
struct Comparison {
    const char *op;
    size_t size;  // of the blocks, in bytes; the largest where they differ
    bool timed, counted;
    std::vector<Workload> layers;
};

std::vector<Comparison> Comparisons();

}  // namespace zbench

#endif  // TOOLS_ZBENCH_WORKLOADS_H_
