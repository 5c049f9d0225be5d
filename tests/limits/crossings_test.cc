// The soft limit: when its callback is called.
#include <sys/wait.h>

#include <atomic>
#include <functional>
#include <thread>

#include "tests/emulated.h"
#include "tests/limits/limited.h"

namespace zmalloc_test {
namespace {

// Records the calls, while it lives.  The soft limit is so many bytes more than are used now.
class SoftLimit {
  public:
    explicit SoftLimit(size_t more) : limit_(zmalloc_used_memory() + more) {
        EXPECT_EQ(zmalloc_set_limit(limit_, 0, Call, this), 0);
    }
    ~SoftLimit() { zmalloc_set_limit(0, 0, nullptr, nullptr); }
    SoftLimit(const SoftLimit &) = delete;

    size_t limit() const { return limit_; }
    const std::vector<bool> &calls() const { return calls_; }

    std::function<void(bool)> then = [](bool) {};

  private:
    static void Call(void *arg, bool above, size_t used) {
        SoftLimit *self = static_cast<SoftLimit *>(arg);
        EXPECT_EQ(used > self->limit_, above);
        self->calls_.push_back(above);
        self->then(above);
        errno = EDOM;
    }

    size_t limit_;
    std::vector<bool> calls_;
};

using Calls = std::vector<bool>;

TEST(SoftLimit, IsToldOnceEachWay) {
    SoftLimit soft(10 * kMiB);
    for (int round = 0; round < 3; round++) {
        std::vector<void *> blocks;
        while (zmalloc_used_memory() + 5000 <= soft.limit()) blocks.push_back(zmalloc(2000));
        EXPECT_EQ(soft.calls().size(), static_cast<size_t>(2 * round));
        while (zmalloc_used_memory() <= soft.limit()) blocks.push_back(zmalloc(2000));
        // In one thread, with the block that crosses it.
        EXPECT_EQ(soft.calls().size(), static_cast<size_t>(2 * round + 1));
        for (int i = 0; i < 1000; i++) blocks.push_back(zmalloc(2000));
        EXPECT_EQ(soft.calls().size(), static_cast<size_t>(2 * round + 1));
        for (void *block : blocks) zfree(block);
        EXPECT_EQ(soft.calls().size(), static_cast<size_t>(2 * round + 2));
    }
    EXPECT_EQ(soft.calls(), (Calls{true, false, true, false, true, false}));
}

// Around the limit itself there are no calls.
TEST(SoftLimit, HasAMargin) {
    SoftLimit soft(10 * kMiB);
    void *most = zmalloc(10 * kMiB - 50000);
    for (int i = 0; i < 100; i++) zfree(zmalloc(60000));
    EXPECT_EQ(soft.calls(), Calls{true});
    zfree(most);
    EXPECT_EQ(soft.calls(), (Calls{true, false}));
}

TEST(SoftLimit, OneLargeBlock) {
    SoftLimit soft(kMiB);
    void *block = zmalloc(30 * kMiB);
    EXPECT_EQ(soft.calls(), Calls{true});
    block = zrealloc(block, 100);
    EXPECT_EQ(soft.calls(), (Calls{true, false}));
    block = zrealloc(block, 20 * kMiB);
    EXPECT_EQ(soft.calls(), (Calls{true, false, true}));
    zfree(block);
    EXPECT_EQ(soft.calls(), (Calls{true, false, true, false}));
}

// A block that grows is counted once, with a hard limit too.
TEST(SoftLimit, GrowthIsCountedOnce) {
    const size_t before = zmalloc_used_memory();
    Calls calls;
    void *block = zmalloc(4 * kMiB);
    zmalloc_peak_memory_reset();
    zmalloc_set_limit(
        before + 9 * kMiB, before + 10 * kMiB,
        [](void *arg, bool above, size_t) { static_cast<Calls *>(arg)->push_back(above); }, &calls);
    block = zrealloc(block, 7 * kMiB);
    EXPECT_EQ(calls, Calls{});
    EXPECT_LE(zmalloc_peak_memory(), before + 9 * kMiB);
    EXPECT_GE(zmalloc_peak_memory(), before + 7 * kMiB);
    zmalloc_set_limit(0, 0, nullptr, nullptr);
    zfree(block);
}

// Each thread frees inside its own window, where it does not look.
TEST(SoftLimit, IsToldWhenThreadsExit) {
    constexpr size_t kThreads = 64;
    SoftLimit soft(8 * kMiB);
    std::atomic<size_t> ready{0};
    std::atomic<bool> free{false};
    std::vector<std::thread> threads;
    for (size_t i = 0; i < kThreads; i++) {
        threads.emplace_back([&] {
            std::vector<void *> blocks;
            for (int block = 0; block < 59; block++) blocks.push_back(zmalloc(2000));
            ready++;
            while (!free) std::this_thread::yield();
            for (void *block : blocks) zfree(block);
        });
    }
    while (ready < kThreads) std::this_thread::yield();
    void *block = zmalloc(kMiB);  // this thread looks, and only this one
    EXPECT_EQ(soft.calls(), Calls{true});
    free = true;
    for (std::thread &thread : threads) thread.join();
    EXPECT_EQ(soft.calls(), (Calls{true, false}));
    zfree(block);
}

TEST(SoftLimit, CallbackOfACancelledThreadEnds) {
    if (Emulated()) GTEST_SKIP() << "glibc wants libgcc_s of that CPU to cancel a thread";
    SoftLimit soft(kMiB);
    soft.then = [](bool) { pthread_testcancel(); };
    std::thread thread([] {
        pthread_cancel(pthread_self());
        zfree(zmalloc(2 * kMiB));
    });
    thread.join();
    soft.then = [](bool) {};
    EXPECT_EQ(soft.calls(), (Calls{true, false}));
}

TEST(SoftLimit, AlreadyAbove) {
    void *block = zmalloc(2 * kMiB);
    Calls calls;
    zmalloc_set_limit(
        kMiB, 0, [](void *arg, bool above, size_t) { static_cast<Calls *>(arg)->push_back(above); },
        &calls);
    EXPECT_EQ(calls, Calls{true});
    zmalloc_set_limit(0, 0, nullptr, nullptr);
    zfree(block);
    EXPECT_EQ(calls, Calls{true});
}

TEST(SoftLimit, CallbackMayAllocateAndFree) {
    SoftLimit soft(2 * kMiB);
    const size_t before = zmalloc_used_memory();
    std::vector<void *> held;
    soft.then = [&](bool above) {
        if (above) {
            for (int i = 0; i < 100; i++) held.push_back(zmalloc(20000));
            for (void *block : held) zfree(block);
            held.clear();
        } else {
            zfree(zmalloc(100000));
        }
    };
    std::vector<void *> blocks;
    for (int i = 0; i < 300; i++) blocks.push_back(zmalloc(10000));
    for (void *block : blocks) zfree(block);
    EXPECT_EQ(soft.calls(), (Calls{true, false}));
    EXPECT_EQ(zmalloc_used_memory(), before);
}

// A callback that frees enough is followed by the other call, in the same call of zmalloc.
TEST(SoftLimit, CallbackThatHelps) {
    SoftLimit soft(4 * kMiB);
    std::vector<void *> cache;
    for (int i = 0; i < 300; i++) cache.push_back(zmalloc(10000));
    soft.then = [&](bool above) {
        if (!above) return;
        for (void *block : cache) zfree(block);
        cache.clear();
    };
    void *block = zmalloc(2 * kMiB);
    EXPECT_EQ(soft.calls(), (Calls{true, false}));
    zfree(block);
}

// This one would be called for ever.
TEST(SoftLimit, CallbackThatCrossesToAndFro) {
    SoftLimit soft(4 * kMiB);
    void *held = nullptr;
    soft.then = [&](bool above) {
        zfree(held);
        held = above ? nullptr : zmalloc(8 * kMiB);
    };
    zfree(zmalloc(5 * kMiB));
    for (int i = 0; i < 10; i++) zfree(zmalloc(300000));
    EXPECT_GE(soft.calls().size(), 3u);
    for (size_t i = 0; i < soft.calls().size(); i++) EXPECT_EQ(soft.calls()[i], i % 2 == 0);
    zmalloc_set_limit(0, 0, nullptr, nullptr);
    zfree(held);
}

TEST(SoftLimit, CallbackMaySetLimits) {
    SoftLimit soft(kMiB);
    soft.then = [&](bool) {
        EXPECT_EQ(zmalloc_set_limit(0, zmalloc_used_memory() + 4 * kMiB, nullptr, nullptr), 0);
    };
    void *block = zmalloc(2 * kMiB);
    EXPECT_NE(block, nullptr);
    EXPECT_EQ(ztrymalloc(5 * kMiB), nullptr);
    zfree(block);
    EXPECT_EQ(soft.calls(), Calls{true});
}

TEST(SoftLimit, KeepsErrno) {
    SoftLimit soft(kMiB);
    errno = 0;
    void *block = ztrymalloc(2 * kMiB);
    EXPECT_NE(errno, EDOM);
    zfree(block);
    EXPECT_NE(errno, EDOM);
    EXPECT_EQ(soft.calls(), (Calls{true, false}));
}

TEST(SoftLimit, BelowTheHardOne) {
    Calls calls;
    const size_t used = zmalloc_used_memory();
    zmalloc_set_limit(
        used + kMiB, used + 2 * kMiB,
        [](void *arg, bool above, size_t) { static_cast<Calls *>(arg)->push_back(above); }, &calls);
    std::vector<void *> blocks;
    void *block;
    while ((block = ztrymalloc(1000)) != nullptr) blocks.push_back(block);
    EXPECT_EQ(calls, Calls{true});
    for (void *held : blocks) zfree(held);
    EXPECT_EQ(calls, (Calls{true, false}));
    zmalloc_set_limit(0, 0, nullptr, nullptr);
}

// The child has the limits, and whether they were crossed.
TEST(SoftLimit, AfterFork) {
    SoftLimit soft(2 * kMiB);
    EXPECT_TRUE(InChild([&] {
        void *block = zmalloc(3 * kMiB);
        CHILD_CHECK(soft.calls() == Calls{true});
        zfree(block);
        CHILD_CHECK(soft.calls() == (Calls{true, false}));
        return true;
    }));
    void *block = zmalloc(3 * kMiB);
    EXPECT_TRUE(InChild([&] {
        CHILD_CHECK(soft.calls() == Calls{true});
        zfree(block);
        CHILD_CHECK(soft.calls() == (Calls{true, false}));
        return true;
    }));
    zfree(block);
}

// A callback may fork; and another thread may fork while it runs.
TEST(SoftLimit, ForkInACallback) {
    SoftLimit soft(2 * kMiB);
    pid_t child = -1;
    soft.then = [&](bool above) {
        if (above) child = fork();
    };
    void *block = zmalloc(3 * kMiB);
    if (child == 0) {
        alarm(30);
        zfree(block);
        _exit(soft.calls() == Calls{true, false} ? 0 : 1);
    }
    int status = -1;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    zfree(block);
    EXPECT_EQ(soft.calls(), (Calls{true, false}));
}

TEST(SoftLimit, ForkWhileAnotherThreadIsInTheCallback) {
    SoftLimit soft(2 * kMiB);
    std::atomic<bool> inside{false}, over{false};
    soft.then = [&](bool above) {
        if (!above) return;
        inside = true;
        while (!over) std::this_thread::yield();
    };
    void *block = nullptr;
    std::thread other([&] { block = zmalloc(3 * kMiB); });
    while (!inside) std::this_thread::yield();
    EXPECT_TRUE(InChild([&] {
        // The thread with the block is not here; the block counts.
        CHILD_CHECK(zmalloc_set_limit(0, zmalloc_used_memory() + kMiB, nullptr, nullptr) == 0);
        CHILD_CHECK(ztrymalloc(2 * kMiB) == nullptr);
        return true;
    }));
    over = true;
    other.join();
    zfree(block);
}

}  // namespace
}  // namespace zmalloc_test
