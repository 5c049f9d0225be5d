// Blocks that change their size.
#include <algorithm>

#include "tests/api/allocators.h"
#include "tests/support.h"

namespace zmalloc_test {
namespace {

struct Reallocator {
    const char *name;
    void *(*resize)(void *ptr, size_t size, size_t *usable, size_t *old_usable);
};

template <void *(*kRealloc)(void *, size_t)>
void *ToldBoth(void *ptr, size_t size, size_t *usable, size_t *old_usable) {
    *old_usable = zmalloc_usable_size(ptr);
    void *resized = kRealloc(ptr, size);
    *usable = zmalloc_usable_size(resized);
    return resized;
}

void *WithoutFlags(void *ptr, size_t size) { return zrealloc_with_flags(ptr, size, 0); }

const Reallocator kReallocators[] = {
    {"zrealloc", ToldBoth<zrealloc>},
    {"ztryrealloc", ToldBoth<ztryrealloc>},
    {"zrealloc_with_flags", ToldBoth<WithoutFlags>},
    {"zrealloc_usable", zrealloc_usable},
    {"ztryrealloc_usable", ztryrealloc_usable},
};

class EachReallocator : public testing::TestWithParam<Reallocator> {};

TEST_P(EachReallocator, KeepsContentsAndCount) {
    const size_t before = zmalloc_used_memory();
    Random random(3);
    std::vector<size_t> sizes = InterestingSizes(2 * kMiB);
    void *block = nullptr;
    size_t usable = 0;
    for (int i = 0; i < 2000; i++) {
        size_t size = std::max(sizes[random.Below(sizes.size())], size_t{1});
        size_t old_usable = 77, had = usable;
        void *resized = GetParam().resize(block, size, &usable, &old_usable);
        ASSERT_NE(resized, nullptr);
        ASSERT_EQ(old_usable, had);
        ASSERT_GE(usable, size);
        ASSERT_EQ(usable, zmalloc_usable_size(resized));
        ASSERT_EQ(zmalloc_used_memory(), before + zmalloc_size(resized));
        if (i > 0) {
            ASSERT_TRUE(Pattern::Holds(resized, std::min(had, size), i - 1)) << size;
        }
        Pattern::Fill(resized, usable, i);
        block = resized;
    }
    size_t old_usable = 77, had = usable;
    EXPECT_EQ(GetParam().resize(block, 0, &usable, &old_usable), nullptr);
    EXPECT_EQ(usable, 0u);
    EXPECT_EQ(old_usable, had);
    EXPECT_EQ(zmalloc_used_memory(), before);
}

TEST_P(EachReallocator, TakesAlignedBlocks) {
    const size_t before = zmalloc_used_memory();
    for (size_t alignment = 1; alignment <= 64 * 1024; alignment *= 4) {
        for (size_t size : {1, 8, 100, 4096, 100000}) {
            for (size_t to : {1, 9, 500, 5000, 300000}) {
                void *block = zmalloc_aligned(alignment, size);
                size_t usable, old_usable, had = zmalloc_usable_size(block);
                Pattern::Fill(block, had, alignment + size);
                block = GetParam().resize(block, to, &usable, &old_usable);
                ASSERT_EQ(old_usable, had);
                ASSERT_TRUE(Pattern::Holds(block, std::min(had, to), alignment + size));
                ASSERT_EQ(zmalloc_used_memory(), before + zmalloc_size(block));
                zfree(block);
            }
        }
    }
    EXPECT_EQ(zmalloc_used_memory(), before);
}

TEST_P(EachReallocator, NullAndZeroIsABlock) {
    size_t usable = 77, old_usable = 77;
    void *block = GetParam().resize(nullptr, 0, &usable, &old_usable);
    EXPECT_NE(block, nullptr);
    EXPECT_EQ(old_usable, 0u);
    EXPECT_EQ(usable, zmalloc_usable_size(block));
    zfree(block);
}

INSTANTIATE_TEST_SUITE_P(All, EachReallocator, testing::ValuesIn(kReallocators),
                         [](const auto &info) { return info.param.name; });

TEST(Realloc, FreeingIsNoFailure) {
    OomRecorder oom;
    size_t usable = 77, old_usable = 77;
    EXPECT_EQ(zrealloc(zmalloc(10), 0), nullptr);
    EXPECT_EQ(zrealloc_with_flags(zmalloc(10), 0, 0), nullptr);
    EXPECT_EQ(zrealloc_usable(zmalloc(10), 0, &usable, &old_usable), nullptr);
    EXPECT_EQ(usable, 0u);
    EXPECT_GE(old_usable, 10u);
    EXPECT_EQ(zrealloc_usable(zmalloc(10), 0, nullptr, nullptr), nullptr);
    EXPECT_TRUE(oom.Take().empty());
}

TEST(Realloc, OutParametersMayBeNull) {
    void *block = zrealloc_usable(nullptr, 10, nullptr, nullptr);
    block = zrealloc_usable(block, 1000, nullptr, nullptr);
    block = ztryrealloc_usable(block, 10000, nullptr, nullptr);
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(ztryrealloc_usable(block, Opaque(SIZE_MAX), nullptr, nullptr), nullptr);
    EXPECT_EQ(ztryrealloc_usable(block, 0, nullptr, nullptr), nullptr);
}

// A string that grows, as in servers: growing is cheap and loses nothing.
TEST(Realloc, GrowsByteByByte) {
    char *text = nullptr;
    for (size_t size = 1; size <= 20000; size++) {
        text = static_cast<char *>(zrealloc(text, size));
        text[size - 1] = static_cast<char>(size * 31);
    }
    for (size_t size = 1; size <= 20000; size++) {
        ASSERT_EQ(text[size - 1], static_cast<char>(size * 31));
    }
    zfree(text);
}

}  // namespace
}  // namespace zmalloc_test
