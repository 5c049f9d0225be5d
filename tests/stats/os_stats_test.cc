// Figures from the OS.
#include <climits>
#include <csignal>

#include "tests/support.h"

namespace zmalloc_test {
namespace {

constexpr size_t kSize = 64 * kMiB, kSlack = 4 * kMiB;

TEST(Rss, GrowsByWhatIsTouched) {
    if (kShadowed) GTEST_SKIP() << "the sanitizer's shadow memory changes the figures";
    char *block = static_cast<char *>(zmalloc(kSize));
    zmadvise_dontneed(block);  // it may have been in use before
    const size_t before = zmalloc_get_rss(), dirty = zmalloc_get_private_dirty(-1);
    EXPECT_GT(before, 0u);
    std::memset(block, 1, kSize);
    EXPECT_GT(zmalloc_get_rss(), before + kSize - kSlack);
    EXPECT_LT(zmalloc_get_rss(), before + kSize + ShadowRead(kSize) + kSlack);
    EXPECT_GT(zmalloc_get_private_dirty(-1), dirty + kSize - kSlack);
    zfree(block);
}

TEST(Smaps, FieldsOfThisProcess) {
    const size_t rss = zmalloc_get_smap_bytes_by_field("Rss:", -1);
    EXPECT_GT(rss, 0u);
    EXPECT_EQ(rss % 1024, 0u);
    EXPECT_GT(zmalloc_get_smap_bytes_by_field("Size:", -1), rss);
    EXPECT_LT(zmalloc_get_smap_bytes_by_field("Private_Dirty:", -1), rss);
    EXPECT_GT(zmalloc_get_smap_bytes_by_field("Rss:", getpid()), rss / 2);
    // Both sources of resident memory agree.
    EXPECT_LT(zmalloc_get_rss(), rss + kSlack);
    EXPECT_GT(zmalloc_get_rss() + kSlack, rss);
}

TEST(Smaps, UnknownIsZero) {
    EXPECT_EQ(zmalloc_get_smap_bytes_by_field("No_Such_Field:", -1), 0u);
    EXPECT_EQ(zmalloc_get_smap_bytes_by_field("VmFlags:", -1), 0u);
    for (long pid : {0L, -2L, LONG_MAX}) {
        EXPECT_EQ(zmalloc_get_smap_bytes_by_field("Rss:", pid), 0u) << pid;
        EXPECT_EQ(zmalloc_get_private_dirty(pid), 0u) << pid;
    }
}

// The cost of copy-on-write, as a server reads it from outside the child.
TEST(Smaps, OfAChild) {
    char *block = static_cast<char *>(zmalloc(kSize));
    std::memset(block, 1, kSize);
    int written[2], quit[2];
    ASSERT_EQ(pipe(written) | pipe(quit), 0);
    pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        char byte = 0;
        close(quit[1]);
        std::memset(block, 2, kSize / 2);
        if (write(written[1], &byte, 1) != 1) _exit(1);
        _exit(read(quit[0], &byte, 1) == 0 ? 0 : 1);  // until the parent lets go
    }
    close(written[1]);
    close(quit[0]);
    char byte;
    EXPECT_EQ(read(written[0], &byte, 1), 1);
    const size_t dirty = zmalloc_get_private_dirty(child);
    EXPECT_GE(dirty, kSize / 2);
    if (!kShadowed) {
        EXPECT_LT(dirty, kSize / 2 + 8 * kSlack);
    }
    if (!kShadowed && !Emulated()) {
        // The child may touch a page of its stack between the two.
        EXPECT_GE(zmalloc_get_smap_bytes_by_field("Private_Dirty:", child), dirty);
        EXPECT_LT(zmalloc_get_smap_bytes_by_field("Private_Dirty:", child), dirty + kSlack);
    }
    close(quit[1]);
    close(written[0]);
    int status;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    zfree(block);
}

TEST(Memory, LimitIsAtMostTheMachines) {
    const size_t size = zmalloc_get_memory_size();
    EXPECT_EQ(size, static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE));
    EXPECT_GT(zmalloc_get_memory_limit(), 0u);
    EXPECT_LE(zmalloc_get_memory_limit(), size);
    EXPECT_GT(zmalloc_get_memory_limit(), zmalloc_get_rss());
}

TEST(ProcStat, FieldsOfThisProcess) {
    long long value = 0;
    ASSERT_EQ(get_proc_stat_ll(1, &value), 1);
    EXPECT_EQ(value, getpid());
    ASSERT_EQ(get_proc_stat_ll(4, &value), 1);
    EXPECT_EQ(value, getppid());
    if (Emulated()) GTEST_SKIP() << "qemu makes up the other fields";
    ASSERT_EQ(get_proc_stat_ll(6, &value), 1);
    EXPECT_EQ(value, getsid(0));
    ASSERT_EQ(get_proc_stat_ll(20, &value), 1);
    if (!kThreadSanitizer) {
        EXPECT_EQ(value, 1);  // threads
    }
    ASSERT_EQ(get_proc_stat_ll(24, &value), 1);
    EXPECT_GT(value, 0);
}

TEST(ProcStat, NoSuchField) {
    long long value;
    for (int i : {INT_MIN, -1, 0, 2, 3, 1000, INT_MAX}) {
        if (i == 3 && Emulated()) continue;  // qemu puts a number there
        EXPECT_EQ(get_proc_stat_ll(i, &value), 0) << i;
    }
}

}  // namespace
}  // namespace zmalloc_test
