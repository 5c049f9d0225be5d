// Tests that hold for every function that allocates.
#include <algorithm>

#include "tests/api/allocators.h"
#include "tests/support.h"

namespace zmalloc_test {
namespace {

// The alignment that an object of `size` bytes may need.
size_t AlignmentFor(size_t size) {
    size_t power = 1;
    if (Variant().allocator == "jemalloc") {
        // With Redis's configuration of jemalloc, blocks lie 8 bytes apart where no object of
        // exactly that size could need more.
        while (power < alignof(max_align_t) && size != 0 && size % (2 * power) == 0) power *= 2;
    } else {
        while (power < alignof(max_align_t) && 2 * power <= size) power *= 2;
    }
    return power;
}

TEST_P(EachAllocator, GivesUsableBlocksAndCountsThem) {
    const Allocator &allocator = GetParam();
    const size_t before = zmalloc_used_memory();
    for (size_t size : InterestingSizes(8 * kMiB)) {
        SCOPED_TRACE(size);
        size_t usable = 77;
        char *block = static_cast<char *>(allocator.allocate(size, &usable));
        ASSERT_NE(block, nullptr);
        ASSERT_GE(usable, size);
        ASSERT_EQ(usable, zmalloc_usable_size(block));
        ASSERT_GE(zmalloc_size(block), usable);
        ASSERT_EQ(zmalloc_used_memory(), before + zmalloc_size(block));
        const size_t alignment = std::max(AlignmentFor(size), allocator.alignment);
        ASSERT_EQ(reinterpret_cast<uintptr_t>(block) % alignment, 0u);
        if (allocator.zeroed) {
            ASSERT_TRUE(AllZero(block, size));
        }
        ASSERT_EQ(extend_to_usable(block, usable), block);
        Pattern::Fill(block, usable, size);
        ASSERT_TRUE(Pattern::Holds(block, usable, size));
        zfree(block);
        ASSERT_EQ(zmalloc_used_memory(), before);
    }
}

// Many blocks at once: writing to one changes no other.
TEST_P(EachAllocator, BlocksDoNotOverlap) {
    struct Block {
        void *ptr;
        size_t usable;
    };
    std::vector<Block> blocks;
    Random random(7);
    for (uint64_t id = 0; id < 2000; id++) {
        Block block;
        block.ptr = GetParam().allocate(random.Below(1000), &block.usable);
        Pattern::Fill(block.ptr, block.usable, id);
        blocks.push_back(block);
    }
    for (uint64_t id = 0; id < blocks.size(); id++) {
        ASSERT_TRUE(Pattern::Holds(blocks[id].ptr, blocks[id].usable, id)) << id;
        zfree(blocks[id].ptr);
    }
}

// A missing memset shows in memory that was used before.
TEST_P(EachAllocator, ZeroedWhenRecycled) {
    if (!GetParam().zeroed) GTEST_SKIP() << "this function does not promise zeros";
    for (size_t size : InterestingSizes(4 * kMiB)) {
        const size_t count = size < 5000 ? 20 : 2;
        std::vector<void *> blocks;
        for (size_t i = 0; i < count; i++) {
            blocks.push_back(zmalloc(size));
            std::memset(blocks.back(), 0xff, zmalloc_usable_size(blocks.back()));
        }
        for (void *block : blocks) zfree(block);
        for (void *&block : blocks) {
            size_t usable;
            block = GetParam().allocate(size, &usable);
            ASSERT_TRUE(AllZero(block, size)) << size;
        }
        for (void *block : blocks) zfree(block);
    }
}

TEST_P(EachAllocator, UsableMayBeNull) {
    for (void *block :
         {zmalloc_usable(10, nullptr), zcalloc_usable(10, nullptr), ztrymalloc_usable(10, nullptr),
          ztrycalloc_usable(10, nullptr), zrealloc_usable(nullptr, 10, nullptr, nullptr),
          ztryrealloc_usable(nullptr, 10, nullptr, nullptr)}) {
        EXPECT_NE(block, nullptr);
        zfree(block);
    }
}

INSTANTIATE_TEST_SUITE_P(All, EachAllocator, testing::ValuesIn(Allocators()), AllocatorName);

TEST(Allocate, ZeroSizedBlocksAreDistinct) {
    std::vector<void *> blocks;
    for (const Allocator &allocator : Allocators()) {
        size_t usable;
        blocks.push_back(allocator.allocate(0, &usable));
    }
    std::sort(blocks.begin(), blocks.end());
    EXPECT_EQ(std::adjacent_find(blocks.begin(), blocks.end()), blocks.end());
    for (void *block : blocks) zfree(block);
}

TEST(Allocate, ProductsOfZeroAreBlocks) {
    OomRecorder oom;
    for (size_t size : {size_t{0}, size_t{1}, size_t{1000}, Opaque(SIZE_MAX)}) {
        for (void *block : {zcalloc_num(0, size), zcalloc_num(size, 0), ztrycalloc_num(0, size),
                            ztrycalloc_num(size, 0)}) {
            EXPECT_NE(block, nullptr) << size;
            zfree(block);
        }
    }
    EXPECT_TRUE(oom.Take().empty());
}

TEST(Allocate, ProductsCountAllElements) {
    char *block = static_cast<char *>(zcalloc_num(1000, 24));
    EXPECT_GE(zmalloc_usable_size(block), 24000u);
    EXPECT_TRUE(AllZero(block, 24000));
    zfree(block);
}

TEST(Allocate, LargeBlock) {
    const size_t size = 512 * kMiB, before = zmalloc_used_memory();
    char *block = static_cast<char *>(zmalloc(size));
    ASSERT_NE(block, nullptr);
    block[0] = block[size - 1] = 1;
    EXPECT_GE(zmalloc_used_memory() - before, size);
    zfree(block);
    EXPECT_EQ(zmalloc_used_memory(), before);
}

TEST(Allocate, StrdupCopies) {
    for (size_t length : {0, 1, 7, 8, 100, 5000, 2000000}) {
        const size_t before = zmalloc_used_memory();
        std::string original(length, 's');
        char *copy = zstrdup(original.c_str());
        EXPECT_NE(copy, original.c_str());
        EXPECT_STREQ(copy, original.c_str());
        EXPECT_GE(zmalloc_usable_size(copy), length + 1);
        EXPECT_EQ(zmalloc_used_memory(), before + zmalloc_size(copy));
        zfree(copy);
        EXPECT_EQ(zmalloc_used_memory(), before);
    }
}

TEST(Allocate, SizesOfNullAreZero) {
    EXPECT_EQ(zmalloc_size(nullptr), 0u);
    EXPECT_EQ(zmalloc_usable_size(nullptr), 0u);
    EXPECT_EQ(extend_to_usable(nullptr, 0), nullptr);
}

}  // namespace
}  // namespace zmalloc_test
