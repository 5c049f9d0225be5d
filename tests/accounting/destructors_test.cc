// Allocating and freeing while a thread ends: keys' destructors, in all their
// rounds, and C++ thread_local ones.
#include <limits.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "tests/support.h"

namespace zmalloc_test {
namespace {

// Counts the calls of all destructors; lives as long as the process.
std::atomic<size_t> destructor_calls;

// The value of a key: a block, and the number of rounds for which its destructor still asks.
struct Holder {
    pthread_key_t key;
    int rounds;
    void *block;
};

void OnExit(void *value) {
    Holder *holder = static_cast<Holder *>(value);
    destructor_calls++;
    zfree(holder->block);
    holder->block = nullptr;
    zfree(zrealloc(zmalloc(200), 5000));
    if (--holder->rounds > 0) {
        holder->block = zmalloc(300);
        pthread_setspecific(holder->key, holder);
    } else {
        zfree(holder);
    }
}

void Hold(pthread_key_t key, int rounds) {
    Holder *holder = static_cast<Holder *>(zmalloc(sizeof *holder));
    *holder = {key, rounds, zmalloc(100)};
    pthread_setspecific(key, holder);
}

// Created before zmalloc counts anything, so that its destructor runs first.
pthread_key_t early_key;
__attribute__((constructor(101))) void MakeEarlyKey() { pthread_key_create(&early_key, OnExit); }

// In the last round ThreadSanitizer has already given up the thread; jemalloc's own destructor runs
// up to two rounds after the thread last used jemalloc.
const int kRounds = PTHREAD_DESTRUCTOR_ITERATIONS - (kThreadSanitizer ? 3 : 0);

TEST(Destructors, OfKeysInAllRounds) {
    const size_t before = zmalloc_used_memory();
    pthread_key_t late_key;
    ASSERT_EQ(pthread_key_create(&late_key, OnExit), 0);
    for (int rounds = 1; rounds <= kRounds; rounds++) {
        destructor_calls = 0;
        std::thread([&] {
            Hold(early_key, rounds);
            Hold(late_key, rounds);
        }).join();
        EXPECT_EQ(destructor_calls, 2u * rounds);
        EXPECT_EQ(zmalloc_used_memory(), before) << rounds;
    }
    pthread_key_delete(late_key);
}

// The thread calls zmalloc for the first time in a destructor.
TEST(Destructors, FirstCallOfAThread) {
    const size_t before = zmalloc_used_memory();
    Holder *holder = static_cast<Holder *>(zmalloc(sizeof *holder));
    *holder = {early_key, std::min(kRounds, 3), zmalloc(100)};
    std::thread([&] { pthread_setspecific(early_key, holder); }).join();
    EXPECT_EQ(zmalloc_used_memory(), before);
}

// Blocks that a destructor leaves behind stay counted.
TEST(Destructors, BlocksLeftBehind) {
    static void *left;
    const size_t before = zmalloc_used_memory();
    pthread_key_t key;
    ASSERT_EQ(pthread_key_create(&key, [](void *) { left = zmalloc(12345); }), 0);
    std::thread([&] {
        zfree(zmalloc(1));
        pthread_setspecific(key, &left);
    }).join();
    EXPECT_EQ(zmalloc_used_memory(), before + zmalloc_size(left));
    zfree(left);
    EXPECT_EQ(zmalloc_used_memory(), before);
    pthread_key_delete(key);
}

struct FreesLate {
    void *block = nullptr;
    ~FreesLate() {
        destructor_calls++;
        zfree(block);
        zfree(zmalloc(50));
    }
};
thread_local FreesLate before_use, after_use;

TEST(Destructors, OfThreadLocals) {
    const size_t before = zmalloc_used_memory();
    destructor_calls = 0;
    const size_t kThreads = 200;
    for (size_t i = 0; i < kThreads; i++) {
        std::thread([] {
            before_use.block = nullptr;  // constructs it before the first call
            before_use.block = zmalloc(100);
            after_use.block = zmalloc(200);
            pthread_setspecific(early_key, nullptr);
        }).join();
    }
    EXPECT_EQ(destructor_calls, 2 * kThreads);
    EXPECT_EQ(zmalloc_used_memory(), before);
}

// Many threads end at the same time, while others start.
TEST(Destructors, Crowd) {
    const size_t before = zmalloc_used_memory();
    for (int round = 0; round < 20; round++) {
        std::vector<std::thread> threads;
        for (int i = 0; i < 40; i++) {
            threads.emplace_back([i] {
                Hold(early_key, 1 + i % kRounds);
                after_use.block = zmalloc(i);
            });
        }
        for (std::thread &thread : threads) thread.join();
        ASSERT_EQ(zmalloc_used_memory(), before) << round;
    }
}

}  // namespace
}  // namespace zmalloc_test
