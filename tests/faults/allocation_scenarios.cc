// Each function that allocates, resizes and frees; and chains of them.
#include <cstring>

#include "tests/api/allocators.h"
#include "tests/faults/scenarios.h"

namespace zmalloc_test {
namespace {

// Sizes for slabs and bins, for pages, and for mappings of their own.
constexpr size_t kSizes[] = {0, 1, 100, 5000, 300000, 3 * kMiB};
constexpr size_t kSizeCount = sizeof kSizes / sizeof kSizes[0];

void NothingLeft(Checks &checks, Block *blocks, size_t count) {
    for (size_t i = 0; i < count; i++) checks.Free(&blocks[i]);
}

Scenario Allocating(const Allocator &allocator) {
    return {allocator.name, [allocator](Checks &checks) {
                Block blocks[kSizeCount];
                checks.Note(allocator.name);
                for (size_t i = 0; i < kSizeCount; i++) {
                    blocks[i] = checks.Allocate(allocator.name, kSizes[i], allocator.tries,
                                                allocator.allocate);
                }
                NothingLeft(checks, blocks, kSizeCount);
            }};
}

struct Reallocator {
    const char *name;
    bool tries;
    void *(*resize)(void *ptr, size_t size, size_t *usable, size_t *old_usable);
};

// For functions without these parameters: asks zmalloc_usable_size() instead.
template <typename Call>
void *Asked(void *ptr, size_t *usable, size_t *old_usable, Call call) {
    *old_usable = zmalloc_usable_size(ptr);
    void *resized = call(ptr);
    *usable = zmalloc_usable_size(resized);
    return resized;
}

template <int kFlags>
void *WithFlags(void *ptr, size_t size, size_t *usable, size_t *old_usable) {
    return Asked(ptr, usable, old_usable,
                 [size](void *p) { return zrealloc_with_flags(p, size, kFlags); });
}

const Reallocator kReallocators[] = {
    {"zrealloc_of_a_block", false,
     [](void *ptr, size_t size, size_t *usable, size_t *old_usable) {
         return Asked(ptr, usable, old_usable, [size](void *p) { return zrealloc(p, size); });
     }},
    {"ztryrealloc_of_a_block", true,
     [](void *ptr, size_t size, size_t *usable, size_t *old_usable) {
         return Asked(ptr, usable, old_usable, [size](void *p) { return ztryrealloc(p, size); });
     }},
    {"zrealloc_usable_of_a_block", false, zrealloc_usable},
    {"ztryrealloc_usable_of_a_block", true, ztryrealloc_usable},
    {"zrealloc_with_flags_of_a_block", false, WithFlags<0>},
    {"zrealloc_with_flags_zero", false, WithFlags<kZero>},
    {"zrealloc_with_flags_align", false, WithFlags<LgAlign(8)>},
};

// A string grows and is cut; then an aligned block is resized, which some allocators move.
void Chain(const Reallocator &reallocator, Checks &checks) {
    checks.Note(reallocator.name);
    for (size_t alignment : {size_t{8}, size_t{256}}) {
        Block block =
            checks.Allocate("ztrymalloc_aligned", 40, true, [alignment](size_t size, size_t *u) {
                return Told(ztrymalloc_aligned(alignment, size), u);
            });
        if (block.at == nullptr) continue;
        for (size_t size : {80, 200, 5000, 70000, 500000, 3000000, 100000, 90, 1}) {
            checks.Resize(reallocator.name, &block, size, reallocator.tries, reallocator.resize);
        }
        checks.Free(&block);
    }
}

void Duplicate(Checks &checks) {
    static const char text[] = "a string that is copied";
    Block block = checks.Allocate("zstrdup", sizeof text, false, [&](size_t, size_t *usable) {
        char *copy = CALL(checks, zstrdup)(text);
        checks.Expect(copy == nullptr || std::strcmp(copy, text) == 0, "zstrdup", "a copy");
        return Told(copy, usable);
    });
    checks.Free(&block);
}

struct Freer {
    const char *function;
    void (*free)(void *ptr, size_t *usable);
};

const Freer kFreers[] = {
    {"zfree", [](void *p, size_t *u) { *u = zmalloc_usable_size(p), zfree(p); }},
    {"zfree_usable", zfree_usable},
    {"zfree_with_size",
     [](void *p, size_t *u) { zfree_with_size(p, *u = zmalloc_usable_size(p)); }},
    {"zfree_with_flags",
     [](void *p, size_t *u) { *u = zmalloc_usable_size(p), zfree_with_flags(p, 0); }},
    {"zfree_no_tcache",
     [](void *p, size_t *u) { *u = zmalloc_usable_size(p), zfree_no_tcache(p); }},
};

void Frees(Checks &checks) {
    for (const Freer &freer : kFreers) {
        checks.Note(freer.function);
        for (size_t size : kSizes) {
            Block block = checks.Allocate("zmalloc", size, false,
                                          [](size_t n, size_t *u) { return Told(zmalloc(n), u); });
            checks.Free(freer.function, &block, freer.free);
        }
    }
    checks.Other("zlibc_free", [&] {
        CALL(checks, zlibc_free)(std::malloc(100));
        return 0;
    });
}

// Calls that use or tell a block's size without allocating.
void Sizes(Checks &checks) {
    Block block = checks.Allocate("zmalloc_usable", 1000, false, zmalloc_usable);
    const size_t usable = CALL(checks, zmalloc_usable_size)(block.at);
    checks.Expect(CALL(checks, zmalloc_size)(block.at) >= usable, "zmalloc_size", "the size");
    checks.Expect(CALL(checks, extend_to_usable)(block.at, usable) == block.at, "extend_to_usable",
                  "the block");
    checks.Free(&block);
}

// The handler frees a reserve; the caller then asks once more.
void Reserve(Checks &checks) {
    static void *reserve;
    static size_t asked;
    reserve = ztrymalloc(2 * kMiB);
    asked = 0;
    CALL(checks, zmalloc_set_oom_handler)
    ([](size_t size) {
        asked = size;
        zfree(reserve);
        reserve = nullptr;
    });
    const size_t used = zmalloc_used_memory(), kept = zmalloc_size(reserve);
    char *block = static_cast<char *>(zmalloc(kMiB));
    checks.Expect((block == nullptr) == (asked == kMiB), "zmalloc_set_oom_handler", "called");
    if (block == nullptr) {
        checks.Expect(zmalloc_used_memory() == used - kept, "zmalloc", "used memory");
        block = static_cast<char *>(ztrymalloc(kMiB));
    }
    zfree(block);
    zfree(reserve);
}

}  // namespace

std::vector<Scenario> AllocationScenarios() {
    std::vector<Scenario> scenarios;
    for (const Allocator &allocator : Allocators()) scenarios.push_back(Allocating(allocator));
    for (const Reallocator &reallocator : kReallocators) {
        scenarios.push_back(
            {reallocator.name, [&reallocator](Checks &checks) { Chain(reallocator, checks); }});
    }
    scenarios.push_back({"duplicate", Duplicate});
    scenarios.push_back({"frees", Frees});
    scenarios.push_back({"sizes", Sizes});
    scenarios.push_back({"reserve", Reserve});
    return scenarios;
}

}  // namespace zmalloc_test
