// ZMALLOC_LIMIT=64M, where malloc is ours: linked and preloaded, as interface_test.cc is.
#include <malloc.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

#include "gtest/gtest.h"
#include "tests/malloc/interface.h"

namespace {

using zmalloc_test::Opaque;

constexpr size_t kMiB = 1 << 20, kTooMuch = 100 * kMiB;

TEST(Limit, EachFunctionFails) {
    errno = 0;
    EXPECT_EQ(Opaque(malloc(Opaque(kTooMuch))), nullptr);
    EXPECT_EQ(errno, ENOMEM);
    errno = 0;
    EXPECT_EQ(Opaque(calloc(Opaque(kTooMuch), 1)), nullptr);
    EXPECT_EQ(errno, ENOMEM);
    errno = 0;
    EXPECT_EQ(Opaque(aligned_alloc(4096, Opaque(kTooMuch))), nullptr);
    EXPECT_EQ(errno, ENOMEM);
    void *block = nullptr;
    EXPECT_EQ(posix_memalign(&block, 64, Opaque(kTooMuch)), ENOMEM);
    EXPECT_THROW(Opaque(::operator new(Opaque(kTooMuch))), std::bad_alloc);
    EXPECT_EQ(Opaque(::operator new(Opaque(kTooMuch), std::nothrow)), nullptr);
}

TEST(Limit, ReallocLeavesTheBlock) {
    char *block = static_cast<char *>(malloc(1000));
    std::strcpy(block, "kept");
    errno = 0;
    EXPECT_EQ(Opaque(realloc(block, Opaque(kTooMuch))), nullptr);
    EXPECT_EQ(errno, ENOMEM);
    EXPECT_STREQ(block, "kept");
    free(block);
}

// Small blocks and large ones; again and again, because what is freed may be used again.
TEST(Limit, FillsUp) {
    for (size_t size : {size_t{3000}, size_t{50000}, kMiB, size_t{3000}}) {
        std::vector<void *> blocks;
        blocks.reserve(64 * kMiB / size);
        size_t sum = 0;
        while (void *block = Opaque(malloc(size))) {
            std::memset(block, 1, size);
            sum += malloc_usable_size(block);
            blocks.push_back(block);
        }
        EXPECT_LE(sum, 65 * kMiB) << size;
        EXPECT_GT(sum, 55 * kMiB) << size;  // the test itself takes some
        for (void *block : blocks) free(block);
    }
}

}  // namespace
