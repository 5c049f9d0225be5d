// Redis's *_with_flags and *_no_tcache.
#include <algorithm>

#include "tests/api/allocators.h"
#include "tests/support.h"

namespace zmalloc_test {
namespace {

TEST(Flags, EveryAlignment) {
    const size_t before = zmalloc_used_memory();
    for (int log = 0; log <= 20; log++) {
        for (int zero : {0, kZero}) {
            for (size_t size : {0, 1, 8, 100, 5000, 70000}) {
                void *block = zmalloc_with_flags(size, LgAlign(log) | zero);
                ASSERT_NE(block, nullptr);
                ASSERT_EQ(reinterpret_cast<uintptr_t>(block) % (size_t{1} << log), 0u);
                ASSERT_EQ(zmalloc_used_memory(), before + zmalloc_size(block));
                if (zero) {
                    ASSERT_TRUE(AllZero(block, size));
                }
                std::memset(block, 0xff, zmalloc_usable_size(block));
                zfree_with_flags(block, LgAlign(log));
                ASSERT_EQ(zmalloc_used_memory(), before);
            }
        }
    }
}

// realloc zeroes the bytes that it adds, from the old usable size on.
TEST(Flags, ReallocKeepsAlignmentAndZeroesTheNewPart) {
    const size_t before = zmalloc_used_memory();
    Random random(5);
    for (int log : {0, 3, 4, 5, 6, 9, 12, 16}) {
        const int flags = LgAlign(log) | kZero;
        void *block = zmalloc_with_flags(1, flags);
        size_t had = zmalloc_usable_size(block);
        Pattern::Fill(block, had, 0);
        for (uint64_t i = 1; i < 200; i++) {
            const size_t size = 1 + random.Below(random.Below(4) == 0 ? 100000 : 300);
            block = zrealloc_with_flags(block, size, flags);
            ASSERT_NE(block, nullptr);
            ASSERT_EQ(reinterpret_cast<uintptr_t>(block) % (size_t{1} << log), 0u) << size;
            ASSERT_EQ(zmalloc_used_memory(), before + zmalloc_size(block));
            ASSERT_TRUE(Pattern::Holds(block, std::min(had, size), i - 1));
            if (size > had) {
                ASSERT_TRUE(AllZero(static_cast<char *>(block) + had, size - had));
            }
            had = zmalloc_usable_size(block);
            Pattern::Fill(block, had, i);
        }
        zfree_with_flags(block, flags);
        ASSERT_EQ(zmalloc_used_memory(), before);
    }
}

// glibc's usable size of such a block may be gigabytes, which must not be touched.
TEST(Flags, ZeroedWithAHugeAlignment) {
    const size_t rss = zmalloc_get_rss();
    void *block = ztrymalloc_with_flags(100, LgAlign(28) | kZero);
    if (block == nullptr) GTEST_SKIP() << "there is no address space for the block";
    EXPECT_TRUE(AllZero(block, 100));
    // A sanitizer writes to its own memory for each byte, also for those that zmalloc leaves out.
    if (!OverSanitizersMalloc()) {
        EXPECT_LT(zmalloc_get_rss(), rss + 16 * kMiB);
    }
    zfree(block);
}

TEST(Flags, NullAndZero) {
    const size_t before = zmalloc_used_memory();
    void *block = zrealloc_with_flags(nullptr, 100, LgAlign(8) | kZero);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % 256, 0u);
    EXPECT_TRUE(AllZero(block, 100));
    EXPECT_EQ(zrealloc_with_flags(block, 0, LgAlign(8)), nullptr);
    EXPECT_EQ(zmalloc_used_memory(), before);
}

TEST(NoTcache, MixesWithTheOthers) {
    const size_t before = zmalloc_used_memory();
    for (size_t size : InterestingSizes(kMiB)) {
        zfree(zmalloc_no_tcache(size));
        zfree_no_tcache(zmalloc(size));
        zfree_no_tcache(zmalloc_no_tcache(size));
        void *block = zrealloc(zmalloc_no_tcache(size), 2 * size + 1);
        zfree_no_tcache(block);
        ASSERT_EQ(zmalloc_used_memory(), before) << size;
    }
}

}  // namespace
}  // namespace zmalloc_test
