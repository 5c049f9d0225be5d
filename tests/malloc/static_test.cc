// A program without shared libraries whose malloc is ours: the libc's archive must not bring a
// second one.
#include <malloc.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "tests/malloc/early.h"
#include "tests/malloc/interface.h"
#include "zmalloc/zmalloc.h"

namespace {

using zmalloc_test::Opaque;
using zmalloc_test::StatusOfChild;

TEST(Static, IsThisProgram) { EXPECT_EQ(getauxval(AT_BASE), 0U) << "it has a loader"; }

TEST(Static, BlocksFromBeforeMainAreBlocks) {
    for (char *block : {early_blocks.from_preinit, early_blocks.from_first_constructor,
                        early_blocks.from_constructor}) {
        if (block == nullptr) continue;
        EXPECT_STREQ(block, "early");
        free(realloc(block, 100000));
    }
    EXPECT_NE(early_blocks.from_constructor, nullptr);
}

// Each function is ours, not the libc's: all of them count.
TEST(Static, EachFunctionCounts) {
    const size_t before = zmalloc_used_memory();
    std::vector<void *> blocks(10);
    blocks[0] = malloc(1000);
    blocks[1] = calloc(10, 100);
    blocks[2] = realloc(nullptr, 1000);
    blocks[3] = aligned_alloc(64, 1024);
    blocks[4] = memalign(128, 1000);
    blocks[5] = valloc(1000);
    blocks[6] = ::operator new(1000);
    blocks[7] = ::operator new (1000, std::align_val_t{64});
    blocks[8] = strdup(std::string(1000, 'x').c_str());
    ASSERT_EQ(posix_memalign(&blocks[9], 256, 1000), 0);
    size_t usable = 0;
    for (void *block : blocks) usable += malloc_usable_size(block);
    EXPECT_GE(zmalloc_used_memory(), before + 10 * 1000);
    ::operator delete (blocks[7], std::align_val_t{64});
    ::operator delete(blocks[6]);
    for (size_t i : {0, 1, 2, 3, 4, 5, 8, 9}) free(blocks[i]);
    EXPECT_LT(zmalloc_used_memory(), before + 10 * 1000);
    EXPECT_GE(usable, 10 * 1000U);
}

TEST(Static, TheLibcsBlocksAreOurs) {
    const size_t before = zmalloc_used_memory();
    char *text = nullptr;
    ASSERT_GT(asprintf(&text, "%050000d", 7), 0);
    EXPECT_GE(zmalloc_used_memory(), before + 50000);
    zfree(text);
    FILE *file = fopen("/proc/self/maps", "r");
    char *line = nullptr;
    size_t size = 0;
    while (getline(&line, &size, file) > 0) EXPECT_GE(malloc_usable_size(line), size);
    fclose(file);
    free(line);
}

TEST(Static, ThreadsAndForks) {
    for (int i = 0; i < 20; i++) {
        std::thread([] { free(malloc(5000)); }).join();
        EXPECT_EQ(StatusOfChild([] {
                      std::thread([] { free(malloc(5000)); }).join();
                      free(malloc(1000000));
                  }),
                  0);
    }
}

TEST(Static, FailsWithErrno) {
    errno = 0;
    EXPECT_EQ(malloc(Opaque(PTRDIFF_MAX)), nullptr);
    EXPECT_EQ(errno, ENOMEM);
    EXPECT_THROW((void)::operator new(Opaque(PTRDIFF_MAX)), std::bad_alloc);
}

}  // namespace
