// Reading used memory while it changes.
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "tests/support.h"

namespace zmalloc_test {
namespace {

constexpr size_t kThreads = 4, kHeld = 100, kLargest = 1000;
// The most that one thread can hold, with a generous allowance for prefix and rounding.
constexpr size_t kMost = kHeld * (2 * kLargest + 100);

// Threads that start, allocate, free everything and end, over and over.
class Churn {
  public:
    Churn() {
        for (size_t i = 0; i < kThreads; i++) {
            threads_.emplace_back([this, i] {
                SetMask(SIG_BLOCK);
                for (uint64_t seed = i; !stop_; seed += kThreads, lives_++) {
                    std::thread(OneLife, seed).join();
                }
            });
        }
    }
    ~Churn() {
        stop_ = true;
        for (std::thread &thread : threads_) thread.join();
    }
    size_t lives() const { return lives_; }

    // Only threads that use zmalloc take SIGUSR1.
    static void SetMask(int how) {
        sigset_t usr1;
        sigemptyset(&usr1);
        sigaddset(&usr1, SIGUSR1);
        pthread_sigmask(how, &usr1, nullptr);
    }

  private:
    static void OneLife(uint64_t seed) {
        SetMask(SIG_UNBLOCK);
        Random random(seed);
        void *blocks[kHeld] = {};
        for (size_t i = 0; i < 2 * kHeld; i++) {
            void *&block = blocks[random.Below(kHeld)];
            zfree(block);
            block = zmalloc(random.Below(kLargest));
        }
        for (void *block : blocks) zfree(block);
    }
    std::atomic<bool> stop_{false};
    std::atomic<size_t> lives_{0};
    std::vector<std::thread> threads_;
};

// Each thread frees only its own blocks.  So a reader sees between 0 and the thread's maximum in
// each slot, and must not count a thread that ends twice.
TEST(Concurrent, ReadersStayWithinBounds) {
    const size_t before = zmalloc_used_memory();
    {
        Churn churn;
        while (churn.lives() < 2000) {
            const size_t used = zmalloc_used_memory();
            ASSERT_GE(used, before);
            ASSERT_LE(used, before + kThreads * kMost);
        }
    }
    EXPECT_EQ(zmalloc_used_memory(), before);
}

// A thread ends and leaves its block to the next one, which frees it.  When a thread ends, its
// count moves to the sum of ended threads, while the reader looks.  If the reader saw a count twice
// or not at all, used memory would be out of bounds.
TEST(Concurrent, ThreadsThatEndAreCountedOnce) {
    void *base = zmalloc(kMiB);  // so that a sum that is too low shows
    const size_t before = zmalloc_used_memory();
    void *block = zmalloc(kLargest);
    const size_t most = before + zmalloc_size(block);
    zfree(block);
    std::atomic<bool> stop{false};
    std::atomic<int> pairs{0};
    std::thread chain([&] {
        while (!stop) {
            std::thread([&] { block = zmalloc(kLargest); }).join();
            std::thread([&] { zfree(block); }).join();
            pairs++;
        }
    });
    size_t least_seen = SIZE_MAX, most_seen = 0;
    // qemu keeps some memory of each thread that has ended.
    const int enough = Emulated() ? 200 : 5000;
    while (pairs < enough) {
        const size_t used = zmalloc_used_memory();
        least_seen = std::min(least_seen, used);
        most_seen = std::max(most_seen, used);
    }
    stop = true;
    chain.join();
    EXPECT_GE(least_seen, before);
    EXPECT_LE(most_seen, most);
    zfree(base);
}

std::atomic<size_t> signals, largest_seen;

// A handler may interrupt zmalloc itself, a thread's first call or its end.
TEST(Concurrent, SignalHandlersMayRead) {
    const size_t before = zmalloc_used_memory();
    signals = largest_seen = 0;
    struct sigaction action = {}, saved;
    action.sa_handler = [](int) {
        const size_t used = zmalloc_used_memory();
        if (used > largest_seen) largest_seen = used;
        signals++;
    };
    action.sa_flags = SA_RESTART;
    sigaction(SIGUSR1, &action, &saved);
    Churn::SetMask(SIG_BLOCK);
    {
        Churn churn;
        while (churn.lives() < 500 || signals < 500) kill(getpid(), SIGUSR1);
    }
    // A signal may still wait for a thread to take it.
    action.sa_handler = SIG_IGN;
    sigaction(SIGUSR1, &action, nullptr);
    Churn::SetMask(SIG_UNBLOCK);
    sigaction(SIGUSR1, &saved, nullptr);
    EXPECT_LE(largest_seen, before + kThreads * kMost);
    EXPECT_EQ(zmalloc_used_memory(), before);
}

}  // namespace
}  // namespace zmalloc_test
