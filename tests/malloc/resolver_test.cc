// Resolvers of IFUNCs that allocate.  The loader runs that of the program before thread-local
// variables have values, and that of the library, which is preloaded, before it has relocated the
// file with our malloc.
#include <dlfcn.h>
#include <malloc.h>

#include <cstdint>
#include <cstdlib>
#include <thread>

#include "gtest/gtest.h"
#include "tests/malloc/resolves.h"

extern "C" size_t zmalloc_used_memory() __attribute__((weak));

namespace {

int64_t Used() {
    return zmalloc_used_memory != nullptr ? static_cast<int64_t>(zmalloc_used_memory()) : -1;
}

// Frees a block, and expects that as much as it has is no longer counted.
void FreeCounted(char *block) {
    EXPECT_STREQ(block, "early");
    const auto usable = static_cast<int64_t>(malloc_usable_size(block));
    EXPECT_GE(usable, 200);
    const int64_t before = Used();
    free(block);
    if (before != -1) {
        EXPECT_EQ(before - Used(), usable);
    }
}

void ExpectBlocks(const resolved *did) {
    ASSERT_EQ(did->wrong, nullptr) << did->wrong;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(did->of_aligned_alloc) % 256, 0U);
    for (char *block : {did->of_malloc, did->of_aligned_alloc}) {
        EXPECT_STREQ(block, "early");
        block = static_cast<char *>(realloc(block, 100000));
        EXPECT_STREQ(block, "early");
        EXPECT_EQ(block[199], static_cast<char>(199));
        free(block);
    }
    FreeCounted(did->of_realloc);
    std::thread([did] { FreeCounted(did->of_calloc); }).join();
    free(did->of_posix_memalign);
    // As always from now on.
    for (size_t size = 0; size < 5000; size += 7) {
        void *block = malloc(size);
        ASSERT_NE(block, nullptr);
        free(block);
    }
}

TEST(Resolver, AllocatesInTheProgram) { ExpectBlocks(resolved_in_program()); }

TEST(Resolver, AllocatesInALibrary) {
    auto *function = reinterpret_cast<decltype(&resolved_in_library)>(
        dlsym(RTLD_DEFAULT, "resolved_in_library"));
    ASSERT_NE(function, nullptr) << "the library is not preloaded";
    ExpectBlocks(function());
}

}  // namespace
