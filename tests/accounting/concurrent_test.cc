// Reading used memory while it changes.
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "tests/support.h"

namespace zmalloc_test {
namespace {

constexpr size_t kThreads = 4, kHeld = 100, kLargest = 1000;
// What one thread can hold, prefix and rounding up generously included.
constexpr size_t kMost = kHeld * (2 * kLargest + 100);

// Threads that begin, allocate, free all of it and end, over and over.
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

    // SIGUSR1, which is for those alone that use zmalloc.
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

// Each thread frees only its own: whenever a slot is read it is between 0 and
// what its thread can hold, and a thread that ends is not counted twice.
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

// A thread ends and leaves its block to the next one, which frees it: what each
// counts moves to where the threads that are gone are counted, with the reader
// looking.  Seen once too often or not at all, it would be out of bounds.
TEST(Concurrent, ThreadsThatEndAreCountedOnce) {
    void *base = zmalloc(kMiB);  // so that less than nothing would show
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
    // qemu keeps some of the memory of each thread that there was.
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

// It may interrupt zmalloc itself, a thread's first call or its end.
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
    // One may still wait for a thread to take it.
    action.sa_handler = SIG_IGN;
    sigaction(SIGUSR1, &action, nullptr);
    Churn::SetMask(SIG_UNBLOCK);
    sigaction(SIGUSR1, &saved, nullptr);
    EXPECT_LE(largest_seen, before + kThreads * kMost);
    EXPECT_EQ(zmalloc_used_memory(), before);
}

}  // namespace
}  // namespace zmalloc_test
