// The program's own fork handlers may allocate, may wait for threads that allocate, and see the
// signal mask unchanged.
#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "tests/support.h"

namespace zmalloc_test {
namespace {

std::atomic<bool> armed{false}, worker_quits{false};
std::atomic<int> terms_blocked{0}, runs{0};
std::thread *worker;

void AllocateInAThread() {
    std::thread([] {
        sigset_t mask;
        pthread_sigmask(SIG_BLOCK, nullptr, &mask);
        if (sigismember(&mask, SIGTERM) == 1) terms_blocked++;
        zfree(zmalloc(10));
    }).join();
}

void Prepare() {
    if (!armed) return;
    zfree(zmalloc(10));
    worker_quits = true;
    worker->join();  // it used zmalloc: its exit gives a slot back
    AllocateInAThread();
    runs++;
}

void After() {
    if (!armed) return;
    AllocateInAThread();
    runs++;
}

TEST(ForkHandlers, MayAllocateAndWait) {
    ASSERT_EQ(pthread_atfork(Prepare, After, After), 0);
    const size_t before = zmalloc_used_memory();
    std::thread at_work([] {
        void *block = zmalloc(100);
        while (!worker_quits) std::this_thread::yield();
        zfree(block);
    });
    worker = &at_work;
    armed = true;
    EXPECT_TRUE(InChild([&] {
        CHILD_CHECK(zmalloc_used_memory() == before);
        CHILD_CHECK(terms_blocked == 0);
        CHILD_CHECK(runs == 2);
        return true;
    }));
    armed = false;
    EXPECT_EQ(terms_blocked, 0);
    EXPECT_EQ(runs, 2);
    EXPECT_EQ(zmalloc_used_memory(), before);
}

// The thread that forks may have no slot yet.
TEST(ForkHandlers, OfAThreadThatIsNew) {
    armed = false;
    bool well = false;
    std::thread([&] {
        well = InChild([] {
            void *block = zmalloc(1000);
            zfree(block);
            return true;
        });
    }).join();
    EXPECT_TRUE(well);
}

#ifdef __GLIBC__

// A handler that is registered before all constructors, as those of shared libraries are,
// runs after the others.
std::atomic<bool> first_is_armed{false};

void WaitForAFirstMalloc() {
    if (!first_is_armed) return;
    std::thread([] { std::free(std::malloc(100)); }).join();
    runs++;
}

void RegisterFirst() {
    if (kSanitized) return;  // its runtime is not there yet
    std::free(std::malloc(100));
    pthread_atfork(WaitForAFirstMalloc, nullptr, nullptr);
}

__attribute__((section(".preinit_array"), used)) void (*register_first)() = RegisterFirst;

TEST(ForkHandlers, OfOthersMayWaitForMalloc) {
    if (kSanitized) GTEST_SKIP() << "no handler before the runtime is there";
    runs = 0;
    first_is_armed = true;
    EXPECT_TRUE(InChild([] {
        std::thread([] { std::free(std::malloc(100)); }).join();
        return true;
    }));
    first_is_armed = false;
    EXPECT_EQ(runs, 1);
}

#endif

}  // namespace
}  // namespace zmalloc_test
