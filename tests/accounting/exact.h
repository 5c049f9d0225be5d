// Makes random calls, and checks that each changes used memory by what its block counts for.
#ifndef ZMALLOC_TESTS_ACCOUNTING_EXACT_H_
#define ZMALLOC_TESTS_ACCOUNTING_EXACT_H_

#include <vector>

#include "tests/support.h"

namespace zmalloc_test {

// A random size: mostly small, at times large enough for a mapping of its own.
inline size_t AnySize(Random *random) {
    static const size_t limits[] = {64, 1000, 5000, 40000, 300000, 2 * kMiB};
    return random->Below(limits[random->Below(100) < 97 ? random->Below(4) : 4 + random->Below(2)]);
}

// Counts the calls that were wrong.
inline size_t CountInexactCalls(uint64_t seed, size_t calls) {
    Random random(seed);
    const size_t start = zmalloc_used_memory();
    std::vector<void *> blocks(100);
    size_t expected = start, wrong = 0;
    for (size_t i = 0; i < calls; i++) {
        void *&block = blocks[random.Below(blocks.size())];
        const size_t counted = zmalloc_size(block), size = AnySize(&random);
        expected -= counted;
        switch (random.Below(8)) {
            case 0:
                block = zrealloc(block, size);
                break;
            case 1:  // grows and shrinks a little, perhaps in place
                block =
                    zrealloc(block, zmalloc_usable_size(block) * (9 + random.Below(3)) / 10 + 1);
                break;
            case 2:
                zfree_with_size(block, zmalloc_usable_size(block));
                block = zcalloc(size);
                break;
            case 3:
                zfree_usable(block, nullptr);
                block = zmalloc_aligned(size_t{8} << random.Below(10), size);
                break;
            case 4:
                zfree(block);
                block = nullptr;
                break;
            default:
                zfree(block);
                block = zmalloc(size);
        }
        expected += zmalloc_size(block);
        wrong += zmalloc_used_memory() != expected;
        if (block != nullptr) std::memset(block, 0x5a, zmalloc_usable_size(block));
    }
    for (void *block : blocks) zfree(block);
    return wrong + (zmalloc_used_memory() != start);
}

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_ACCOUNTING_EXACT_H_
