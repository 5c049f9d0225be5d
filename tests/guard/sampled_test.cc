// Sampled blocks, with every block sampled that can be, under every allocator.
#include <algorithm>
#include <atomic>
#include <thread>

#include "tests/guard/ending.h"
#include "zmalloc/defrag.h"
#include "zmalloc/guard/pool.h"

namespace zmalloc_test {
namespace {

const size_t kPage = static_cast<size_t>(sysconf(_SC_PAGESIZE));

// Returns a sampled block; the tests before may have left few pages.
unsigned char *Sampled(size_t size) {
    for (int tries = 0; tries < 1000; tries++) {
        auto *block = static_cast<unsigned char *>(zmalloc(size));
        if (zm_pool_has(block)) return block;
        zfree(block);
    }
    ADD_FAILURE() << "no block of " << size << " bytes is sampled";
    return nullptr;
}

size_t EndOfPage(const unsigned char *block) {
    return kPage - reinterpret_cast<uintptr_t>(block) % kPage;
}

TEST(Sampled, LieAtTheEndOfAPage) {
    for (size_t size = 0; size <= 2000; size++) {
        unsigned char *block = Sampled(size);
        const size_t usable = zmalloc_usable_size(block);
        EXPECT_GE(usable, size);
        EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % 16, 0u);
        EXPECT_GE(EndOfPage(block), usable);
        EXPECT_LT(EndOfPage(block), std::max(usable, size_t{1}) + 16);
        Pattern::Fill(block, usable, size);
        EXPECT_TRUE(Pattern::Holds(block, usable, size));
        zfree(block);
    }
}

TEST(Sampled, TouchingWhatIsBehind) {
    for (const size_t size : {1u, 16u, 100u, 1000u}) {
        const unsigned char *block = Sampled(size);
        for (const size_t past : {size_t{0}, size_t{100}, kPage / 2}) {
            const Ending ending = EndingOf([&] { Scribble(block, EndOfPage(block) + past); });
            EXPECT_TRUE(ReportsBlock(ending, "access past a block", block));
        }
        zfree(const_cast<unsigned char *>(block));
    }
}

TEST(Sampled, TouchingWhatIsInFront) {
    const unsigned char *block = Sampled(kPage / 2);
    const Ending ending = EndingOf([&] { Scribble(block - (kPage - EndOfPage(block)) - 1, 0); });
    // The test does not know which block is nearer: it may be the end of another.
    EXPECT_NE(ending.said.find("zmalloc: access "), std::string::npos) << ending;
    EXPECT_NE(ending.status, 0);
    zfree(const_cast<unsigned char *>(block));
}

TEST(Sampled, WritesBesideABlockOnItsPageAreFoundWhenItIsFreed) {
    unsigned char *block = Sampled(100);
    const size_t usable = zmalloc_usable_size(block);
    for (const size_t before : {1u, 64u, 1000u}) {
        EXPECT_TRUE(ReportsBlock(EndingOf([&] { Scribble(block - before, 0), zfree(block); }),
                                 "write before a block", block));
    }
    for (size_t at = usable; at < EndOfPage(block); at++) {
        EXPECT_TRUE(ReportsBlock(EndingOf([&] { Scribble(block, at), zfree(block); }),
                                 "write past a block", block));
    }
    zfree(block);
}

TEST(Sampled, UseAfterFree) {
    unsigned char *block = Sampled(100), *freed = Hidden(block);
    const Ending ending = EndingOf([&] { zfree(block), Scribble(freed, 42); });
    EXPECT_TRUE(ReportsBlock(ending, "use after free", block));
    EXPECT_NE(ending.said.find(" at " + Hex(block + 42) + ": "), std::string::npos) << ending;
    if (HasStacks()) {
        EXPECT_NE(ending.said.find(", freed by "), std::string::npos) << ending;
    }
    EXPECT_TRUE(ReportsBlock(EndingOf([&] { zfree(block), zmalloc_usable_size(freed); }),
                             "use of a freed block", block));
    EXPECT_TRUE(ReportsBlock(EndingOf([&] { zfree(zrealloc(block, 500)), Scribble(freed, 1); }),
                             "use after free", block));
    zfree(block);
}

TEST(Sampled, FreedTwiceOrNotABlock) {
    unsigned char *block = Sampled(100), *freed = Hidden(block);
    const std::function<void(void *)> frees[] = {
        zfree,
        [](void *ptr) { zfree_usable(ptr, nullptr); },
        [](void *ptr) { zfree_with_size(ptr, 100); },
        [](void *ptr) { zfree_with_flags(ptr, 0); },
        [](void *ptr) { zfree_no_tcache(ptr); },
    };
    for (const auto &frees_it : frees) {
        const Ending twice = EndingOf([&] { zfree(block), frees_it(freed); });
        EXPECT_TRUE(ReportsBlock(
            twice,
            twice.said.find("use of") != std::string::npos ? "use of a freed block" : "double free",
            block));
        EXPECT_TRUE(ReportsBlock(EndingOf([&] { frees_it(freed + 16); }),
                                 "pointer not to a block's beginning", block));
        const Ending stray = EndingOf([&] { frees_it(freed + EndOfPage(freed) + 16); });
        EXPECT_EQ(stray.ZmallocsLine().rfind("zmalloc: no block of zmalloc's at 0x", 0), 0u)
            << stray;
    }
    zfree(block);
}

TEST(Sampled, PagesOfFreedBlocksRest) {
    std::vector<void *> blocks;  // take all pages
    for (int i = 0; i < 1000; i++) blocks.push_back(zmalloc(100));
    const auto some = std::find_if(blocks.begin(), blocks.end(), zm_pool_has);
    ASSERT_NE(some, blocks.end());
    void *freed = Hidden(*some);
    zfree(*some);
    *some = nullptr;
    const Ending ending = EndingOf([&] { Scribble(freed, 0); });
    EXPECT_NE(ending.said.find("use after free"), std::string::npos) << ending;
    bool again = false;
    for (int i = 0; i < 1000; i++) {
        blocks.push_back(zmalloc(100));
        if (i < 63) {
            EXPECT_FALSE(zm_pool_has(blocks.back()));
        }
        again |= blocks.back() == freed;
    }
    EXPECT_TRUE(again);
    for (void *block : blocks) zfree(block);
}

TEST(Sampled, MoreThanThereAreLivePages) {
    const size_t used = zmalloc_used_memory();
    std::vector<void *> blocks;
    size_t sampled = 0;
    for (int i = 0; i < 2000; i++) {
        blocks.push_back(zmalloc(64));
        sampled += zm_pool_has(blocks.back());
    }
    EXPECT_GT(sampled, 100u);
    EXPECT_LT(sampled, 1000u);
    for (void *block : blocks) zfree(block);
    EXPECT_EQ(zmalloc_used_memory(), used);
    zfree(Sampled(64));
}

TEST(Sampled, TheOriginalIsFreed) {
    if (Emulated()) GTEST_SKIP() << "the emulator's memory grows, too";
    for (int i = 0; i < 1000; i++) zfree(std::memset(zmalloc(2000), 1, 2000));
    const size_t rss = zmalloc_get_rss();
    for (int i = 0; i < 50000; i++) zfree(std::memset(zmalloc(2000), 1, 2000));
    if (!kSanitized) {
        EXPECT_LT(zmalloc_get_rss(), rss + 16 * kMiB);
    }
}

TEST(Sampled, ZeroedEachTime) {
    for (int i = 0; i < 1000; i++) {
        unsigned char *block = Sampled(1000);
        std::memset(block, 0xff, zmalloc_usable_size(block));
        zfree(block);
        void *zeroed = zcalloc(1000);
        EXPECT_TRUE(AllZero(zeroed, zmalloc_usable_size(zeroed)));
        zfree(zeroed);
    }
}

TEST(Sampled, Realloc) {
    for (const size_t from : {0u, 1u, 100u, 1500u}) {
        for (const size_t to : {1u, 99u, 101u, 1600u, 100000u}) {
            unsigned char *block = Sampled(from);
            const size_t usable = zmalloc_usable_size(block);
            Pattern::Fill(block, usable, from);
            size_t now = 0, before = 0;
            void *moved = zrealloc_usable(block, to, &now, &before);
            EXPECT_EQ(before, usable);
            EXPECT_EQ(now, zmalloc_usable_size(moved));
            EXPECT_TRUE(Pattern::Holds(moved, std::min(usable, to), from));
            zfree(moved);
            block = Sampled(from);
            Pattern::Fill(block, usable, from);
            moved = zrealloc_with_flags(block, to, ZMALLOC_FLAG_ZERO);
            EXPECT_TRUE(Pattern::Holds(moved, std::min(usable, to), from));
            if (to > usable) {
                EXPECT_TRUE(AllZero(static_cast<char *>(moved) + usable, to - usable));
            }
            zfree(moved);
        }
    }
    EXPECT_EQ(zrealloc(Sampled(10), 0), nullptr);
    EXPECT_EQ(zrealloc_with_flags(Sampled(10), 0, 0), nullptr);
    // A request that cannot be met leaves the block as it was.
    unsigned char *block = Sampled(10);
    block[3] = 42;
    EXPECT_EQ(ztryrealloc(block, Opaque(SIZE_MAX / 2)), nullptr);
    EXPECT_EQ(block[3], 42);
    zfree(block);
}

TEST(Sampled, NotThoseInAParticularPlace) {
    for (size_t alignment = 2; alignment <= 4096; alignment *= 2) {
        void *block = zmalloc_aligned(alignment, 100);
        EXPECT_FALSE(zm_pool_has(block));
        EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % alignment, 0u);
        zfree(block);
        block = zmalloc_with_flags(100, ZMALLOC_FLAG_LG_ALIGN(12));
        EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % 4096, 0u);
        zfree_with_flags(block, ZMALLOC_FLAG_LG_ALIGN(12));
    }
    EXPECT_FALSE(zm_pool_has(nullptr));
    zfree(nullptr);
    EXPECT_EQ(zmalloc_size(nullptr), 0u);
}

TEST(Sampled, DefragmentationLeavesThemWhereTheyAre) {
    const void *blocks[] = {Sampled(100), nullptr, Sampled(200)};
    bool should[3] = {true, true, true};
    EXPECT_FALSE(zmalloc_should_defrag(blocks[0]));
    EXPECT_EQ(zmalloc_should_defrag_batch(blocks, 3, should), zmalloc_defrag_supported() ? 0 : -1);
    EXPECT_EQ(zmalloc_defrag(const_cast<void *>(blocks[0])), nullptr);
    for (const void *block : blocks) zfree(const_cast<void *>(block));
}

void DoAnything(uint64_t seed) {
    Random random(seed);
    std::vector<void *> blocks(100);
    for (int i = 0; i < 3000; i++) {
        void *&block = blocks[random.Below(blocks.size())];
        const size_t size = 1 + random.Below(6000);
        switch (random.Below(4)) {
            case 0:
                zfree(block), block = zmalloc(size);
                break;
            case 1:
                zfree(block), block = zcalloc(size);
                break;
            case 2:
                block = zrealloc(block, size);
                break;
            case 3:
                zfree_usable(block, nullptr), block = zstrdup("a string");
                break;
        }
        std::memset(block, i, zmalloc_usable_size(block));
    }
    for (void *block : blocks) zfree(block);
}

TEST(Sampled, UsedMemoryIsExactAmongThreads) {
    const size_t used = zmalloc_used_memory();
    std::vector<std::thread> threads;
    for (uint64_t t = 0; t < 4; t++) threads.emplace_back(DoAnything, t);
    for (std::thread &thread : threads) thread.join();
    EXPECT_EQ(zmalloc_used_memory(), used);
}

TEST(Sampled, ChildrenSampleToo) {
    if (kMemorySanitizer) GTEST_SKIP() << "a child may find a lock of its sigaction() held";
    unsigned char *block = Sampled(100);
    std::atomic<bool> enough{false};
    const auto go_on = [&enough](uint64_t seed) {
        while (!enough) DoAnything(seed++);
    };
    std::thread other(go_on, 5), another(go_on, 6);
    for (int i = 0; i < 20; i++) {
        EXPECT_TRUE(InChild([&] {
            size_t sampled = 0;
            for (int n = 0; n < 300; n++) {
                void *mine = zmalloc(10);
                sampled += zm_pool_has(mine);
                zfree(mine);
            }
            CHILD_CHECK(sampled > 0);
            zfree(block);
            return true;
        }));
    }
    enough = true;
    other.join();
    another.join();
    zfree(block);
}

}  // namespace
}  // namespace zmalloc_test
