// zmalloc before main, and after it.
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "tests/support.h"

namespace zmalloc_test {
namespace {

size_t Sum(void *const *blocks, size_t count) {
    size_t sum = 0;
    for (size_t i = 0; i < count; i++) sum += zmalloc_size(blocks[i]);
    return sum;
}

// Plain memory: no constructor runs over it later.
struct Early {
    size_t used_at_start, used_in_the_end;
    void *blocks[4];
};
Early early;

// exit() calls this last, because it was registered first.
void AtExit() {
    const size_t before = zmalloc_used_memory();
    if (before != Sum(early.blocks, 4)) {
        std::fprintf(stderr, "used at exit: %zu, not %zu\n", before, Sum(early.blocks, 4));
        _exit(1);
    }
    void *block = zmalloc(1234);
    std::thread([&] { block = zrealloc(block, 54321); }).join();
    bool counted = zmalloc_used_memory() == before + zmalloc_size(block);
    zfree(block);
    for (void *each : early.blocks) zfree(each);
    if (!counted || zmalloc_used_memory() != 0) {
        std::fprintf(stderr, "used at exit: %zu, not 0\n", zmalloc_used_memory());
        _exit(1);
    }
}

__attribute__((constructor(101))) void Allocate() {
    early.used_at_start = zmalloc_used_memory();
    early.blocks[0] = zmalloc(100);
    early.blocks[1] = zrealloc(zcalloc(10), 10000);
    zfree(zmalloc(77));
    early.blocks[2] = zstrdup("before main");
    early.blocks[3] = zmalloc_aligned(4096, 1);
    early.used_in_the_end = zmalloc_used_memory();
    std::atexit(AtExit);
}

TEST(BeforeMain, IsCounted) {
    EXPECT_EQ(early.used_at_start, 0u);
    EXPECT_EQ(early.used_in_the_end, Sum(early.blocks, 4));
    EXPECT_EQ(zmalloc_used_memory(), Sum(early.blocks, 4));
    EXPECT_STREQ(static_cast<char *>(early.blocks[2]), "before main");
}

// AtExit runs when the process ends; the exit status of a child, and of this test, shows its
// result.
TEST(AtExit, IsCounted) {
    EXPECT_EXIT(std::exit(0), testing::ExitedWithCode(0), "");
    EXPECT_EXIT(
        {
            (void)zmalloc(10);  // AtExit does not know this block: the check must fail
            std::exit(0);
        },
        testing::ExitedWithCode(1), "used at exit");
}

// A thread other than the main one calls exit().
TEST(AtExit, InAThread) {
    EXPECT_EXIT(std::thread([] { std::exit(0); }).join(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace zmalloc_test
