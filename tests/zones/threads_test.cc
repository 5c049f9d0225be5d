// Zones over the lives of threads and in children of fork.
#include <pthread.h>
#include <sys/resource.h>

#include <atomic>
#include <mutex>

#include "tests/zones/zones.h"

namespace zmalloc_test {
namespace {

using Figures = Zone::Figures;

TEST(ZoneThreads, BlocksOfThreadsThatEnded) {
    Zone zone;
    std::vector<void *> blocks(500);
    for (size_t batch = 0; batch < blocks.size(); batch += 50) {
        std::vector<std::thread> threads;
        for (size_t i = batch; i < batch + 50; i++) {
            threads.emplace_back([&, i] {
                zfree_in(zone, zmalloc_in(zone, 100));
                blocks[i] = zmalloc_in(zone, 10 * i);
            });
        }
        for (std::thread &thread : threads) thread.join();
        EXPECT_EQ(zone.figures(), FiguresOf(blocks));
    }
    for (void *block : blocks) std::thread([&] { zfree_in(zone, block); }).join();
}

// More threads than a page has slots, all alive at once; zones are created meanwhile, so many that
// tables of counters grow several times.
TEST(ZoneThreads, TablesGrowUnderThreads) {
    const size_t kThreads = Emulated() ? 20 : 80, kZones = 5000;
    std::vector<zmalloc_zone_t *> zones(kZones);
    std::atomic<size_t> created{0}, ready{0};
    std::vector<std::vector<void *>> blocks(kThreads);
    std::vector<std::thread> threads;
    for (size_t i = 0; i < kThreads; i++) {
        threads.emplace_back([&, i] {
            blocks[i].resize(kZones);
            zfree(zmalloc(1));
            ready++;
            for (size_t z = i; z < kZones; z += 50) {
                while (created.load() <= z) usleep(100);
                blocks[i][z] = zmalloc_in(zones[z], z);
            }
        });
    }
    while (ready != kThreads) std::this_thread::yield();
    for (zmalloc_zone_t *&zone : zones) {
        zone = zmalloc_zone_create("one of many");
        ASSERT_NE(zone, nullptr);
        created++;
    }
    for (std::thread &thread : threads) thread.join();
    for (size_t z = 0; z < kZones; z++) {
        size_t bytes = 0, count = 0;
        for (size_t i = 0; i < kThreads; i++) {
            bytes += zmalloc_size(blocks[i][z]);
            count += blocks[i][z] != nullptr;
        }
        ASSERT_EQ(zmalloc_zone_bytes(zones[z]), bytes) << z;
        ASSERT_EQ(zmalloc_zone_blocks(zones[z]), count) << z;
        for (size_t i = 0; i < kThreads; i++) zfree_in(zones[z], blocks[i][z]);
        ASSERT_EQ(zmalloc_zone_destroy(zones[z]), 0) << z;
    }
}

// While other threads allocate and free, a reader sees at most what they may hold.
TEST(ZoneThreads, AreReadMeanwhile) {
    Zone zone;
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; i++) {
        threads.emplace_back([&] {
            while (!stop) zfree_in(zone, zmalloc_in(zone, 64));
        });
    }
    for (int i = 0; i < 2000; i++) {
        ASSERT_LE(zmalloc_zone_blocks(zone), 1000000u);
        std::this_thread::yield();
    }
    stop = true;
    for (std::thread &thread : threads) thread.join();
    EXPECT_EQ(zone.figures(), Figures(0, 0));
}

// A thread that was never in zmalloc has no table: it counts with the others.
TEST(ZoneThreads, FirstCallIsNoAllocation) {
    Zone zone;
    void *block = zmalloc(1000);
    std::thread([&] { zmalloc_zone_add(zone, block); }).join();
    EXPECT_EQ(zone.figures(), Figures(zmalloc_size(block), 1));
    std::thread([&] { zfree_in(zone, block); }).join();
}

zmalloc_zone_t *zone_of_destructors;
void *left;

// In the last rounds the thread has given its slot back.
void CountInDestructor(void *value) {
    static thread_local int rounds = kThreadSanitizer ? 1 : 3;
    zfree_in(zone_of_destructors, value);
    zfree_in(zone_of_destructors, zmalloc_in(zone_of_destructors, 300));
    void *block = zmalloc_in(zone_of_destructors, 50);
    block = zrealloc_in(zone_of_destructors, block, 5000);
    if (rounds-- > 0) {
        static pthread_key_t key;
        static std::once_flag once;
        std::call_once(once, [] { pthread_key_create(&key, CountInDestructor); });
        pthread_setspecific(key, block);
    } else {
        left = block;
    }
}

TEST(ZoneThreads, InDestructors) {
    Zone zone;
    pthread_key_t key;
    zone_of_destructors = zone;
    ASSERT_EQ(pthread_key_create(&key, CountInDestructor), 0);
    for (int i = 0; i < 20; i++) {
        std::thread([&] { pthread_setspecific(key, zmalloc_in(zone, 100)); }).join();
        EXPECT_EQ(zone.figures(), Figures(zmalloc_size(left), 1));
        zfree_in(zone, left);
    }
    pthread_key_delete(key);
}

// ---- Children -----------------------------------------------------------------

TEST(ZoneFork, ChildIsExact) {
    Zone zone;
    void *mine = zmalloc_in(zone, 4000), *other = nullptr;
    std::mutex mutex;
    std::atomic<bool> ready{false};
    mutex.lock();
    std::thread waiting([&] {
        other = zmalloc_in(zone, 3000);
        ready = true;
        std::lock_guard<std::mutex> wait(mutex);
        zfree_in(zone, other);
    });
    while (!ready) std::this_thread::yield();
    const Figures figures = zone.figures();
    EXPECT_TRUE(InChild([&] {
        CHILD_CHECK(zone.figures() == figures);
        CHILD_CHECK(zmalloc_zone_destroy(zone) == -1 && errno == EBUSY);
        zfree_in(zone, other);
        zfree_in(zone, mine);
        CHILD_CHECK(zone.figures() == Figures(0, 0));
        zmalloc_zone_t *more = zmalloc_zone_create("of the child");
        void *block = zmalloc_in(more, 100);
        CHILD_CHECK(zmalloc_zone_bytes(more) == zmalloc_size(block));
        if (!kThreadsOfChildrenHang) std::thread([&] { zfree_in(more, block); }).join();
        if (kThreadsOfChildrenHang) zfree_in(more, block);
        CHILD_CHECK(zmalloc_zone_destroy(more) == 0);
        CHILD_CHECK(zmalloc_zone_destroy(zone) == 0);
        return true;
    }));
    EXPECT_EQ(zone.figures(), figures);
    mutex.unlock();
    waiting.join();
    zfree_in(zone, mine);
}

// Zones are created and destroyed at the moment of each fork: no child waits for a lock.
TEST(ZoneFork, WhileOthersCreateZones) {
    if (Emulated()) GTEST_SKIP() << "a forked child of qemu may find qemu's own locks held";
    std::atomic<bool> stop{false};
    std::thread creates([&] {
        while (!stop) {
            zmalloc_zone_t *zone = zmalloc_zone_create("short");
            zfree_in(zone, zmalloc_in(zone, 100));
            zmalloc_zone_destroy(zone);
        }
    });
    for (int i = 0; i < 200; i++) {
        ASSERT_TRUE(InChild([] {
            zmalloc_zone_t *zone = zmalloc_zone_create("of a child");
            CHILD_CHECK(zone != nullptr);
            void *block = zmalloc_in(zone, 100);
            CHILD_CHECK(zmalloc_zone_blocks(zone) == 1);
            zfree_in(zone, block);
            CHILD_CHECK(zmalloc_zone_destroy(zone) == 0);
            return true;
        })) << i;
    }
    stop = true;
    creates.join();
}

#ifdef __GLIBC__
bool creates_in_handler;

// Handlers that are registered before zmalloc's run while the thread that forks holds its lock.
// They run also while it holds the allocator's, so that they cannot allocate.
void CreateInHandler() {
    if (!creates_in_handler) return;
    zmalloc_zone_t *zone = zmalloc_zone_create("of a fork handler");
    if (zone == nullptr || zmalloc_zone_destroy(zone) != 0) abort();
}

void Register() { pthread_atfork(CreateInHandler, CreateInHandler, CreateInHandler); }
__attribute__((section(".preinit_array"), used)) void (*const register_early)() = Register;

TEST(ZoneFork, InForkHandlers) {
    creates_in_handler = true;
    EXPECT_TRUE(InChild([] {
        creates_in_handler = false;
        CHILD_CHECK(zmalloc_zone_destroy(zmalloc_zone_create("of the child")) == 0);
        return true;
    }));
    creates_in_handler = false;
    Zone zone;
}
#endif

// ---- Without memory -------------------------------------------------------------

// There is no address space for more tables: no zone is created, and those that exist count on.
TEST(ZoneExhaustion, FailsWithErrno) {
    if (Emulated()) GTEST_SKIP() << "limits do not bind the emulator";
    if (kSanitized) GTEST_SKIP() << "a sanitizer needs much address space";
    Zone zone;
    EXPECT_TRUE(InChild([&] {
        void *block = zmalloc_in(zone, 100);
        const rlimit none = {64 << 20, 64 << 20};
        CHILD_CHECK(setrlimit(RLIMIT_AS, &none) == 0);
        size_t created = 0;
        errno = 0;
        while (created < 10000000 && zmalloc_zone_create("one more") != nullptr) created++;
        CHILD_CHECK(created < 10000000);
        CHILD_CHECK(errno == ENOMEM);
        CHILD_CHECK(zmalloc_zone_create("again") == nullptr);
        CHILD_CHECK(zmalloc_zone_bytes(zone) == zmalloc_size(block));
        zfree_in(zone, block);
        CHILD_CHECK(zmalloc_zone_blocks(zone) == 0);
        return true;
    }));
}

}  // namespace
}  // namespace zmalloc_test
