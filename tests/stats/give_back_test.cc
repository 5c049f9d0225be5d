// Ways to give memory back.
#include <algorithm>
#include <filesystem>
#include <iterator>

#include "tests/support.h"

namespace zmalloc_test {
namespace {

constexpr size_t kSize = 64 * kMiB, kSlack = 8 * kMiB;

size_t PageSize() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

// Only the whole pages in [at, at + size) of `block` may have changed.
void ExpectKeptOutsideOfPages(const char *block, size_t total, const char *at, size_t size,
                              uint64_t id) {
    const uintptr_t page = PageSize(), from = reinterpret_cast<uintptr_t>(at);
    const uintptr_t first = (from + page - 1) / page * page, last = (from + size) / page * page;
    std::vector<char> expected(total);
    Pattern::Fill(expected.data(), total, id);
    for (size_t i = 0; i < total; i++) {
        const uintptr_t address = reinterpret_cast<uintptr_t>(block + i);
        if (address >= first && address < last) continue;
        ASSERT_EQ(block[i], expected[i]) << "byte " << i << " of " << total;
    }
}

TEST(Dontneed, TouchesWholePagesOfTheBlockOnly) {
    const size_t page = PageSize(), before = zmalloc_used_memory();
    for (size_t size : {size_t{1}, size_t{100}, page - 1, page, page + 1, 3 * page, 5 * page + 77,
                        100 * page + 1}) {
        SCOPED_TRACE(size);
        std::vector<char *> blocks(9);
        for (size_t i = 0; i < blocks.size(); i++) {
            blocks[i] = static_cast<char *>(zmalloc(size));
            Pattern::Fill(blocks[i], zmalloc_usable_size(blocks[i]), i);
        }
        for (size_t i = 1; i < blocks.size(); i += 2) zmadvise_dontneed(blocks[i]);
        for (size_t i = 0; i < blocks.size(); i++) {
            const size_t usable = zmalloc_usable_size(blocks[i]);
            if (i % 2 == 0) {
                ASSERT_TRUE(Pattern::Holds(blocks[i], usable, i));
            } else {
                ExpectKeptOutsideOfPages(blocks[i], usable, blocks[i], usable, i);
            }
            Pattern::Fill(blocks[i], usable, i + 100);
            ASSERT_TRUE(Pattern::Holds(blocks[i], usable, i + 100));
            zfree(blocks[i]);
        }
    }
    EXPECT_EQ(zmalloc_used_memory(), before);
}

TEST(Dontneed, RangeTouchesItsPagesOnly) {
    const size_t page = PageSize(), size = 8 * page;
    char *block = static_cast<char *>(zmalloc(size));
    for (size_t begin : {size_t{0}, size_t{1}, page / 2, page, 2 * page + 5}) {
        for (size_t length : {size_t{0}, size_t{1}, page - 1, page, page + 1, 2 * page, 4 * page}) {
            Pattern::Fill(block, size, begin + length);
            zmadvise_dontneed_range(block + begin, length);
            ExpectKeptOutsideOfPages(block, size, block + begin, length, begin + length);
        }
    }
    zfree(block);
}

TEST(Dontneed, ShrinksTheProcess) {
    char *block = static_cast<char *>(zmalloc(kSize));
    const size_t used = zmalloc_used_memory();
    std::memset(block, 1, kSize);
    const size_t full = zmalloc_get_rss();
    zmadvise_dontneed(block);
    EXPECT_LT(zmalloc_get_rss(), full - kSize + kSlack);
    EXPECT_EQ(zmalloc_used_memory(), used);
    std::memset(block, 2, kSize);
    EXPECT_GT(zmalloc_get_rss(), full - kSlack);
    zmadvise_dontneed_range(block, kSize);
    EXPECT_LT(zmalloc_get_rss(), full - kSize + kSlack);
    zfree(block);
}

// Takes and frees much memory in small blocks, which the allocator keeps; returns how much.
size_t FreeMuch() {
    std::vector<void *> blocks(kSize / 2000);
    size_t sum = 0;
    for (void *&block : blocks) {
        block = zmalloc(2000);
        std::memset(block, 1, 2000);
        sum += zmalloc_size(block);
    }
    void *last = zmalloc(2000);  // keeps the end of the heap where it is
    for (void *block : blocks) zfree(block);
    zfree(last);
    return sum;
}

TEST(Purge, GivesBackOrSaysNo) {
    const size_t used = zmalloc_used_memory(), before = zmalloc_get_rss();
    FreeMuch();
    const int result = jemalloc_purge();
    EXPECT_EQ(result, GivesBack() ? 0 : -1);
    // A sanitizer's malloc keeps freed blocks for a while, to find uses of them.
    if (result == 0 && !OverSanitizersMalloc()) {
        EXPECT_LT(zmalloc_get_rss(), before + kSlack);
    }
    EXPECT_EQ(zmalloc_used_memory(), used);
    zfree(zmalloc(100000));
}

TEST(Trim, GivesBackTheLibcs) {
    const size_t used = zmalloc_used_memory(), before = zmalloc_get_rss();
    FreeMuch();
    zlibc_trim();
    if (kGlibc && Variant().allocator == "libc" && !kSanitized) {
        EXPECT_LT(zmalloc_get_rss(), before + kSlack);
    }
    EXPECT_EQ(zmalloc_used_memory(), used);
    zfree(zmalloc(100000));
}

// The number of threads of this process, where no emulator makes it up.
size_t Threads() {
    const std::filesystem::directory_iterator tasks("/proc/self/task"), end;
    return static_cast<size_t>(std::distance(tasks, end));
}

TEST(BackgroundThread, OnAndOff) {
    const size_t used = zmalloc_used_memory(), threads = Threads();
    for (int enable : {1, 1, 0, 0, 1, 0}) {
        set_jemalloc_bg_thread(enable);
        FreeMuch();
        EXPECT_EQ(zmalloc_used_memory(), used);
    }
    if (kThreadSanitizer) return;  // it has a thread of its own
    EXPECT_EQ(Threads(), threads);
}

TEST(BackgroundThread, RunsUnderJemalloc) {
    const size_t threads = Threads();
    set_jemalloc_bg_thread(1);
    if (!kThreadSanitizer) {
        EXPECT_EQ(Threads(), threads + (Variant().allocator == "jemalloc" ? 1 : 0));
    }
    set_jemalloc_bg_thread(0);
}

}  // namespace
}  // namespace zmalloc_test
