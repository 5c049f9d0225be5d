// jemalloc is built for pages of the size that --jemalloc_lg_page says, and works where the
// system's pages are smaller.
#include <unistd.h>

#include "tests/jemalloc/support.h"

namespace jemalloc_test {
namespace {

constexpr size_t kPage = size_t{1} << LG_PAGE_BY_SETTING;

TEST(Page, IsTheOneAskedFor) { EXPECT_EQ(Get<size_t>("arenas.page"), kPage); }

TEST(Page, IsNoSmallerThanTheSystems) {
    EXPECT_GE(kPage, static_cast<size_t>(sysconf(_SC_PAGESIZE)));
}

TEST(Page, IsTheStepOfLargeBlocks) {
    const size_t smallest = LargeClasses().front();
    EXPECT_EQ(smallest % kPage, 0u);
    for (size_t size : LargeClasses()) EXPECT_EQ(size % kPage, 0u) << size;
    void *block = je_mallocx(smallest, MALLOCX_ALIGN(2 * kPage));
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % (2 * kPage), 0u);
    std::memset(block, 0x5a, je_malloc_usable_size(block));
    je_free(block);
}

// Each page of an extent that was purged reads as zeros when it is used again.
TEST(Page, PurgedPagesComeBackZeroed) {
    const size_t size = 64 * kPage;
    for (int round = 0; round < 4; round++) {
        std::vector<void *> blocks(8);
        for (void *&block : blocks) {
            block = je_calloc(1, size);
            ASSERT_NE(block, nullptr);
            ASSERT_TRUE(AllZero(block, size));
            std::memset(block, 0xa5, size);
        }
        for (void *block : blocks) je_free(block);
        EXPECT_EQ(je_mallctl("arena.0.purge", nullptr, nullptr, nullptr, 0), 0);
    }
}

TEST(Page, PurgeGivesPagesBack) {
    const std::string arena = std::to_string(Get<unsigned>("arenas.create"));
    const int flags = MALLOCX_ARENA(std::stoi(arena)) | MALLOCX_TCACHE_NONE;
    const ssize_t never = -1;
    Set("arena." + arena + ".dirty_decay_ms", never);
    std::vector<void *> blocks(16);
    for (void *&block : blocks) {
        block = je_mallocx(16 * kPage, flags);
        ASSERT_NE(block, nullptr);
        std::memset(block, 1, 16 * kPage);
    }
    for (void *block : blocks) je_dallocx(block, flags);
    RefreshStats();
    const std::string stats = "stats.arenas." + arena;
    EXPECT_GE(Get<size_t>(stats + ".pdirty"), blocks.size() * 16);
    ASSERT_EQ(je_mallctl(("arena." + arena + ".purge").c_str(), nullptr, nullptr, nullptr, 0), 0);
    RefreshStats();
    EXPECT_EQ(Get<size_t>(stats + ".pdirty"), 0u);
}

}  // namespace
}  // namespace jemalloc_test
