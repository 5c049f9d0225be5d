#include "tools/zbench/workloads.h"

#include <map>
#include <utility>

// //malloc defines it.
extern "C" __attribute__((weak)) void *zm_std_malloc(size_t size);

namespace zbench {
namespace {

// One block at a time: thread caches are made for this.
template <class Layer>
void Pair(uint64_t count, size_t size) {
    for (; count > 0; count--) {
        void *ptr = Layer::Malloc(size);
        Escape(ptr);
        Layer::Free(ptr, size);
    }
}

template <class Layer>
void Calloc(uint64_t count, size_t size) {
    for (; count > 0; count--) {
        void *ptr = Layer::Calloc(size);
        Escape(ptr);
        Layer::Free(ptr, size);
    }
}

void PairInZone(uint64_t count, size_t size) {
    static zmalloc_zone_t *const created = zmalloc_zone_create("zbench");
    zmalloc_zone_t *const zone = created;  // in a register
    for (; count > 0; count--) {
        void *ptr = zmalloc_in(zone, size);
        Escape(ptr);
        zfree_in(zone, ptr);
    }
}

// A batch of random sizes, freed in another order.
struct BatchPlan {
    static constexpr size_t kBlocks = 64;
    size_t size[kBlocks];
    size_t order[kBlocks];

    explicit BatchPlan(size_t largest) {
        uint32_t state = 1;
        auto random = [&state](size_t below) {
            state = state * 1664525 + 1013904223;
            return (state >> 8) % below;
        };
        for (size_t i = 0; i < kBlocks; i++) {
            size[i] = 1 + random(largest);
            order[i] = i;
        }
        for (size_t i = kBlocks - 1; i > 0; i--) std::swap(order[i], order[random(i + 1)]);
    }
};

// Created once for each size.
const BatchPlan &PlanUpTo(size_t largest) {
    static std::map<size_t, BatchPlan> plans;
    return plans.try_emplace(largest, largest).first->second;
}

template <class Layer>
void Batch(uint64_t count, size_t largest) {
    const BatchPlan &plan = PlanUpTo(largest);
    void *block[BatchPlan::kBlocks];
    for (uint64_t done = 0; done < count; done += BatchPlan::kBlocks) {
        for (size_t i = 0; i < BatchPlan::kBlocks; i++) block[i] = Layer::Malloc(plan.size[i]);
        Escape(block);
        for (size_t i : plan.order) Layer::Free(block[i], plan.size[i]);
    }
}

// Resizes back and forth between sizes that every allocator here rounds up to the same block.
template <class Layer>
void ReallocInPlace(uint64_t count, size_t size) {
    void *ptr = Layer::Malloc(size);
    for (; count > 0; count--) {
        ptr = Layer::Realloc(ptr, size - (count & 1));
        Escape(ptr);
    }
    Layer::Free(ptr, size);
}

// Doubles a block of 16 bytes until it has `largest`, then frees it.
template <class Layer>
void ReallocGrow(uint64_t count, size_t largest) {
    for (; count > 0; count--) {
        void *ptr = Layer::Malloc(16);
        for (size_t size = 32; size <= largest; size *= 2) {
            ptr = Layer::Realloc(ptr, size);
            Escape(ptr);
        }
        Layer::Free(ptr, largest);
    }
}

}  // namespace

// In a program whose malloc is zmalloc's, the libc's raw calls would be zmalloc's too.
static std::vector<Comparison> ComparisonsOfNames() {
    return {
        {"pair", 64, true, true, {{"malloc", Pair<Names>}}},
        {"pair", 1024, true, true, {{"malloc", Pair<Names>}}},
        {"calloc", 64, true, true, {{"malloc", Calloc<Names>}}},
        {"realloc_in_place", 64, true, true, {{"malloc", ReallocInPlace<Names>}}},
    };
}

std::vector<Comparison> Comparisons() {
    if (zm_std_malloc != nullptr) return ComparisonsOfNames();
    std::vector<Comparison> all;
    const std::vector<size_t> every = {16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384};
    const std::vector<size_t> some = {64, 1024, 16384};
    auto add = [&all](const char *op, const std::vector<size_t> &sizes, bool counted,
                      std::vector<Workload> layers, const Workload &in_line = {}) {
        if (kHasInline && in_line.run != nullptr) layers.push_back(in_line);
        // Powers of 4 are enough to time.
        for (size_t size : sizes) all.push_back({op, size, (size & 0x5555) != 0, counted, layers});
    };
    add("pair", every, true, {{"raw", Pair<Raw>}, {"zmalloc", Pair<Zmalloc>}},
        {"inline", Pair<Inline>});
    // Raw frees without the size: users of the raw allocator have no call with it.
    add("free_with_size", every, true, {{"raw", Pair<Raw>}, {"zmalloc", Pair<ZmallocSized>}},
        {"inline", Pair<InlineSized>});
    add("calloc", some, true, {{"raw", Calloc<Raw>}, {"zmalloc", Calloc<Zmalloc>}});
    add("batch", {64, 1024, 4096, 16384}, true, {{"raw", Batch<Raw>}, {"zmalloc", Batch<Zmalloc>}},
        {"inline", Batch<Inline>});
    add("realloc_in_place", some, true,
        {{"raw", ReallocInPlace<Raw>}, {"zmalloc", ReallocInPlace<Zmalloc>}});
    add("zone", some, true, {{"zmalloc", Pair<Zmalloc>}, {"zone", PairInZone}});
    add("realloc_grow", {16384}, false,
        {{"raw", ReallocGrow<Raw>}, {"zmalloc", ReallocGrow<Zmalloc>}});
    return all;
}

}  // namespace zbench
