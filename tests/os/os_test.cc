// The real system, against what can be known of it otherwise.
#include "zmalloc/os/os.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>

#include "gtest/gtest.h"

namespace {

TEST(Os, MapsZeroedPages) {
    size_t page = zm_os_page_size();
    EXPECT_EQ(page, static_cast<size_t>(sysconf(_SC_PAGESIZE)));
    char *block = static_cast<char *>(zm_os_map(8 * page));
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(reinterpret_cast<size_t>(block) % page, 0u);
    for (size_t i = 0; i < 8 * page; i++) ASSERT_EQ(block[i], 0);
    std::memset(block, 1, 8 * page);
    munmap(block, 8 * page);
}

TEST(Os, MapFailsWithNull) { EXPECT_EQ(zm_os_map(SIZE_MAX / 2 & ~size_t{0xfff}), nullptr); }

// The bytes that read as zero after a discard are those of whole pages inside.
TEST(Os, DiscardsWholePagesInside) {
    const size_t page = zm_os_page_size(), size = 6 * page;
    char *block = static_cast<char *>(zm_os_map(size));
    const size_t kBegins[] = {0, 1, page - 1, page, page + 1};
    const size_t kLengths[] = {0, 1, page - 1, page, page + 1, 2 * page - 1, 2 * page, 4 * page};
    for (size_t begin : kBegins) {
        for (size_t length : kLengths) {
            std::memset(block, 'x', size);
            zm_os_discard(block + begin, length);
            const size_t first = (begin + page - 1) / page * page;
            const size_t last = (begin + length) / page * page;
            for (size_t i = 0; i < size; i++) {
                char expected = i >= first && i < last ? 0 : 'x';
                ASSERT_EQ(block[i], expected) << begin << "+" << length << " at " << i;
            }
        }
    }
    zm_os_discard(block + 1, SIZE_MAX);
    EXPECT_EQ(block[size - 1], 'x');
    munmap(block, size);
}

TEST(Os, KnowsThisProcess) {
    long long value = 0;
    ASSERT_EQ(zm_os_proc_stat_ll(1, &value), 1);
    EXPECT_EQ(value, getpid());
    ASSERT_EQ(zm_os_proc_stat_ll(4, &value), 1);
    EXPECT_EQ(value, getppid());
    ASSERT_EQ(zm_os_proc_stat_ll(24, &value), 1);
    EXPECT_GT(value, 0);
}

TEST(Os, RssFollowsPagesTouched) {
    const size_t size = size_t{64} << 20, slack = size_t{4} << 20;
    void *block = zm_os_map(size);
    const size_t before = zm_os_rss(), smaps_before = zm_os_smaps_bytes("Rss:", -1);
    std::memset(block, 1, size);
    const size_t after = zm_os_rss(), smaps_after = zm_os_smaps_bytes("Rss:", -1);
    EXPECT_GT(after, before + size - slack);
    EXPECT_LT(after, before + size + slack);
    EXPECT_GE(smaps_after, smaps_before + size);
    EXPECT_LT(smaps_after, smaps_before + size + slack);
    EXPECT_GE(zm_os_smaps_bytes("Private_Dirty:", getpid()), size);
    zm_os_discard(block, size);
    EXPECT_LT(zm_os_rss(), before + slack);
    munmap(block, size);
}

TEST(Os, MemoryOfTheMachine) {
    EXPECT_GT(zm_os_memory_size(), size_t{1} << 20);
    EXPECT_EQ(zm_os_memory_size() % zm_os_page_size(), 0u);
    (void)zm_os_memory_limit();  // whatever it is: it ends
}

}  // namespace
