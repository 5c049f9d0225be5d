// Who allocates, frees and resizes a block on macOS (malloc/darwin/requests.h).  The system is a
// fake one; our allocator is real.
#include <sys/mman.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "malloc/darwin/requests.h"
#include "malloc/darwin/system.h"
#include "malloc/darwin/thread.h"
#include "tests/support.h"

namespace zmalloc_test {
namespace {

// ---- The fake system -------------------------------------------------------------

struct System {
    std::mutex lock;
    std::map<void *, size_t> blocks;
    alignas(1 << 16) char memory[4 << 20];
    size_t used = 0;
    bool has_memory = true;

    void *Aligned(size_t alignment, size_t size) {
        const std::lock_guard<std::mutex> guard(lock);
        const size_t begin = (used + alignment - 1) & ~(alignment - 1);
        if (!has_memory || size > sizeof memory - begin) {
            errno = ENOMEM;
            return nullptr;
        }
        used = begin + size + 16;
        blocks[memory + begin] = size;
        return memory + begin;
    }

    bool Has(const void *ptr) {
        const std::lock_guard<std::mutex> guard(lock);
        return blocks.count(const_cast<void *>(ptr)) != 0;
    }

    size_t Size(const void *ptr) {
        const std::lock_guard<std::mutex> guard(lock);
        const auto found = blocks.find(const_cast<void *>(ptr));
        return found != blocks.end() ? found->second : 0;
    }

    void Free(void *ptr) {
        const std::lock_guard<std::mutex> guard(lock);
        EXPECT_EQ(blocks.erase(ptr), 1u) << "the system was given a block that it does not have";
    }
};

System &Fake() {
    static System *const fake = new System;
    return *fake;
}

thread_local unsigned mark;
thread_local void (*at_end)(void *);

// The calls of malloc inside of the system's functions, which on macOS are interposed as well.
void AllocateInside() {
    void *block = zm_darwin_malloc(100);
    EXPECT_TRUE(Fake().Has(block));
}

// ---- The tests -------------------------------------------------------------------

bool SystemHas(const void *ptr) { return Fake().Has(ptr) && !zm_darwin_is_ours(ptr); }

bool WeHave(const void *ptr) { return zm_darwin_is_ours(ptr) && !Fake().Has(ptr); }

void FreeAll(const std::vector<void *> &blocks) {
    for (void *block : blocks) zm_darwin_free(block);
}

// One block by each function.
std::vector<void *> EachKind() {
    void *aligned = nullptr;
    EXPECT_EQ(zm_darwin_posix_memalign(&aligned, 4096, 100), 0);
    std::vector<void *> blocks = {zm_darwin_malloc(100),
                                  zm_darwin_calloc(10, 10),
                                  zm_darwin_valloc(100),
                                  zm_darwin_aligned_alloc(4, 100),
                                  zm_darwin_aligned_alloc(256, 100),
                                  zm_darwin_realloc(nullptr, 100),
                                  zm_darwin_reallocf(nullptr, 100),
                                  aligned};
    for (void *block : blocks) {
        EXPECT_GE(zm_darwin_malloc_size(block), 100u);
        std::memset(block, 1, 100);
    }
    return blocks;
}

std::vector<void *> blocks_before_start;

class DarwinRequests : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        blocks_before_start = EachKind();
        zm_threads_start([] { zfree(zmalloc(1)); });
    }

    void TearDown() override { Fake().has_memory = true; }
};

TEST_F(DarwinRequests, BlocksFromBeforeTheStartStayTheSystems) {
    for (void *block : blocks_before_start) {
        EXPECT_TRUE(SystemHas(block));
        block = zm_darwin_realloc(block, 200);
        EXPECT_TRUE(SystemHas(block));
        EXPECT_EQ(static_cast<char *>(block)[99], 1);
        EXPECT_EQ(zm_darwin_malloc_size(block), 200u);
        zm_darwin_free(block);
        EXPECT_FALSE(Fake().Has(block));
    }
}

TEST_F(DarwinRequests, BlocksAreOursAndCounted) {
    const size_t before = zmalloc_used_memory();
    const std::vector<void *> blocks = EachKind();
    for (void *block : blocks) EXPECT_TRUE(WeHave(block));
    EXPECT_GE(zmalloc_used_memory() - before, 800u);
    FreeAll(blocks);
    EXPECT_EQ(zmalloc_used_memory(), before);
}

TEST_F(DarwinRequests, AThreadsFirstFreeIsOfAnothersBlock) {
    const size_t before = zmalloc_used_memory();
    void *ours = zm_darwin_malloc(100);
    std::thread([&] {
        EXPECT_TRUE(zm_darwin_is_ours(ours));
        zm_darwin_free(ours);
        EXPECT_NE(at_end, nullptr);
    }).join();
    EXPECT_EQ(zmalloc_used_memory(), before);
}

// It still frees blocks of ours.
TEST_F(DarwinRequests, AThreadThatEndsGetsBlocksOfTheSystem) {
    const size_t before = zmalloc_used_memory();
    std::thread([] {
        const std::vector<void *> ours = EachKind();
        void *grows = zm_darwin_malloc(100);
        std::memset(grows, 1, 100);
        at_end(nullptr);
        const std::vector<void *> theirs = EachKind();
        for (void *block : theirs) EXPECT_TRUE(SystemHas(block));
        void *moved = zm_darwin_realloc(grows, 1000);
        EXPECT_TRUE(SystemHas(moved));
        EXPECT_EQ(static_cast<char *>(moved)[99], 1);
        FreeAll(theirs);
        FreeAll(ours);
        zm_darwin_free(moved);
    }).join();
    EXPECT_EQ(zmalloc_used_memory(), before);
}

TEST_F(DarwinRequests, AThreadThatForksKeepsOurBlocks) {
    void *ours = zm_darwin_malloc(100);
    std::memset(ours, 1, 100);
    const size_t used = zmalloc_used_memory();
    zm_thread_before_fork();
    const std::vector<void *> theirs = EachKind();
    for (void *block : theirs) EXPECT_TRUE(SystemHas(block));
    void *moved = zm_darwin_realloc(ours, 50);
    EXPECT_TRUE(SystemHas(moved));
    zm_darwin_free(ours);
    FreeAll(theirs);
    EXPECT_EQ(zmalloc_used_memory(), used);
    zm_thread_after_fork();
    EXPECT_EQ(static_cast<char *>(moved)[49], 1);
    zm_darwin_free(moved);
    EXPECT_TRUE(WeHave(ours));
    zm_darwin_free(ours);
}

TEST_F(DarwinRequests, ReallocOfSizeZeroReturnsABlock) {
    void *block = zm_darwin_realloc(zm_darwin_malloc(100), 0);
    EXPECT_TRUE(WeHave(block));
    zm_darwin_free(block);
}

TEST_F(DarwinRequests, OnlyReallocfFreesTheBlockWhenItFails) {
    const size_t before = zmalloc_used_memory();
    void *ours = zm_darwin_malloc(100);
    errno = 0;
    EXPECT_EQ(zm_darwin_realloc(ours, SIZE_MAX), nullptr);
    EXPECT_EQ(errno, ENOMEM);
    EXPECT_TRUE(WeHave(ours));
    EXPECT_EQ(zm_darwin_reallocf(ours, SIZE_MAX), nullptr);
    EXPECT_EQ(zmalloc_used_memory(), before);
}

TEST_F(DarwinRequests, NoMemoryOfTheSystem) {
    std::thread([] {
        void *ours = zm_darwin_malloc(100), *untouched = &ours;
        at_end(nullptr);
        void *theirs = zm_darwin_malloc(100);
        Fake().has_memory = false;
        EXPECT_EQ(zm_darwin_malloc(1), nullptr);
        EXPECT_EQ(errno, ENOMEM);
        EXPECT_EQ(zm_darwin_calloc(1, 1), nullptr);
        EXPECT_EQ(zm_darwin_valloc(1), nullptr);
        errno = 0;
        EXPECT_EQ(zm_darwin_posix_memalign(&untouched, 16, 1), ENOMEM);
        EXPECT_EQ(errno, 0);
        EXPECT_EQ(untouched, &ours);
        EXPECT_EQ(zm_darwin_realloc(ours, 200), nullptr);
        EXPECT_TRUE(WeHave(ours));
        EXPECT_EQ(zm_darwin_reallocf(theirs, 200), nullptr);
        EXPECT_FALSE(Fake().Has(theirs));
        zm_darwin_free(ours);
    }).join();
}

TEST_F(DarwinRequests, AlignmentsThatAreNone) {
    void *untouched = &untouched;
    const auto refused = [&] {
        errno = 0;
        EXPECT_EQ(zm_darwin_aligned_alloc(3, 100), nullptr);
        EXPECT_EQ(errno, EINVAL);
        EXPECT_EQ(zm_darwin_aligned_alloc(0, 100), nullptr);
        EXPECT_EQ(zm_darwin_posix_memalign(&untouched, 4, 100), EINVAL);
        EXPECT_EQ(zm_darwin_posix_memalign(&untouched, 24, 100), EINVAL);
        EXPECT_EQ(untouched, &untouched);
    };
    refused();
    std::thread([&] {
        zm_darwin_free(zm_darwin_malloc(1));
        at_end(nullptr);
        refused();
    }).join();
}

TEST_F(DarwinRequests, Null) {
    zm_darwin_free(nullptr);
    EXPECT_EQ(zm_darwin_malloc_size(nullptr), 0u);
    EXPECT_FALSE(zm_darwin_is_ours(nullptr));
}

TEST_F(DarwinRequests, VallocIsZeroAndAtAPage) {
    for (int i = 0; i < 100; i++) {
        char *block = static_cast<char *>(zm_darwin_valloc(5000));
        EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % 4096, 0u);
        for (int at : {0, 1, 4999}) EXPECT_EQ(block[at], 0);
        std::memset(block, 1, 5000);
        zm_darwin_free(block);
    }
}

// Blocks of all classes, and what lies around them and elsewhere.
TEST_F(DarwinRequests, KnowsOurBlocksFromAllElse) {
    std::vector<void *> blocks;
    for (size_t size : InterestingSizes(64 * kMiB)) blocks.push_back(zm_darwin_malloc(size));
    blocks.push_back(zm_darwin_aligned_alloc(kMiB, 100));
    blocks.push_back(zm_darwin_aligned_alloc(64 * kMiB, 100));
    for (void *block : blocks) EXPECT_TRUE(zm_darwin_is_ours(block)) << block;
    std::thread([&] {
        for (void *block : blocks) EXPECT_TRUE(zm_darwin_is_ours(block));
    }).join();

    static char variable;
    char local;
    void *mapped = mmap(nullptr, kMiB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(mapped, MAP_FAILED);
    const std::vector<const void *> others = {
        &variable,
        &local,
        mapped,
        reinterpret_cast<const void *>(&zm_darwin_free),
        reinterpret_cast<const void *>(uintptr_t{16}),
        reinterpret_cast<const void *>(uintptr_t{1} << 47),
        reinterpret_cast<const void *>(UINTPTR_MAX - 15),
    };
    for (const void *other : others) EXPECT_FALSE(zm_darwin_is_ours(other)) << other;
    munmap(mapped, kMiB);
    FreeAll(blocks);
}

// A huge block of mimalloc's takes less than the 32 MiB that others may not begin in.
TEST_F(DarwinRequests, WhatFollowsAHugeBlockIsNotOurs) {
    char *block = static_cast<char *>(zm_darwin_malloc(20 * kMiB));
    char *end = block + zm_darwin_malloc_size(block);
    void *next = mmap(end + kMiB, kMiB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(next, MAP_FAILED);
    EXPECT_FALSE(zm_darwin_is_ours(next));
    munmap(next, kMiB);
    zm_darwin_free(block);
}

}  // namespace
}  // namespace zmalloc_test

using zmalloc_test::AllocateInside;
using zmalloc_test::Fake;

extern "C" {

void *zm_system_malloc(size_t size) { return Fake().Aligned(16, size); }

void *zm_system_calloc(size_t number, size_t size) {
    void *ptr = Fake().Aligned(16, number * size);
    return ptr != nullptr ? memset(ptr, 0, number * size) : nullptr;
}

void *zm_system_aligned(size_t alignment, size_t size) {
    EXPECT_GE(alignment, sizeof(void *));
    return Fake().Aligned(alignment, size);
}

void *zm_system_realloc(void *ptr, size_t size) {
    void *moved = Fake().Aligned(16, size);
    if (moved == nullptr) return nullptr;
    memcpy(moved, ptr, std::min(size, Fake().Size(ptr)));
    Fake().Free(ptr);
    return moved;
}

void zm_system_free(void *ptr) { Fake().Free(ptr); }

size_t zm_system_size(const void *ptr) { return Fake().Size(ptr); }

unsigned zm_system_mark(void) { return zmalloc_test::mark; }

void zm_system_set_mark(unsigned value) { zmalloc_test::mark = value; }

void zm_system_make_thread_memory(void) { AllocateInside(); }

void zm_system_call_at_end(void (*function)(void *)) {
    zmalloc_test::at_end = function;
    AllocateInside();
}

}  // extern "C"
