// Mixes the calls of zmalloc/inline.h with the others.
#include <thread>

#include "tests/accounting/inline_calls.h"
#include "tests/support.h"

namespace zmalloc_test {
namespace {

constexpr size_t kSizes[] = {0, 1, 8, 100, 4096, 4097, 16384, 100000, 3 * kMiB};

TEST(Inline, MixesWithTheFunctions) {
    const size_t before = zmalloc_used_memory();
    for (size_t size : kSizes) {
        for (void *(*allocate)(size_t) : {zmalloc, ztrymalloc, inline_malloc, inline_try_malloc}) {
            for (void (*free)(void *) : {zfree, inline_free}) {
                void *block = allocate(size);
                EXPECT_EQ(zmalloc_used_memory(), before + zmalloc_size(block));
                std::memset(block, 1, size);
                free(block);
                EXPECT_EQ(zmalloc_used_memory(), before);
            }
            for (void (*free)(void *, size_t) : {zfree_with_size, inline_free_with_size}) {
                for (bool usable : {false, true}) {
                    void *block = allocate(size);
                    free(block, usable ? zmalloc_usable_size(block) : size);
                    EXPECT_EQ(zmalloc_used_memory(), before);
                }
            }
        }
    }
}

TEST(Inline, InCxx) {
    const size_t before = zmalloc_used_memory();
    EXPECT_TRUE(inline_in_cxx());
    EXPECT_EQ(zmalloc_used_memory(), before);
}

TEST(Inline, NullAndTooMuch) {
    inline_free(nullptr);
    inline_free_with_size(nullptr, 10);
    EXPECT_EQ(inline_try_malloc(Opaque(SIZE_MAX)), nullptr);
    OomRecorder recorder;
    EXPECT_EQ(inline_malloc(Opaque(SIZE_MAX)), nullptr);
    EXPECT_EQ(recorder.Take(), std::vector<size_t>{SIZE_MAX});
}

TEST(Inline, FirstCallsOfAThread) {
    const size_t before = zmalloc_used_memory();
    void *block = inline_malloc(100), *left = nullptr;
    std::thread([&] {
        inline_free(block);
        left = inline_malloc(1000);
    }).join();
    EXPECT_EQ(zmalloc_used_memory(), before + zmalloc_size(left));
    inline_free(left);
    EXPECT_EQ(zmalloc_used_memory(), before);
}

}  // namespace
}  // namespace zmalloc_test
