// Used memory over the lives of threads.
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "tests/support.h"

namespace zmalloc_test {
namespace {

// Blocks on their way from one thread to another.
class Exchange {
  public:
    void Put(void *block) {
        std::lock_guard<std::mutex> lock(mutex_);
        blocks_.push_back(block);
    }
    void *Take() {
        std::lock_guard<std::mutex> lock(mutex_);
        if (blocks_.empty()) return nullptr;
        void *block = blocks_.back();
        blocks_.pop_back();
        return block;
    }
    // The sum of what the blocks count for.
    size_t Size() {
        std::lock_guard<std::mutex> lock(mutex_);
        size_t sum = 0;
        for (void *block : blocks_) sum += zmalloc_size(block);
        return sum;
    }
    void Free() {
        while (void *block = Take()) zfree(block);
    }

  private:
    std::mutex mutex_;
    std::vector<void *> blocks_;
};

void RunThreads(size_t count, const std::function<void(size_t)> &body) {
    std::vector<std::thread> threads;
    for (size_t i = 0; i < count; i++) threads.emplace_back(body, i);
    for (std::thread &thread : threads) thread.join();
}

TEST(Threads, TenThousandShortLived) {
    // qemu keeps some memory of each thread that has ended.
    const size_t before = zmalloc_used_memory(), kAtOnce = 50;
    const size_t threads = Emulated() ? 1000 : 10000;
    Exchange exchange;
    for (size_t batch = 0; batch < threads / kAtOnce; batch++) {
        RunThreads(kAtOnce, [&](size_t i) {
            Random random(batch * kAtOnce + i);
            void *own = zmalloc(random.Below(2000));
            exchange.Put(zmalloc(random.Below(300)));
            zfree(own);
            // Blocks of other threads, most of them older than this thread.
            if (random.Below(3) == 0) zfree(exchange.Take());
            if (random.Below(3) == 0)
                exchange.Put(zrealloc(exchange.Take(), random.Below(900) + 1));
        });
        ASSERT_EQ(zmalloc_used_memory(), before + exchange.Size()) << batch;
    }
    EXPECT_GT(exchange.Size(), 0u);
    exchange.Free();
    EXPECT_EQ(zmalloc_used_memory(), before);
}

// A pthread_barrier_t, which macOS lacks.
class Barrier {
  public:
    explicit Barrier(size_t threads) : threads_(threads) {}
    void Wait() {
        std::unique_lock<std::mutex> lock(mutex_);
        const size_t round = arrived_ / threads_;
        if (++arrived_ % threads_ == 0) all_.notify_all();
        all_.wait(lock, [&] { return arrived_ / threads_ != round; });
    }

  private:
    const size_t threads_;
    std::mutex mutex_;
    std::condition_variable all_;
    size_t arrived_ = 0;  // in all rounds
};

// More threads are alive at once than a table of fixed size would hold, and each counts.
TEST(Threads, ThreeHundredAlive) {
    const size_t before = zmalloc_used_memory(), kThreads = 300;
    Barrier barrier(kThreads + 1);
    std::vector<void *> blocks(kThreads);
    std::vector<std::thread> threads;
    for (size_t i = 0; i < kThreads; i++) {
        threads.emplace_back([&, i] {
            blocks[i] = zmalloc(1000 + i);
            barrier.Wait();  // all have one
            barrier.Wait();  // and were counted
            zfree(blocks[(i + 1) % kThreads]);
            blocks[(i + 1) % kThreads] = nullptr;
            barrier.Wait();
            barrier.Wait();
        });
    }
    barrier.Wait();
    size_t sum = 0;
    for (void *block : blocks) sum += zmalloc_size(block);
    EXPECT_GE(sum, 1000 * kThreads);
    EXPECT_EQ(zmalloc_used_memory(), before + sum);
    barrier.Wait();
    barrier.Wait();
    EXPECT_EQ(zmalloc_used_memory(), before);
    barrier.Wait();
    for (std::thread &thread : threads) thread.join();
    EXPECT_EQ(zmalloc_used_memory(), before);
}

// One thread allocates everything and the other frees it: each slot moves far away from 0.
TEST(Threads, OneAllocatesTheOtherFrees) {
    const size_t before = zmalloc_used_memory(), kBlocks = 200000;
    Exchange exchange;
    std::atomic<bool> done{false};
    std::thread freer([&] {
        for (;;) {
            bool last = done;
            void *block = exchange.Take();
            if (block != nullptr) {
                zfree(block);
            } else if (last) {
                return;
            } else {
                std::this_thread::yield();
            }
        }
    });
    for (size_t i = 0; i < kBlocks; i++) exchange.Put(zmalloc(i % 500));
    done = true;
    freer.join();
    EXPECT_EQ(zmalloc_used_memory(), before);
}

// A thread that only frees, or only resizes, counts as well.
TEST(Threads, FirstCallIsNoAllocation) {
    const size_t before = zmalloc_used_memory();
    void *block = zmalloc(100000);
    RunThreads(1, [&](size_t) { block = ztryrealloc(block, 10); });
    EXPECT_EQ(zmalloc_used_memory(), before + zmalloc_size(block));
    RunThreads(1, [&](size_t) { zfree(block); });
    EXPECT_EQ(zmalloc_used_memory(), before);
    RunThreads(1, [&](size_t) { EXPECT_EQ(zmalloc_used_memory(), before); });
}

TEST(Threads, Detached) {
    const size_t before = zmalloc_used_memory();
    static std::atomic<size_t> counted;
    counted = 0;
    const size_t kThreads = 100;
    Exchange exchange;
    for (size_t i = 0; i < kThreads; i++) {
        std::thread([&exchange] {
            exchange.Put(zmalloc(64));
            counted++;
        }).detach();
    }
    while (counted != kThreads) std::this_thread::yield();
    // It makes no difference whether the threads have ended.
    EXPECT_EQ(zmalloc_used_memory(), before + exchange.Size());
    exchange.Free();
    EXPECT_EQ(zmalloc_used_memory(), before);
}

}  // namespace
}  // namespace zmalloc_test
