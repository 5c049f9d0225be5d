// Many threads at the limits at once.
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "tests/limits/limited.h"

namespace zmalloc_test {
namespace {

constexpr size_t kThreads = 64;

// All threads do one step, then all do the next.
class Barrier {
  public:
    void Wait() {
        std::unique_lock<std::mutex> lock(mutex_);
        const size_t round = round_;
        if (++waiting_ == kThreads) {
            waiting_ = 0;
            round_++;
            all_.notify_all();
        } else {
            all_.wait(lock, [&] { return round_ != round; });
        }
    }

  private:
    std::mutex mutex_;
    std::condition_variable all_;
    size_t waiting_ = 0, round_ = 0;
};

void InThreads(const std::function<void(size_t)> &body) {
    std::vector<std::thread> threads;
    for (size_t i = 0; i < kThreads; i++) threads.emplace_back(body, i);
    for (std::thread &thread : threads) thread.join();
}

// The bytes in blocks that were handed out, as the program itself can count them.
class HandedOut {
  public:
    void Add(const void *block) {
        const size_t now = sum_ += zmalloc_size(block);
        size_t most = most_;
        while (now > most && !most_.compare_exchange_weak(most, now)) continue;
    }
    size_t most() const { return most_; }

  private:
    std::atomic<size_t> sum_{0}, most_{0};
};

// Random blocks in all threads, far more than fit.
TEST(ManyThreads, OvershootIsBounded) {
    const size_t limit = 24 * kMiB, before = zmalloc_used_memory();
    HardLimit hard(limit);
    HandedOut sum;
    std::atomic<size_t> failures{0};
    Barrier barrier;
    InThreads([&](size_t i) {
        Random random(i);
        std::vector<void *> blocks(60);
        barrier.Wait();
        for (int step = 0; step < (Emulated() ? 200 : 1500); step++) {
            void *&block = blocks[random.Below(blocks.size())];
            const size_t size = random.Below(step % 50 == 0 ? 600000 : 40000);
            if (random.Below(3) == 0) {
                void *resized = ztryrealloc(block, size + 1);
                failures += resized == nullptr;
                if (resized != nullptr) block = resized;
            } else {
                zfree(block);
                block = ztrymalloc(size);
                failures += block == nullptr;
            }
        }
        barrier.Wait();
        // Now that nobody frees, each fills what is left; all are counted.
        for (void *block : blocks) {
            if (block != nullptr) sum.Add(block);
        }
        barrier.Wait();
        std::vector<void *> more;
        while (void *block = ztrymalloc(random.Below(5000))) {
            sum.Add(block);
            more.push_back(block);
        }
        barrier.Wait();
        if (i == 0) {
            const size_t used = zmalloc_used_memory();
            EXPECT_LE(used, hard.limit() + kThreads * kWindow);
            std::printf("%zu KiB above a limit of %zu MiB, of %zu allowed\n",
                        (used > hard.limit() ? used - hard.limit() : 0) >> 10, limit >> 20,
                        (kThreads * kWindow) >> 10);
        }
        barrier.Wait();
        for (void *block : blocks) zfree(block);
        for (void *block : more) zfree(block);
    });
    EXPECT_GT(failures, 0u);
    EXPECT_GT(sum.most(), limit / 2);
    EXPECT_LE(sum.most(), limit + kThreads * kWindow);
    EXPECT_EQ(zmalloc_used_memory(), before);
}

// Threads come and go at the limit.
TEST(ManyThreads, ShortLives) {
    const size_t before = zmalloc_used_memory();
    HardLimit hard(150 << 10);
    std::atomic<size_t> failures{0};
    for (int round = 0; round < (Emulated() ? 2 : 10); round++) {
        InThreads([&](size_t) {
            std::vector<void *> blocks;
            for (int i = 0; i < 100; i++) {
                void *block = ztrymalloc(2000);
                if (block != nullptr) blocks.push_back(block);
                failures += block == nullptr;
            }
            EXPECT_LE(zmalloc_used_memory(), hard.limit() + 2 * kThreads * kWindow);
            for (void *block : blocks) zfree(block);
        });
    }
    EXPECT_GT(failures, 0u);
    EXPECT_EQ(zmalloc_used_memory(), before);
}

struct Calls {
    std::atomic<int> up{0}, down{0}, inside{0};
    std::atomic<bool> last{false}, wrong{false};
};

void Record(void *arg, bool above, size_t) {
    Calls *calls = static_cast<Calls *>(arg);
    if (++calls->inside != 1) calls->wrong = true;                  // calls overlap
    if (calls->last.exchange(above) == above) calls->wrong = true;  // told twice
    (above ? calls->up : calls->down)++;
    void *block = zmalloc(500);
    std::this_thread::yield();
    zfree(block);
    calls->inside--;
}

// All threads rise over the limit together, and fall together, each time by more than they may be
// wrong by: each crossing is told exactly once.
TEST(ManyThreads, EachCrossingOnce) {
    constexpr int kRounds = 20;
    constexpr size_t kEach = 2 * kMiB;
    const size_t before = zmalloc_used_memory();
    Calls calls;
    ASSERT_EQ(zmalloc_set_limit(before + kThreads * kEach / 2, 0, Record, &calls), 0);
    Barrier barrier;
    InThreads([&](size_t i) {
        Random random(i);
        for (int round = 0; round < kRounds; round++) {
            std::vector<void *> blocks;
            size_t bytes = 0;
            while (bytes < kEach) {
                blocks.push_back(zmalloc(random.Below(20000)));
                bytes += zmalloc_size(blocks.back());
            }
            barrier.Wait();
            if (i == 0) {
                EXPECT_EQ(calls.up, round + 1);
                EXPECT_EQ(calls.down, round);
            }
            barrier.Wait();
            for (void *block : blocks) zfree(block);
            barrier.Wait();
            if (i == 0) {
                EXPECT_EQ(calls.down, round + 1);
            }
            barrier.Wait();
        }
    });
    zmalloc_set_limit(0, 0, nullptr, nullptr);
    EXPECT_EQ(calls.up, kRounds);
    EXPECT_EQ(calls.down, kRounds);
    EXPECT_FALSE(calls.wrong);
    EXPECT_EQ(zmalloc_used_memory(), before);
}

// Threads cross the limit in their own time: calls still alternate, and never overlap.
TEST(ManyThreads, CallsAlternate) {
    const size_t before = zmalloc_used_memory();
    Calls calls;
    ASSERT_EQ(zmalloc_set_limit(before + 12 * kMiB, 0, Record, &calls), 0);
    InThreads([&](size_t i) {
        Random random(i);
        for (int round = 0; round < (Emulated() ? 10 : 100); round++) {
            std::vector<void *> blocks;
            const size_t count = random.Below(40);
            for (size_t b = 0; b < count; b++) blocks.push_back(zmalloc(random.Below(60000)));
            std::this_thread::yield();
            for (void *block : blocks) zfree(block);
        }
    });
    zmalloc_set_limit(0, 0, nullptr, nullptr);
    EXPECT_FALSE(calls.wrong);
    EXPECT_LE(std::abs(calls.up - calls.down), 1);
    EXPECT_EQ(zmalloc_used_memory(), before);
}

// After zmalloc_set_limit() the old callback is not called.
TEST(ManyThreads, LimitsChangeWhileThreadsCross) {
    const size_t before = zmalloc_used_memory();
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; i++) {
        threads.emplace_back([&] {
            while (!stop) zfree(zmalloc(3 * kMiB));
        });
    }
    for (int round = 0; round < (Emulated() ? 50 : 500); round++) {
        auto calls = std::make_unique<Calls>();
        zmalloc_set_limit(before + 2 * kMiB, 0, Record, calls.get());
        std::this_thread::yield();
        zmalloc_set_limit(0, 0, nullptr, nullptr);
        ASSERT_FALSE(calls->wrong);
    }
    stop = true;
    for (std::thread &thread : threads) thread.join();
    EXPECT_EQ(zmalloc_used_memory(), before);
}

// What is read is a pair that was set.
TEST(Limits, AreReadAsAPair) {
    constexpr size_t kLimit = size_t{1} << 40;
    std::atomic<bool> starts{false}, stop{false};
    std::thread sets([&] {
        for (size_t i = 0; !stop; i = (i + 1) % 1000) {
            zmalloc_set_limit(kLimit + i, 2 * (kLimit + i), nullptr, nullptr);
            starts = true;
        }
    });
    while (!starts) std::this_thread::yield();
    int torn = 0;
    for (int i = 0; i < (Emulated() || kSanitized ? 20000 : 1000000); i++) {
        size_t soft, hard;
        zmalloc_get_limit(&soft, &hard);
        torn += hard != 2 * soft;
    }
    stop = true;
    sets.join();
    EXPECT_EQ(torn, 0);
    zmalloc_set_limit(0, 0, nullptr, nullptr);
}

}  // namespace
}  // namespace zmalloc_test
