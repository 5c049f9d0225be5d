// Samples are blocks as others: their contents, their sizes, used memory, threads, fork.
#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <functional>
#include <sstream>
#include <thread>

#include "tests/profile/sites.h"
#include "zmalloc/defrag.h"
#include "zmalloc/stats.h"

namespace zmalloc_test {
namespace {

// Nothing more can be mapped while this lives.
class NoAddressSpace {
  public:
    NoAddressSpace() {
        EXPECT_EQ(getrlimit(RLIMIT_AS, &before_), 0);
        const struct rlimit none = {1, before_.rlim_max};
        EXPECT_EQ(setrlimit(RLIMIT_AS, &none), 0);
    }
    ~NoAddressSpace() { EXPECT_EQ(setrlimit(RLIMIT_AS, &before_), 0); }
    NoAddressSpace(const NoAddressSpace &) = delete;
    NoAddressSpace &operator=(const NoAddressSpace &) = delete;

  private:
    struct rlimit before_;
};

// Calls a function again and again, in a thread of its own, while this lives.
class Meanwhile {
  public:
    explicit Meanwhile(const std::function<void()> &body)
        : thread_([this, body] {
              while (!is_over_) body();
          }) {}
    ~Meanwhile() {
        is_over_ = true;
        thread_.join();
    }
    Meanwhile(const Meanwhile &) = delete;
    Meanwhile &operator=(const Meanwhile &) = delete;

  private:
    std::atomic<bool> is_over_{false};
    std::thread thread_;
};

// This test is the first: later the profile has its memory.
TEST(FirstProfile, StartsWhenThereIsMemoryAgain) {
    if (kSanitized) GTEST_SKIP() << "the sanitizer needs memory as well";
    if (Emulated()) GTEST_SKIP() << "qemu sets no limit to address space";
    int result = 0, error = 0;
    {
        const NoAddressSpace none;
        result = zmalloc_profile_start(1);
        error = errno;
    }
    EXPECT_EQ(result, -1);
    EXPECT_EQ(error, ENOMEM);
    EXPECT_EQ(zmalloc_profile_start(1), 0);
    const Label label("after a failure");
    zfree(zmalloc(100));
    EXPECT_EQ(FindLabel("after a failure").allocated_blocks, 1U);
    zmalloc_profile_stop();
}

// Every block is a sample.
class Samples : public testing::Test {
  protected:
    void SetUp() override { ASSERT_EQ(zmalloc_profile_start(1), 0); }
    void TearDown() override { zmalloc_profile_stop(); }
};

TEST_F(Samples, AreCountedExactly) {
    const size_t before = zmalloc_used_memory();
    const Label label("exact");
    size_t bytes = 0, count = 0;
    std::vector<void *> blocks;
    blocks.reserve(1000);
    for (const size_t size : {40, 100, 1000, 10000, 100000, 262144, 262145, 400000, 3000000}) {
        for (int i = 0; i < 5; i++, count++) {
            void *block = zmalloc(size);
            ASSERT_NE(block, nullptr);
            ASSERT_GE(zmalloc_usable_size(block), size);
            Pattern::Fill(block, size, count);
            ASSERT_TRUE(Pattern::Holds(block, size, count));
            bytes += zmalloc_size(block);
            blocks.push_back(block);
        }
    }
    EXPECT_EQ(FindLabel("exact").live_blocks, count);
    EXPECT_EQ(FindLabel("exact").live_bytes, bytes);
    EXPECT_EQ(zmalloc_used_memory() - before, bytes);
    for (void *block : blocks) zfree(block);
    EXPECT_EQ(FindLabel("exact").live_blocks, 0U);
    EXPECT_EQ(FindLabel("exact").allocated_blocks, count);
    EXPECT_EQ(FindLabel("exact").allocated_bytes, bytes);
    EXPECT_EQ(zmalloc_used_memory(), before);
}

// From 64 bytes on, the copy has to be placed.
TEST_F(Samples, HaveTheAlignmentThatWasRequested) {
    const size_t before = zmalloc_used_memory();
    for (size_t alignment = 8; alignment <= 65536; alignment *= 2) {
        for (const size_t size : {40, 100, 5000, 8192, 9000, 100000, 250000, 300000}) {
            const Label label("aligned ones");
            void *block = zmalloc_aligned(alignment, size);
            EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % alignment, 0U) << size;
            Pattern::Fill(block, zmalloc_usable_size(block), 3);
            const bool is_sample = alignment <= 4096 || zmalloc_usable_size(block) > 262144;
            EXPECT_EQ(FindLabel("aligned ones").live_blocks, is_sample) << alignment << " " << size;
            block = zrealloc(block, size + 7000);
            EXPECT_TRUE(Pattern::Holds(block, size, 3));
            zfree(block);
            EXPECT_EQ(FindLabel("aligned ones").live_blocks, 0U);
        }
    }
    EXPECT_EQ(zmalloc_used_memory(), before);
}

// A copy of more than 8 KiB lies alone, as the allocator's block is given back.
TEST_F(Samples, AreInMemoryOnlyOnceIfTheyAreLarge) {
    if (!Tells("allocated") || Variant().guarded) GTEST_SKIP() << "the allocator does not tell";
    zmalloc_stats_t with, without;
    std::vector<void *> blocks;
    zmalloc_stats(&without, sizeof without, ZMALLOC_ALL_ARENAS, 1);
    for (int i = 0; i < 200; i++) blocks.push_back(zmalloc(100000));
    zmalloc_stats(&with, sizeof with, ZMALLOC_ALL_ARENAS, 1);
    EXPECT_GE(with.used - without.used, 200U * 100000);
    EXPECT_LT(with.allocated, without.allocated + 100U * 100000);
    for (void *block : blocks) zfree(block);
}

TEST_F(Samples, OfCallocAreZero) {
    for (const size_t size : {40, 5000, 300000}) {
        for (int i = 0; i < 20; i++) {
            auto *block = static_cast<char *>(zcalloc(size));
            for (size_t at = 0; at < size; at++) ASSERT_EQ(block[at], 0) << size;
            std::memset(block, 1, size);
            zfree(block);
        }
    }
}

TEST_F(Samples, KeepTheirContentsWhenTheyAreResized) {
    const size_t before = zmalloc_used_memory();
    Random random(1);
    const Label label("resized ones");
    for (int round = 0; round < 50; round++) {
        size_t size = 100;
        void *block = zmalloc(size);
        Pattern::Fill(block, size, 7);
        for (int i = 0; i < 20; i++) {
            const size_t next = 1 + random.Below(700000);
            block = zrealloc(block, next);
            ASSERT_TRUE(Pattern::Holds(block, std::min(size, next), 7)) << size << " to " << next;
            ASSERT_GE(zmalloc_usable_size(block), next);
            size = next;
            Pattern::Fill(block, size, 7);
        }
        EXPECT_EQ(FindLabel("resized ones").live_blocks, 1U);
        EXPECT_EQ(FindLabel("resized ones").live_bytes, zmalloc_size(block));
        zfree(block);
    }
    EXPECT_EQ(FindLabel("resized ones").allocated_blocks, 50U);
    EXPECT_EQ(FindLabel("resized ones").live_blocks, 0U);
    EXPECT_EQ(zmalloc_used_memory(), before);
}

// Growth is allocated; what a block had already is not allocated once more.
TEST_F(Samples, CountTheBytesByWhichTheyGrow) {
    const Label label("grown");
    size_t allocated = 0, had = 0;
    void *block = nullptr;
    for (const size_t size : {100, 3000, 200, 9000, 300000, 1000, 700000, 800000, 40}) {
        block = zrealloc(block, size);
        const size_t has = zmalloc_size(block);
        allocated += has > had ? has - had : 0;
        had = has;
        EXPECT_EQ(FindLabel("grown").allocated_bytes, allocated) << size;
        EXPECT_EQ(FindLabel("grown").allocated_blocks, 1U) << size;
        EXPECT_EQ(FindLabel("grown").samples, 1U) << size;
    }
    zfree(block);
}

// As in the allocator: realloc moves no block whose usable size it would not change.
TEST_F(Samples, StayWhereTheyAreWhileTheirUsableSizeDoes) {
    const size_t before = zmalloc_used_memory();
    const Label label("in place");
    for (const size_t size : {40, 5000, 8192, 9000, 200000}) {
        void *block = zmalloc_aligned(4096, size);
        const size_t usable = zmalloc_usable_size(block);
        Pattern::Fill(block, usable, 5);
        void *resized = zrealloc(block, size);
        if (zmalloc_usable_size(resized) == usable) {
            EXPECT_EQ(resized, block) << size;
            EXPECT_EQ(FindLabel("in place").live_blocks, 1U);
            EXPECT_TRUE(Pattern::Holds(resized, usable, 5));
        }
        zfree(resized);
        EXPECT_EQ(FindLabel("in place").live_blocks, 0U);
    }
    EXPECT_EQ(zmalloc_used_memory(), before);
}

// A realloc to what a block has already needs no memory.
TEST_F(Samples, AreKeptWhenThereIsNoMemory) {
    if (kSanitized) GTEST_SKIP() << "the sanitizer needs memory as well";
    if (Emulated()) GTEST_SKIP() << "qemu sets no limit to address space";
    const size_t before = zmalloc_used_memory();
    for (const size_t size : {100, 5000}) {
        std::vector<void *> blocks;
        blocks.reserve(1 << 15);  // enough for all but mimalloc, which has reserved 1 GiB
        void *block = zmalloc(size);
        const size_t usable = zmalloc_usable_size(block), used = zmalloc_used_memory();
        Pattern::Fill(block, usable, 9);
        {
            const NoAddressSpace none;
            void *other = nullptr;
            while (blocks.size() < blocks.capacity() && (other = ztrymalloc(size)) != nullptr)
                blocks.push_back(other);
            for (const size_t to : {usable, size}) {
                EXPECT_EQ(ztryrealloc(block, to), block) << size << " to " << to;
            }
            EXPECT_EQ(ztryrealloc(block, size_t{1} << 40), nullptr) << size;
            EXPECT_EQ(zmalloc_usable_size(block), usable);
            EXPECT_TRUE(Pattern::Holds(block, usable, 9));
        }
        for (void *other : blocks) zfree(other);
        EXPECT_EQ(zmalloc_used_memory(), used);
        zfree(block);
    }
    EXPECT_EQ(zmalloc_used_memory(), before);
}

TEST_F(Samples, AreFreedByOtherThreads) {
    const Label label("of many threads");
    constexpr int kThreads = 4, kRounds = 2000;
    std::vector<std::thread> threads;
    std::atomic<void *> slots[64] = {};
    for (int thread = 0; thread < kThreads; thread++) {
        threads.emplace_back([&slots, thread] {
            const Label own("of many threads");
            Random random(thread);
            for (int i = 0; i < kRounds; i++) {
                const size_t size = random.Below(20) == 0 ? 300000 : 40 + random.Below(3000);
                zfree(slots[random.Below(64)].exchange(zmalloc(size)));
            }
        });
    }
    for (auto &thread : threads) thread.join();
    for (auto &slot : slots) zfree(slot.exchange(nullptr));
    EXPECT_EQ(FindLabel("of many threads").live_samples, 0U);
    EXPECT_EQ(FindLabel("of many threads").live_bytes, 0U);
    EXPECT_EQ(FindLabel("of many threads").samples, static_cast<uint64_t>(kThreads * kRounds));
}

TEST_F(Samples, OutliveTheProfile) {
    const Label label("after stop");
    void *small = zmalloc(100), *large = zmalloc(500000);
    zmalloc_profile_stop();
    void *not_sampled = zmalloc(100);
    EXPECT_EQ(FindLabel("after stop").live_blocks, 2U);
    zfree(small);
    zfree(large);
    EXPECT_EQ(FindLabel("after stop").live_blocks, 0U);
    zfree(not_sampled);
}

TEST_F(Samples, LiveOnInAChildOfFork) {
    const Label label("of the parent");
    void *block = zmalloc(1000), *large = zmalloc(500000);
    EXPECT_TRUE(InChild([&] {
        const Label of_child("of the child");
        void *own = zmalloc(1000);
        const bool sees_both = FindLabel("of the parent").live_blocks == 2 &&
                               FindLabel("of the child").live_blocks == 1;
        zfree(block);
        zfree(large);
        zfree(own);
        return sees_both && FindLabel("of the parent").live_blocks == 0;
    }));
    EXPECT_EQ(FindLabel("of the parent").live_blocks, 2U);
    zfree(block);
    zfree(large);
}

// Threads allocate, resize and hand over while others change the rate, write and fork.
TEST_F(Samples, AreTakenWhileOthersStartStopWriteAndFork) {
    const size_t before = zmalloc_used_memory();
    constexpr int kThreads = 3, kRounds = 3000;
    std::atomic<void *> slots[32] = {};
    std::atomic<int> running{kThreads};
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; thread++) {
        threads.emplace_back([&slots, &running, thread] {
            const Label label("beside others");
            Random random(thread);
            for (int i = 0; i < kRounds; i++) {
                const size_t size = random.Below(20) == 0 ? 300000 : 1 + random.Below(3000);
                void *block = slots[random.Below(32)].exchange(nullptr);
                block = zrealloc(block, size);
                zfree(slots[random.Below(32)].exchange(block));
            }
            running--;
        });
    }
    const int null = open("/dev/null", O_WRONLY);
    for (int i = 0; running != 0; i++) {
        if (i % 3 == 0) zmalloc_profile_stop();
        EXPECT_EQ(zmalloc_profile_start(i % 2 == 0 ? 1 : 1000), 0);
        EXPECT_EQ(zmalloc_profile_write(null), 0);
        EXPECT_EQ(zmalloc_profile_write_heap_v2(null), 0);
        EXPECT_EQ(zmalloc_profile_write_collapsed(null), 0);
        // TSan ends a child with an error if the parent has threads that it has not joined yet.
        if (i % 4 != 0 || kThreadSanitizer) continue;
        EXPECT_TRUE(InChild([null] {
            zfree(zmalloc(1000));
            return zmalloc_profile_write(null) == 0;
        }));
    }
    for (auto &thread : threads) thread.join();
    close(null);
    for (auto &slot : slots) zfree(slot.exchange(nullptr));
    EXPECT_EQ(FindLabel("beside others").live_samples, 0U);
    EXPECT_EQ(zmalloc_used_memory(), before);
}

// The allocator sees a thread at its first block, and may take locks then; fork takes them as well.
TEST_F(Samples, AreWrittenByThreadsThatNeverAllocatedWhileOthersFork) {
    if (kThreadSanitizer) GTEST_SKIP() << "it ends children whose parent has threads";
    const int null = open("/dev/null", O_WRONLY);
    std::vector<void *> blocks;
    for (int i = 0; i < 500; i++) blocks.push_back(zmalloc(100));
    for (int round = 0; round < (Emulated() ? 5 : 100); round++) {
        std::atomic<int> running{2};
        std::vector<std::thread> threads;
        for (int i = 0; i < 2; i++) {
            threads.emplace_back([&running, null] {
                EXPECT_EQ(zmalloc_profile_write(null), 0);
                running--;
            });
        }
        do {
            EXPECT_TRUE(InChild([] { return true; }));
        } while (running != 0);
        for (auto &thread : threads) thread.join();
    }
    for (void *block : blocks) zfree(block);
    close(null);
}

// The loader's lock, which other threads hold while they write, is free in the child.
TEST_F(Samples, AreWrittenByChildrenWhileOtherThreadsWrite) {
    if (kThreadSanitizer) GTEST_SKIP() << "it ends children whose parent has threads";
    if (Emulated()) GTEST_SKIP() << "a forked child of qemu may find qemu's own locks held";
    const int null = open("/dev/null", O_WRONLY);
    {
        const auto write = [null] { EXPECT_EQ(zmalloc_profile_write_collapsed(null), 0); };
        const Meanwhile one(write), other(write);
        for (int round = 0; round < 100 && !HasFailure(); round++) {
            EXPECT_TRUE(InChild([null] { return zmalloc_profile_write(null) == 0; }));
        }
    }
    close(null);
}

// The handlers of a program take its lock, and a thread that writes has it.
pthread_mutex_t lock_of_program = PTHREAD_MUTEX_INITIALIZER;
std::atomic<bool> handlers_lock{false};
void LockInHandler() {
    if (handlers_lock) pthread_mutex_lock(&lock_of_program);
}
void UnlockInHandler() {
    if (handlers_lock) pthread_mutex_unlock(&lock_of_program);
}

TEST_F(Samples, AreWrittenUnderALockThatForkHandlersTake) {
    if (kThreadSanitizer) GTEST_SKIP() << "it ends children whose parent has threads";
    const int null = open("/dev/null", O_WRONLY);
    ASSERT_EQ(pthread_atfork(LockInHandler, UnlockInHandler, UnlockInHandler), 0);
    handlers_lock = true;
    {
        const Meanwhile writer([null] {
            pthread_mutex_lock(&lock_of_program);
            EXPECT_EQ(zmalloc_profile_write(null), 0);
            zfree(zmalloc(100));
            pthread_mutex_unlock(&lock_of_program);
            std::this_thread::yield();
        });
        for (int i = 0; i < (Emulated() ? 5 : 200); i++) EXPECT_TRUE(InChild([] { return true; }));
    }
    handlers_lock = false;
    close(null);
}

void *ForkAgainAndAgain(void *) {
    for (;;) {
        const pid_t child = fork();
        if (child == 0) _exit(0);
        if (child > 0) waitpid(child, nullptr, 0);
    }
}

// fork() is no cancellation point; a thread that ended in it would leave the fork in progress.
TEST_F(Samples, AreWrittenAfterAThreadThatForksWasCancelled) {
    if (kThreadSanitizer) GTEST_SKIP() << "it ends children whose parent has threads";
    if (Emulated()) GTEST_SKIP() << "a forked child of qemu may find qemu's own locks held";
    const int null = open("/dev/null", O_WRONLY);
    {
        const Meanwhile writer([null] { EXPECT_EQ(zmalloc_profile_write_collapsed(null), 0); });
        for (int i = 0; i < 50; i++) {
            pthread_t thread;
            ASSERT_EQ(pthread_create(&thread, nullptr, ForkAgainAndAgain, nullptr), 0);
            usleep(500);
            pthread_cancel(thread);
            pthread_join(thread, nullptr);
        }
    }
    while (waitpid(-1, nullptr, 0) > 0) continue;
    close(null);
}

// Each of two threads that write finds the whole waste.
TEST_F(Samples, HaveTheirWholeWasteWhileTwoThreadsWrite) {
    if (!Variant().knows_slabs || kSanitized) GTEST_SKIP() << "the allocator does not tell";
    const int null = open("/dev/null", O_WRONLY);
    std::vector<void *> blocks, kept;
    {
        const Label label("wasted");
        for (int i = 0; i < 5000; i++) blocks.push_back(zmalloc(320));
    }
    for (size_t i = 0; i < blocks.size(); i++) {
        i % 10 == 0 ? kept.push_back(blocks[i]) : zfree(blocks[i]);
    }
    EXPECT_EQ(zmalloc_profile_write(null), 0);
    const uint64_t waste = FindLabel("wasted").waste;
    {
        const Meanwhile writer([null] { EXPECT_EQ(zmalloc_profile_write_collapsed(null), 0); });
        for (int i = 0; i < 2000; i++) ASSERT_EQ(FindLabel("wasted").waste, waste);
    }
    for (void *block : kept) zfree(block);
    close(null);
    if (waste == 0) GTEST_SKIP() << "the free blocks are in a cache";
}

// The allocator may copy such a block, which takes long.
TEST_F(Samples, StayInTheProfileWhileALargeBlockIsResized) {
    constexpr int kLooks = 20000;
    void *block;
    {
        const Label label("resized beside a look");
        block = zmalloc(16 << 20);
    }
    {
        const Meanwhile owner([&block] { block = zrealloc(zrealloc(block, 8 << 20), 16 << 20); });
        for (int i = 0; i < kLooks; i++) {
            ASSERT_NE(FindLabel("resized beside a look").live_blocks, 0U);
        }
    }
    zfree(block);
}

// A library's handlers run during the fork, before and after those of the profile.
void *block_of_handler;
void AllocateAndFree() {
    if (block_of_handler == nullptr) return;
    zfree(block_of_handler);
    block_of_handler = zmalloc(100);
}

TEST_F(Samples, AreFreedByForkHandlers) {
    ASSERT_EQ(pthread_atfork(AllocateAndFree, AllocateAndFree, AllocateAndFree), 0);
    block_of_handler = zmalloc(100);
    EXPECT_TRUE(InChild([] {
        zfree(zmalloc(100));
        return true;
    }));
    zfree(block_of_handler);
    block_of_handler = nullptr;
}

TEST_F(Samples, LeaveTheSignalMaskOfThreadsThatForkAsItIs) {
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (const bool blocks : {false, true}) {
        threads.emplace_back([&wrong, blocks] {
            sigset_t mask, now;
            sigemptyset(&mask);
            if (blocks) sigaddset(&mask, SIGUSR1);
            pthread_sigmask(SIG_SETMASK, &mask, nullptr);
            for (int i = 0; i < 50; i++) {
                const pid_t child = fork();
                if (child == 0) _exit(0);
                if (child > 0) waitpid(child, nullptr, 0);
                pthread_sigmask(SIG_SETMASK, nullptr, &now);
                if ((sigismember(&now, SIGUSR1) != 0) != blocks || sigismember(&now, SIGUSR2)) {
                    wrong++;
                    pthread_sigmask(SIG_SETMASK, &mask, nullptr);
                }
            }
        });
    }
    for (auto &thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
}

TEST_F(Samples, DoNotReplaceBlocksThatAreResizedWithAnAlignment) {
    constexpr int kAlign = 12;  // flags: 4096 bytes
    const size_t before = zmalloc_used_memory();
    for (const size_t from : {5000, 500000}) {
        for (const size_t to : {3000, 9000, 100000, 400000, 900000}) {
            zmalloc_profile_stop();
            void *block = zmalloc_with_flags(from, kAlign);
            ASSERT_EQ(zmalloc_profile_start(1), 0);
            void *sample = zmalloc_with_flags(from, kAlign);
            for (void **resized : {&block, &sample}) {
                Pattern::Fill(*resized, from, 3);
                *resized = zrealloc_with_flags(*resized, to, kAlign);
                EXPECT_EQ(reinterpret_cast<uintptr_t>(*resized) % 4096, 0U) << from << " " << to;
                EXPECT_TRUE(Pattern::Holds(*resized, std::min(from, to), 3));
                zfree(*resized);
            }
        }
    }
    EXPECT_EQ(zmalloc_used_memory(), before);
}

// In a child, whose table has no room afterwards.
TEST_F(Samples, HaveAStackWhereThereIsNoRoomForTheirLabels) {
    if (Emulated()) GTEST_SKIP() << "70,000 stacks take minutes under qemu";
    const auto without_label = [] {
        return FindIf([](const struct zm_profile_row &row) {
                   return row.label == nullptr && row.depth != 0;
               })
            .live_bytes;
    };
    void *block = zmalloc(100);
    if (without_label() == 0) GTEST_SKIP() << "this platform tells no call stacks";
    zfree(block);
    EXPECT_TRUE(InChild([&without_label] {
        char text[32];
        for (int i = 0; i < 70000; i++) {
            std::snprintf(text, sizeof text, "table %d", i);
            const Label label(text);
            zfree(zmalloc(100));
        }
        const uint64_t before = without_label();
        const Label label("one too many");
        void *of_label = zmalloc(5000);
        return FindLabel("table 123").samples == 1 && without_label() >= before + 5000 &&
               of_label != nullptr;
    }));
}

TEST_F(Samples, AreNotMovedByDefragmentation) {
    void *block = zmalloc(100);
    EXPECT_FALSE(zmalloc_should_defrag(block));
    EXPECT_EQ(zmalloc_defrag(block), nullptr);
    zfree(block);
}

TEST_F(Samples, FreedTwiceEndTheProgram) {
    void *block = zmalloc(100);
    zfree(block);
    EXPECT_DEATH(zfree(block), "one that was freed");
}

// As a profiler finds them, in the notes of the program's file.
TEST(Profile, HasProbes) {
#ifdef __linux__
    std::ifstream file("/proc/self/exe", std::ios::binary);
    std::stringstream bytes;
    bytes << file.rdbuf();
    for (const std::string name : {"alloc", "free"}) {
        const std::string note = std::string("otel_memory\0", 12) + name +
                                 std::string(
                                     "\0"
                                     "8@",
                                     3);
        EXPECT_NE(bytes.str().find(note), std::string::npos) << name;
    }
#else
    GTEST_SKIP() << "this system has no such probes";
#endif
}

TEST(Profile, RefusesARateThatIsTooLarge) {
    errno = 0;
    EXPECT_EQ(zmalloc_profile_start((size_t{1} << 50) + 1), -1);
    EXPECT_EQ(errno, EINVAL);
    EXPECT_EQ(zmalloc_profile_rate(), 0U);
}

TEST(Profile, HasADefaultRate) {
    EXPECT_EQ(zmalloc_profile_start(0), 0);
    EXPECT_EQ(zmalloc_profile_rate(), ZMALLOC_PROFILE_RATE);
    zmalloc_profile_stop();
    EXPECT_EQ(zmalloc_profile_rate(), 0U);
}

}  // namespace
}  // namespace zmalloc_test
