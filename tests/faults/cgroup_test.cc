// Memory really runs out, in a memory cgroup of the test's own.  There no allocation fails: the
// kernel kills a process that touches more than the limit.  So a program must be able to stay below
// zmalloc_get_memory_limit(), and memory that it frees must be there for others.
#include "tests/cgroup.h"

#include <csignal>

#include "tests/support.h"

namespace zmalloc_test {
namespace {

constexpr size_t kLimit = 96 * kMiB;

// Touches up to `bytes` in blocks of `size`, and frees them.
bool UseAndFree(size_t size, size_t bytes) {
    const size_t before = zmalloc_used_memory();
    std::vector<char *> blocks;
    blocks.reserve(bytes / size + 1);
    while (zmalloc_used_memory() - before < bytes) {
        char *block = static_cast<char *>(ztrymalloc(size));
        CHILD_CHECK(block != nullptr);
        std::memset(block, 1, size);
        blocks.push_back(block);
    }
    for (char *block : blocks) zfree(block);
    zmalloc_purge();
    CHILD_CHECK(zmalloc_used_memory() == before);
    return true;
}

// Each size takes most of the limit.  So the memory of the size before must have been given back,
// or be used again.
bool StayBelow(const Cgroup &group) {
    CHILD_CHECK(group.Enter());
    CHILD_CHECK(zmalloc_get_memory_limit() == kLimit);
    for (size_t size : {size_t{200}, size_t{5000}, size_t{100000}, 4 * kMiB, size_t{200}}) {
        CHILD_CHECK(UseAndFree(size, kLimit * 5 / 8));
    }
    return true;
}

TEST(MemoryCgroup, IsStayedBelow) {
    if (Emulated()) GTEST_SKIP() << "the emulator's own memory counts as well";
    if (OverSanitizersMalloc()) GTEST_SKIP() << "the sanitizer keeps freed blocks for a while";
    if (!Variant().gives_back) GTEST_SKIP() << "the allocator keeps freed memory";
    if (kShadowed) GTEST_SKIP() << "the shadow of what is touched counts as well";
    Cgroup group(kLimit);
    if (!group.made()) GTEST_SKIP() << "no memory cgroup can be made here (/sys/fs/cgroup)";
    EXPECT_TRUE(InChild([&] { return StayBelow(group); }));
}

// Checks that the limit works: otherwise the test above proves nothing.
TEST(MemoryCgroup, IsALimit) {
    if (Emulated() || OverSanitizersMalloc() || kShadowed) GTEST_SKIP() << "like the test above";
    Cgroup group(kLimit);
    if (!group.made()) GTEST_SKIP() << "no memory cgroup can be made here (/sys/fs/cgroup)";
    const pid_t child = fork();
    if (child == 0) {
        alarm(30);
        _exit(group.Enter() && UseAndFree(100000, 4 * kLimit) ? 0 : 1);
    }
    int status;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
}

}  // namespace
}  // namespace zmalloc_test
