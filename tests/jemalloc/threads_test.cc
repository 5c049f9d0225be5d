// Blocks that one thread takes and another frees or resizes.
#include <atomic>
#include <thread>

#include "tests/jemalloc/support.h"

namespace jemalloc_test {
namespace {

constexpr int kThreads = 4, kSlots = 256, kOperations = 60000;

// A block that holds its own usable size and a pattern at both ends.
struct Header {
    size_t usize;
    uint64_t pattern;
};

struct Totals {
    uint64_t allocated = 0, freed = 0;
};

void *Fill(void *block, size_t usize) {
    const Header header{usize, usize ^ 0x5555555555555555u};
    std::memcpy(block, &header, sizeof header);
    static_cast<char *>(block)[usize - 1] = static_cast<char>(usize >> 3);
    return block;
}

void Check(const void *block, size_t usize) {
    Header header;
    std::memcpy(&header, block, sizeof header);
    ASSERT_EQ(header.usize, usize);
    ASSERT_EQ(header.pattern, usize ^ 0x5555555555555555u);
}

class Exchange {
  public:
    ~Exchange() {
        for (std::atomic<void *> &slot : slots_) je_free(slot.load());
    }

    void Work(uint64_t seed, Totals *totals) {
        Random random(seed);
        for (int i = 0; i < kOperations && !testing::Test::HasFatalFailure(); i++) {
            void *block = slots_[random.Below(kSlots)].exchange(nullptr);
            const size_t size = sizeof(Header) + 1 + random.Size();
            size_t usize = 0, old_usize = 0;
            if (block != nullptr && random.Below(2) == 0) {
                Check(block, je_malloc_usable_size(block));
                const size_t expected = je_malloc_usable_size(block);
                je_free_with_usize(block, &usize);
                ASSERT_EQ(usize, expected);
                totals->freed += usize;
                continue;
            }
            if (block != nullptr) {
                block = je_realloc_with_usize(block, size, &old_usize, &usize);
                Check(block, old_usize);
                totals->freed += old_usize;
            } else if (random.Below(2) == 0) {
                block = je_malloc_with_usize(size, &usize);
            } else {
                block = je_calloc_with_usize(1, size, &usize);
                ASSERT_TRUE(AllZero(block, usize));
            }
            ASSERT_EQ(usize, je_malloc_usable_size(block));
            totals->allocated += usize;
            block = slots_[random.Below(kSlots)].exchange(Fill(block, usize));
            if (block == nullptr) continue;
            Check(block, je_malloc_usable_size(block));
            je_free_with_usize(block, &usize);
            totals->freed += usize;
        }
    }

    uint64_t Left() const {
        uint64_t bytes = 0;
        for (const std::atomic<void *> &slot : slots_) bytes += je_malloc_usable_size(slot.load());
        return bytes;
    }

  private:
    std::atomic<void *> slots_[kSlots] = {};
};

TEST(Threads, EveryByteIsAccountedFor) {
    Exchange exchange;
    Totals totals[kThreads];
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; i++) {
        threads.emplace_back([&, i] { exchange.Work(i + 1, &totals[i]); });
    }
    for (std::thread &thread : threads) thread.join();
    uint64_t allocated = 0, freed = 0;
    for (const Totals &each : totals) {
        allocated += each.allocated;
        freed += each.freed;
    }
    EXPECT_EQ(allocated - freed, exchange.Left());
}

// A thread that only frees does not set up a cache for that.
TEST(Threads, ThatOnlyFree) {
    for (int round = 0; round < 20; round++) {
        std::vector<std::pair<void *, size_t>> blocks;
        for (int i = 0; i < 500; i++) {
            size_t usize;
            void *block = je_malloc_with_usize(static_cast<size_t>(i) * 37, &usize);
            blocks.emplace_back(block, usize);
        }
        std::thread([&blocks] {
            for (auto [block, expected] : blocks) {
                size_t usize;
                je_free_with_usize(block, &usize);
                ASSERT_EQ(usize, expected);
            }
        }).join();
    }
}

// Hints are asked for while slabs fill, empty, and change their lists.
TEST(Threads, HintsWhileOthersAllocate) {
    constexpr unsigned kArena = 0;  // the same for all
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; i++) {
        threads.emplace_back([&stop, i] {
            Set("thread.arena", kArena);
            Random random(i + 1);
            void *blocks[512] = {};
            while (!stop) {
                void *&block = blocks[random.Below(512)];
                size_t usize;
                je_free_with_usize(block, &usize);
                block = je_mallocx(1 + random.Below(500), MALLOCX_TCACHE_NONE);
            }
            for (void *block : blocks) je_free(block);
        });
    }
    std::vector<void *> mine;
    Set("thread.arena", kArena);
    for (int i = 0; i < 2000; i++) mine.push_back(je_malloc(1 + i % 500));
    for (int round = 0; round < 20; round++) {
        for (void *block : mine) {
            const int hint = je_get_defrag_hint(block);
            ASSERT_TRUE(hint == 0 || hint == 1);
        }
    }
    stop = true;
    for (std::thread &thread : threads) thread.join();
    for (void *block : mine) je_free(block);
}

}  // namespace
}  // namespace jemalloc_test
