#include "tests/api/allocators.h"
#include "tests/support.h"
#include "zmalloc/features.h"

namespace zmalloc_test {
namespace {

using AlignedFunction = void *(*)(size_t alignment, size_t size);
const AlignedFunction kFunctions[] = {zmalloc_aligned, ztrymalloc_aligned};

TEST(Aligned, EveryPowerOfTwo) {
    const size_t before = zmalloc_used_memory();
    for (AlignedFunction function : kFunctions) {
        for (size_t alignment = 1; alignment <= kMiB; alignment *= 2) {
            std::vector<size_t> sizes = {0, 1, 7, 8, 24, 100, 1000, 4097, 70000};
            for (size_t near : {alignment - 1, alignment, alignment + 1}) sizes.push_back(near);
            std::vector<void *> blocks;
            for (size_t size : sizes) {
                void *block = function(alignment, size);
                ASSERT_NE(block, nullptr) << alignment << " " << size;
                ASSERT_EQ(reinterpret_cast<uintptr_t>(block) % alignment, 0u) << size;
                ASSERT_GE(zmalloc_usable_size(block), size);
                Pattern::Fill(block, zmalloc_usable_size(block), alignment + blocks.size());
                blocks.push_back(block);
            }
            for (size_t i = 0; i < blocks.size(); i++) {
                ASSERT_TRUE(
                    Pattern::Holds(blocks[i], zmalloc_usable_size(blocks[i]), alignment + i));
                zfree(blocks[i]);
            }
            ASSERT_EQ(zmalloc_used_memory(), before) << alignment;
        }
    }
}

TEST(Aligned, OtherAlignmentsCannotBeMet) {
    OomRecorder oom;
    const size_t before = zmalloc_used_memory();
    for (size_t alignment : {size_t{0}, size_t{3}, size_t{5}, size_t{6}, size_t{12}, size_t{24},
                             size_t{48}, size_t{96}, size_t{4095}, SIZE_MAX, SIZE_MAX / 2 + 2}) {
        for (size_t size : {0, 1, 100}) {
            EXPECT_EQ(ztrymalloc_aligned(alignment, size), nullptr) << alignment;
            EXPECT_TRUE(oom.Take().empty());
            EXPECT_EQ(zmalloc_aligned(alignment, size), nullptr) << alignment;
            EXPECT_EQ(oom.Take(), std::vector<size_t>{size});
        }
    }
    EXPECT_EQ(zmalloc_used_memory(), before);
}

TEST(Aligned, TooMuchCannotBeMet) {
    OomRecorder oom;
    const size_t before = zmalloc_used_memory();
    // Alignments as large as the address space, and larger.
    for (int log : {48, 60, 61, 62, 63}) {
        const size_t alignment = size_t{1} << log;
        for (size_t size : {size_t{1}, Opaque(SIZE_MAX / 2 - 1), Opaque(SIZE_MAX)}) {
            EXPECT_EQ(ztrymalloc_aligned(alignment, size), nullptr) << log;
            EXPECT_EQ(zmalloc_aligned(alignment, size), nullptr) << log;
            EXPECT_EQ(oom.Take(), std::vector<size_t>{size}) << log;
        }
    }
    for (size_t alignment = 1; alignment <= kMiB; alignment *= 2) {
        for (size_t size : {SIZE_MAX / 2 - 1, SIZE_MAX / 2, SIZE_MAX - alignment, SIZE_MAX}) {
            EXPECT_EQ(ztrymalloc_aligned(alignment, Opaque(size)), nullptr) << alignment;
        }
    }
    EXPECT_EQ(zmalloc_used_memory(), before);
}

// No two blocks, of any size, share a cache line.
TEST(CacheAligned, FillsWholeLines) {
    const size_t kLine = CACHE_LINE_SIZE;
    for (size_t size : InterestingSizes(kMiB)) {
        void *block = zmalloc_cache_aligned(size);
        ASSERT_EQ(reinterpret_cast<uintptr_t>(block) % kLine, 0u) << size;
        ASSERT_GE(zmalloc_usable_size(block), (size + kLine - 1) / kLine * kLine) << size;
        zfree(block);
    }
}

}  // namespace
}  // namespace zmalloc_test
