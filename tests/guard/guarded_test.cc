// The bugs that --guard finds, each in a child of its own, under every allocator.
#include <atomic>
#include <csignal>
#include <thread>

#include "tests/guard/ending.h"

namespace zmalloc_test {
namespace {

constexpr size_t kSizes[] = {0, 1, 7, 8, 15, 16, 17, 100, 1000, 4096, 100000, 300000};

unsigned char *Allocate(size_t size) { return static_cast<unsigned char *>(zmalloc(size)); }

// Frees so much that zmalloc checks every block that was freed before, and gives it back.
void FreeMuchElse() {
    for (int i = 0; i < 10000; i++) zfree(zmalloc(16));
}

TEST(Guarded, WritesAroundABlockAreFoundWhenItIsFreed) {
    for (const size_t size : kSizes) {
        unsigned char *block = Allocate(size);
        for (const size_t past : {0u, 1u, 7u, 15u}) {
            const Ending ending = EndingOf([&] { Scribble(block, size + past), zfree(block); });
            EXPECT_TRUE(Reports(ending, "write past a block", block, size));
            EXPECT_TRUE(kSanitized || ending.By(SIGABRT)) << ending;
        }
        for (const size_t before : {1u, 8u, 16u}) {
            EXPECT_TRUE(Reports(EndingOf([&] { Scribble(block - before, 0), zfree(block); }),
                                "write before a block", block, size));
        }
        zfree(block);
    }
}

TEST(Guarded, WritesOverManyBlocksSpoilNoReport) {
    if (kAddressSanitizer) GTEST_SKIP() << "AddressSanitizer sees the write first";
    for (const size_t many : {100u, 400u, 2000u}) {
        unsigned char *block = Allocate(100);
        std::vector<unsigned char *> others;
        for (int i = 0; i < 100; i++) others.push_back(Allocate(100));
        for (const int fill : {0, 0x31, 0xff}) {
            EXPECT_TRUE(Reports(EndingOf([&] {
                                    std::memset(Hidden(others[0]), fill, 100 + many);
                                    zfree(block);
                                    zfree(others[0]);
                                }),
                                "write past a block", others[0], 100));
        }
        for (unsigned char *other : others) zfree(other);
        zfree(block);
    }
}

TEST(Guarded, AndByEveryOtherCallThatTakesIt) {
    unsigned char *block = Allocate(50);
    const std::function<void()> calls[] = {
        [&] { zrealloc(block, 60); },
        [&] { ztryrealloc(block, 40); },
        [&] { zrealloc(block, 0); },
        [&] { zfree_usable(block, nullptr); },
        [&] { zfree_with_size(block, 50); },
        [&] { zfree_with_flags(block, 0); },
        [&] { zfree_no_tcache(block); },
        [&] { zrealloc_with_flags(block, 60, 0); },
        [&] { zmalloc_usable_size(block); },
        [&] { zmalloc_size(block); },
        [&] { zrealloc_usable(block, 60, nullptr, nullptr); },
    };
    for (const auto &call : calls) {
        EXPECT_TRUE(Reports(EndingOf([&] { Scribble(block, 50), call(); }), "write past a block",
                            block, 50));
        EXPECT_EQ(EndingOf(call).status, 0);
    }
    zfree(block);
}

TEST(Guarded, ACanaryOfAnotherBlockIsNone) {
    unsigned char *block = Allocate(64), *other = Allocate(64);
    EXPECT_TRUE(Reports(EndingOf([&] {
                            std::memcpy(Hidden(block), Hidden(other), 64 + 16);
                            zfree(block);
                        }),
                        "write past a block", block, 64));
    zfree(block);
    zfree(other);
}

TEST(Guarded, WhatIsFreedTwiceOrUsedAfter) {
    for (const size_t size : kSizes) {
        if (size > 200000) continue;  // given back at once
        unsigned char *block = Allocate(size), *freed = Hidden(block);
        const Ending twice = EndingOf([&] { zfree(block), zfree(freed); });
        EXPECT_TRUE(Reports(twice, "double free", block, size));
        if (HasStacks()) {
            EXPECT_NE(twice.said.find(", freed by "), std::string::npos) << twice;
        }
        EXPECT_TRUE(Reports(EndingOf([&] { zfree(block), zmalloc_usable_size(freed); }),
                            "use of a freed block", block, size));
        EXPECT_TRUE(Reports(EndingOf([&] { zfree(block), zrealloc(freed, size + 1); }),
                            "use of a freed block", block, size));
        zfree(block);
    }
}

TEST(Guarded, WritesAfterFreeAreFoundLaterOrAtTheEnd) {
    for (const size_t size : {1u, 16u, 1000u, 100000u}) {
        unsigned char *block = Allocate(size), *freed = Hidden(block);
        for (const size_t at : {size_t{0}, size / 2, size - 1}) {
            const auto spoil = [&] { zfree(block), Scribble(freed, at); };
            EXPECT_TRUE(Reports(EndingOf([&] { spoil(), FreeMuchElse(), _exit(0); }),
                                "write after free", block, size));
            EXPECT_TRUE(Reports(EndingOf(spoil), "write after free", block, size));
            EXPECT_EQ(EndingOf([&] { spoil(), _exit(0); }).status, 0);
        }
        zfree(block);
    }
}

TEST(Guarded, WhatReallocLeftBehindIsFreed) {
    unsigned char *block = Allocate(100), *old = Hidden(block);
    EXPECT_TRUE(Reports(EndingOf([&] { zfree(zrealloc(block, 101)), Scribble(old, 3); }),
                        "write after free", block, 100));
    EXPECT_TRUE(
        Reports(EndingOf([&] { zrealloc(block, 50), zfree(old); }), "double free", block, 100));
    zfree(block);
}

TEST(Guarded, WhatIsNoBlock) {
    static char global[64];
    char on_stack[64];
    void *libcs = std::malloc(64);
    for (void *pointer :
         {Hidden(static_cast<void *>(global + 16)), Hidden(static_cast<void *>(on_stack + 16)),
          libcs, reinterpret_cast<void *>(uintptr_t{0x123450})}) {
        for (const auto &call : {std::function<void()>([&] { zfree(pointer); }),
                                 std::function<void()>([&] { zrealloc(pointer, 10); }),
                                 std::function<void()>([&] { zmalloc_size(pointer); })}) {
            const Ending ending = EndingOf(call);
            EXPECT_EQ(
                ending.ZmallocsLine().rfind("zmalloc: no block of zmalloc's at " + Hex(pointer), 0),
                0u)
                << ending;
        }
    }
    std::free(libcs);
}

TEST(Guarded, PointersIntoABlock) {
    unsigned char *block = Allocate(100);
    for (const size_t into : {1u, 16u, 99u}) {
        EXPECT_TRUE(Reports(EndingOf([&] { zfree(block + into); }),
                            "pointer not to a block's beginning", block, 100));
    }
    zfree(block);
}

TEST(Guarded, ASizeThatIsNotTheBlocks) {
    unsigned char *block = Allocate(100);
    for (const size_t wrong : {0u, 99u, 101u, 112u}) {
        EXPECT_TRUE(Reports(EndingOf([&] { zfree_with_size(block, wrong); }),
                            "free with a wrong size", block, 100));
    }
    zfree_with_size(block, 100);
}

TEST(Guarded, FreedBlocksRestButNotForEver) {
    const size_t used = zmalloc_used_memory();
    void *freed = Hidden(zmalloc(16));
    zfree(freed);
    for (int i = 0; i < 4000; i++) {
        void *block = zmalloc(16);
        EXPECT_NE(block, freed);
        zfree(block);
    }
    EXPECT_EQ(zmalloc_used_memory(), used);
    const size_t rss = zmalloc_get_rss();
    const int blocks = kShadowed ? 1000 : 20000;
    for (int i = 0; i < blocks; i++) zfree(std::memset(zmalloc(100000), 1, 100000));
    for (int i = 0; i < 100; i++) zfree(std::memset(zmalloc(kMiB), 1, kMiB));
    if (!OverSanitizersMalloc() && !kShadowed) {
        EXPECT_LT(zmalloc_get_rss(), rss + 64 * kMiB);
    }
}

// Blocks go from thread to thread, while others fork children that do the same.
void PassBlocks(uint64_t seed) {
    Random random(seed);
    std::vector<void *> blocks(64);
    for (int i = 0; i < 20000; i++) {
        void *&block = blocks[random.Below(blocks.size())];
        const size_t size = random.Below(1000);
        block = random.Below(2) == 0 ? zrealloc(block, size) : (zfree(block), zmalloc(size));
        if (block != nullptr) std::memset(block, i, size);
    }
    for (void *block : blocks) zfree(block);
}

TEST(Guarded, Threads) {
    const size_t used = zmalloc_used_memory();
    std::vector<std::thread> threads;
    for (uint64_t t = 0; t < 8; t++) threads.emplace_back(PassBlocks, t);
    for (std::thread &thread : threads) thread.join();
    EXPECT_EQ(zmalloc_used_memory(), used);
}

TEST(Guarded, Forks) {
    std::atomic<bool> enough{false};
    const auto go_on = [&enough](uint64_t seed) {
        while (!enough) PassBlocks(seed++);
    };
    std::thread other(go_on, 1), another(go_on, 2);
    for (int i = 0; i < 20; i++) {
        EXPECT_TRUE(InChild([] {
            for (int n = 0; n < 100; n++) zfree(zmalloc(100));
            return true;
        }));
    }
    enough = true;
    other.join();
    another.join();
}

}  // namespace
}  // namespace zmalloc_test
