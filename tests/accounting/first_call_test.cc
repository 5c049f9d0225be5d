// A thread may call anything first, of zmalloc or of the allocator itself: what it allocates and
// frees is counted.
#include <cerrno>
#include <functional>
#include <thread>

#include "tests/support.h"
#include "zmalloc/stats.h"

// jemalloc's own functions replace these, where it is linked.  (Mach-O's linker must be told of
// each symbol that may be missing.)
extern "C" {
__attribute__((weak)) void *je_malloc(size_t) { return nullptr; }
__attribute__((weak)) void je_free(void *) {}
__attribute__((weak)) int je_mallctl(const char *, void *, size_t *, void *, size_t) {
    return ENOENT;
}
}

namespace zmalloc_test {
namespace {

constexpr size_t kSize = 100;

// Runs `first` in a thread, which then frees another thread's block and leaves one of its own.
void AfterFirst(const std::function<void()> &first) {
    const size_t before = zmalloc_used_memory();
    void *theirs = zmalloc(kSize), *ours = nullptr;
    // After this the allocator has cached such blocks, also for new threads.
    for (int i = 0; i < 1000; i++) zfree(zmalloc(kSize));
    std::thread([&] {
        first();
        EXPECT_EQ(zmalloc_used_memory(), before + zmalloc_size(theirs));
        zfree(theirs);
        EXPECT_EQ(zmalloc_used_memory(), before);
        ours = zmalloc(kSize);
        EXPECT_EQ(zmalloc_used_memory(), before + zmalloc_size(ours));
    }).join();
    EXPECT_EQ(zmalloc_used_memory(), before + zmalloc_size(ours));
    zfree(ours);
    EXPECT_EQ(zmalloc_used_memory(), before);
}

TEST(FirstCall, Free) {
    AfterFirst([] {});
}

TEST(FirstCall, Figures) {
    AfterFirst([] {
        zmalloc_stats_t info;
        EXPECT_EQ(zmalloc_stats(&info, sizeof info, ZMALLOC_ALL_ARENAS, 1), 0);
        zmalloc_get_frag_smallbins();
    });
}

TEST(FirstCall, Purge) {
    AfterFirst([] { zmalloc_purge(); });
}

TEST(FirstCall, Flags) {
    AfterFirst([] {
        zfree_with_flags(zmalloc_with_flags(kSize, ZMALLOC_FLAG_ZERO), 0);
        zfree_no_tcache(zmalloc_no_tcache(kSize));
    });
}

TEST(FirstCall, RequestThatCannotBeMet) {
    AfterFirst([] { EXPECT_EQ(ztrymalloc(Opaque(SIZE_MAX / 2)), nullptr); });
}

TEST(FirstCall, JemallocsOwn) {
    void *block = je_malloc(1);
    if (block == nullptr) GTEST_SKIP() << "no jemalloc in this program";
    je_free(block);
    AfterFirst([] {
        uint64_t epoch = 1;
        EXPECT_EQ(je_mallctl("epoch", nullptr, nullptr, &epoch, sizeof epoch), 0);
        // After this its thread cache is in use.
        void *blocks[50];
        for (void *&block : blocks) block = je_malloc(kSize);
        for (void *block : blocks) je_free(block);
    });
}

// Blocks that the program gets from the allocator itself do not count, nor do those of the libc's
// malloc.
TEST(FirstCall, BlocksFromElsewhereDoNotCount) {
    const size_t before = zmalloc_used_memory();
    void *block = std::malloc(kSize);
    void *jemallocs = je_malloc(kSize);
    EXPECT_EQ(zmalloc_used_memory(), before);
    je_free(jemallocs);
    zlibc_free(block);
    EXPECT_EQ(zmalloc_used_memory(), before);
}

}  // namespace
}  // namespace zmalloc_test
