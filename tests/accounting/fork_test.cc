// Used memory in a forked child: as exact as in the parent.
#include <atomic>
#include <mutex>
#include <thread>

#include "tests/support.h"

namespace zmalloc_test {
namespace {

// Everything a child may do, counted.
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
        // And its own child.
        CHILD_CHECK(InChild([&] { return UsesMemory(used - counted); }));
        return true;
    }));
    EXPECT_EQ(zmalloc_used_memory(), used);
    zfree(mine);
}

// Threads that hold blocks, and wait: they are not in the child, their blocks
// are, and the child may free them.
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
    // From a thread that is not the main one, too.
    std::thread([&] {
        EXPECT_TRUE(InChild([&] { return UsesMemory(used) && UsesMemoryInThreads(used); }));
    }).join();
    mutex.unlock();
    for (std::thread &thread : threads) thread.join();
    EXPECT_EQ(zmalloc_used_memory(), before);
}

// Other threads are anywhere inside of zmalloc, many of them in their first or
// last call: the child may be off by what they were about to count, but not
// inconsistent, and it never hangs.
TEST(Fork, WhileOthersAllocate) {
    if (Emulated()) GTEST_SKIP() << "qemu's own locks do not survive it";
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
    // Each has at most a block, or two while it moves.
    const size_t slack = kThreads * 2 * (2 * kLargest + 100);
    for (int i = 0; i < 200; i++) {
        ASSERT_TRUE(InChild([&] {
            const size_t used = zmalloc_used_memory();
            CHILD_CHECK(used <= before + slack);
            CHILD_CHECK(used + slack >= before);
            return UsesMemory(used) && (i % 10 != 0 || UsesMemoryInThreads(used));
        })) << i;
    }
    // What would hang there is the first call of a thread.
    for (int i = 0; i < 300 && !kThreadsOfChildrenHang; i++) {
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
