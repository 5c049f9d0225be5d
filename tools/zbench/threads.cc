#include <array>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "tools/zbench/workloads.h"

namespace zbench {
namespace {

constexpr size_t kSize = 64;
constexpr int kBatch = 1024;

// Several threads at once, each with its own blocks.
template <class Layer>
void Threads(benchmark::State &state, size_t) {
    while (state.KeepRunningBatch(kBatch)) {
        for (int i = 0; i < kBatch; i++) {
            void *ptr = Layer::Malloc(kSize);
            Escape(ptr);
            Layer::Free(ptr, kSize);
        }
    }
}

// Hands batches of blocks from one thread to another and back.
template <class Layer>
class Consumer {
  public:
    explicit Consumer(size_t size) : size_(size), thread_([this] { Run(); }) {}
    ~Consumer() {
        Pass(kDone);
        thread_.join();
    }

    // The next batch to fill, which is free again.
    void **Next() {
        Wait(kFree);
        return blocks_.data();
    }
    void Pass() { Pass(kFull); }

  private:
    enum State { kFree, kFull, kDone };

    void Pass(State state) {
        {
            std::unique_lock<std::mutex> lock(mutex_);
            if (state == kDone) changed_.wait(lock, [this] { return state_ == kFree; });
            state_ = state;
        }
        changed_.notify_one();
    }
    void Wait(State state) {
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait(lock, [this, state] { return state_ == state; });
    }
    void Run() {
        for (;;) {
            std::unique_lock<std::mutex> lock(mutex_);
            changed_.wait(lock, [this] { return state_ != kFree; });
            if (state_ == kDone) return;
            lock.unlock();
            for (void *block : blocks_) Layer::Free(block, size_);
            Pass(kFree);
        }
    }

    const size_t size_;
    std::array<void *, kBatch> blocks_ = {};
    State state_ = kFree;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::thread thread_;
};

template <class Layer>
void ProducerConsumer(benchmark::State &state, size_t size) {
    Consumer<Layer> consumer(size);
    while (state.KeepRunningBatch(kBatch)) {
        void **blocks = consumer.Next();
        for (int i = 0; i < kBatch; i++) blocks[i] = Layer::Malloc(size);
        consumer.Pass();
    }
}

// A thread starts, uses the allocator, and ends.
template <class Layer>
void ThreadChurn(benchmark::State &state, size_t size) {
    for (auto _ : state) {
        std::thread([size] {
            void *ptr = Layer::Malloc(size);
            Escape(ptr);
            Layer::Free(ptr, size);
        }).join();
    }
}

void ReadUsedMemory(benchmark::State &state) {
    for (auto _ : state) benchmark::DoNotOptimize(zmalloc_used_memory());
}

// Threads that have allocated, and live as long as this object.
class LiveThreads {
  public:
    explicit LiveThreads(size_t count) {
        for (size_t i = 0; i < count; i++) threads_.emplace_back([this] { Live(); });
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait(lock, [this, count] { return ready_ == count; });
    }
    ~LiveThreads() {
        {
            std::lock_guard<std::mutex> lock(mutex_);
            done_ = true;
        }
        changed_.notify_all();
        for (std::thread &thread : threads_) thread.join();
    }

  private:
    void Live() {
        void *ptr = zmalloc(kSize);
        std::unique_lock<std::mutex> lock(mutex_);
        ready_++;
        changed_.notify_all();
        changed_.wait(lock, [this] { return done_; });
        zfree(ptr);
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    size_t ready_ = 0;
    bool done_ = false;
    std::vector<std::thread> threads_;
};

void UsedMemory(benchmark::State &state, size_t live) {
    LiveThreads others(live - 1);
    zfree(zmalloc(kSize)); /* this thread counts, too */
    ReadUsedMemory(state);
}

void UsedMemoryAfter(benchmark::State &state, size_t gone) {
    static size_t went = 0;
    for (; went < gone; went++) std::thread([] { zfree(zmalloc(kSize)); }).join();
    ReadUsedMemory(state);
}

}  // namespace

std::vector<ThreadedComparison> ThreadedComparisons() {
    std::vector<ThreadedComparison> all;
    for (int threads : {1, 2, 4, 8, 16, 32, 64}) {
        all.push_back({"threads",
                       static_cast<size_t>(threads),
                       threads,
                       {{"raw", Threads<Raw>}, {"zmalloc", Threads<Zmalloc>}}});
    }
    all.push_back({"producer_consumer",
                   kSize,
                   1,
                   {{"raw", ProducerConsumer<Raw>}, {"zmalloc", ProducerConsumer<Zmalloc>}}});
    all.push_back(
        {"thread_churn", kSize, 1, {{"raw", ThreadChurn<Raw>}, {"zmalloc", ThreadChurn<Zmalloc>}}});
    all.push_back({"used_memory", 1, 1, {{"zmalloc", UsedMemory}}});
    all.push_back({"used_memory", 64, 1, {{"zmalloc", UsedMemory}}});
    all.push_back({"used_memory_after", 10000, 1, {{"zmalloc", UsedMemoryAfter}}});
    return all;
}

}  // namespace zbench
