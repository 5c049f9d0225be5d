// Used memory in a forked child: as exact as in the parent.
#include <atomic>
#include <mutex>
#include <thread>

#include "tests/support.h"

namespace zmalloc_test {
namespace {

// Does all that a child may do with memory, and checks that it is counted.
bool UsesMemory(size_t before) {
    CHILD_CHECK(zmalloc_used_memory() == before);
    void *block = zmalloc(1000);
    CHILD_CHECK(zmalloc_used_memory() == before + zmalloc_size(block));
    block = zrealloc(block, 100000);
    CHILD_CHECK(zmalloc_used_memory() == before + zmalloc_size(block));
    zfree(block);
    CHILD_CHECK(zmalloc_used_memory() == before);
    return true;
}

bool UsesMemoryInThreads(size_t before) {
    if (kThreadsOfChildrenHang) return true;
    std::vector<std::thread> threads;
    std::vector<void *> blocks(50);
    for (void *&block : blocks) {
        threads.emplace_back([&block] {
            block = zmalloc(500);
            zfree(zmalloc(70));
        });
    }
    for (std::thread &thread : threads) thread.join();
    size_t sum = 0;
    for (void *block : blocks) sum += zmalloc_size(block);
    CHILD_CHECK(zmalloc_used_memory() == before + sum);
    for (void *block : blocks) zfree(block);
    CHILD_CHECK(zmalloc_used_memory() == before);
    return true;
}

TEST(Fork, ChildIsExact) {
    void *mine = zmalloc(4000);
    const size_t used = zmalloc_used_memory(), counted = zmalloc_size(mine);
    EXPECT_TRUE(InChild([&] {
        CHILD_CHECK(UsesMemory(used));
        zfree(mine);
        CHILD_CHECK(zmalloc_used_memory() == used - counted);
        CHILD_CHECK(UsesMemoryInThreads(used - counted));
        // The child forks in turn.
        CHILD_CHECK(InChild([&] { return UsesMemory(used - counted); }));
        return true;
    }));
    EXPECT_EQ(zmalloc_used_memory(), used);
    zfree(mine);
}

// Other threads hold blocks, and wait.  The child has their blocks but not the threads, and may
// free the blocks.
TEST(Fork, BlocksOfOtherThreads) {
    const size_t before = zmalloc_used_memory();
    std::mutex mutex;
    std::atomic<int> ready{0};
    std::vector<void *> blocks(20);
    std::vector<std::thread> threads;
    mutex.lock();
    for (void *&block : blocks) {
        threads.emplace_back([&] {
            block = zmalloc(3000);
            ready++;
            std::lock_guard<std::mutex> wait(mutex);
            zfree(block);
        });
    }
    while (ready != 20) std::this_thread::yield();
    const size_t used = zmalloc_used_memory();
    EXPECT_TRUE(InChild([&] {
        CHILD_CHECK(UsesMemory(used));
        CHILD_CHECK(UsesMemoryInThreads(used));
        for (void *block : blocks) zfree(block);
        CHILD_CHECK(zmalloc_used_memory() == before);
        return true;
    }));
    // A thread other than the main one may fork, too.
    std::thread([&] {
        EXPECT_TRUE(InChild([&] { return UsesMemory(used) && UsesMemoryInThreads(used); }));
    }).join();
    mutex.unlock();
    for (std::thread &thread : threads) thread.join();
    EXPECT_EQ(zmalloc_used_memory(), before);
}

#ifdef __GLIBC__
// This key is created before zmalloc's, as a key of a shared library is: its destructor runs while
// zmalloc's is still to come.
pthread_key_t early_key;
std::atomic<bool> in_destructor, fork_is_over;

void WaitForFork(void *) {
    in_destructor = true;
    while (!fork_is_over) std::this_thread::yield();
}

void MakeEarlyKey() { pthread_key_create(&early_key, WaitForFork); }
__attribute__((section(".preinit_array"), used)) void (*const make_early_key)() = MakeEarlyKey;

// Lets one thread wait until another has reached a step.
class Steps {
  public:
    void Reach(int step) { step_ = step; }
    void Await(int step) const {
        while (step_ < step) std::this_thread::yield();
    }

  private:
    std::atomic<int> step_{0};
};

// A thread is ending when another forks.  In the child glibc gives the ending thread's stack to a
// new thread, along with a value of zmalloc's key that the new thread did not set.
bool EndsWithAnothersKey(size_t before) {
    Steps steps;
    std::thread heir([&] {
        pthread_setspecific(early_key, nullptr);
        pthread_key_t any;
        pthread_key_create(&any, nullptr);
        pthread_setspecific(any, &any);  // so that the thread runs destructors
        steps.Reach(1);
        steps.Await(2);
    });
    steps.Await(1);
    bool exact = false;
    std::thread other([&] {
        void *block = zmalloc(100);
        steps.Reach(2);
        steps.Await(3);
        block = zrealloc(block, 5000);
        exact = zmalloc_used_memory() == before + zmalloc_size(block);
    });
    heir.join();
    steps.Reach(3);
    other.join();
    CHILD_CHECK(exact);
    return true;
}

TEST(Fork, WhileAThreadEnds) {
    if (kThreadsOfChildrenHang) GTEST_SKIP() << "threads of the child hang";
    zfree(zmalloc(1));  // this thread takes a slot before the other
    std::thread ending([] {
        zfree(zmalloc(1));
        pthread_setspecific(early_key, &early_key);
    });
    while (!in_destructor) std::this_thread::yield();
    const size_t used = zmalloc_used_memory();
    EXPECT_TRUE(InChild([&] {
        fork_is_over = true;
        return EndsWithAnothersKey(used);
    }));
    fork_is_over = true;
    ending.join();
}
#endif

// Other threads are anywhere inside zmalloc, many of them in their first or last call.  The child's
// used memory may miss what they were about to count, but it stays consistent, and the child never
// hangs.
TEST(Fork, WhileOthersAllocate) {
    if (Emulated()) GTEST_SKIP() << "a forked child of qemu may find qemu's own locks held";
    const size_t before = zmalloc_used_memory(), kThreads = 4, kLargest = 2000;
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    for (size_t i = 0; i < kThreads; i++) {
        threads.emplace_back([&, i] {
            Random random(i);
            while (!stop) {
                std::thread([&] {
                    void *block = zmalloc(random.Below(kLargest));
                    block = zrealloc(block, random.Below(kLargest) + 1);
                    zfree(block);
                }).join();
            }
        });
    }
    // Each thread has at most one block, or two while realloc moves it.
    const size_t slack = kThreads * 2 * (2 * kLargest + 100);
    for (int i = 0; i < 200; i++) {
        ASSERT_TRUE(InChild([&] {
            const size_t used = zmalloc_used_memory();
            CHILD_CHECK(used <= before + slack);
            CHILD_CHECK(used + slack >= before);
            CHILD_CHECK(UsesMemory(used));
            return kThreadsOfChildrenAmongStartsHang || i % 10 != 0 || UsesMemoryInThreads(used);
        })) << i;
    }
    // If zmalloc were broken, the first call of a thread would hang here.
    for (int i = 0; i < 300 && !kThreadsOfChildrenAmongStartsHang; i++) {
        ASSERT_TRUE(InChild([] {
            std::thread([] { zfree(zmalloc(1)); }).join();
            return true;
        })) << i;
    }
    stop = true;
    for (std::thread &thread : threads) thread.join();
    EXPECT_EQ(zmalloc_used_memory(), before);
}

}  // namespace
}  // namespace zmalloc_test
