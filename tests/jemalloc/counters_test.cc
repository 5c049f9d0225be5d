// thread.allocated and thread.deallocated stay exact to the byte, in whichever way blocks are
// allocated and freed.
#include <thread>

#include "tests/jemalloc/support.h"

namespace jemalloc_test {
namespace {

class Counters {
  public:
    Counters()
        : allocated_(Get<uint64_t *>("thread.allocatedp")),
          deallocated_(Get<uint64_t *>("thread.deallocatedp")),
          expected_allocated_(*allocated_),
          expected_deallocated_(*deallocated_) {}

    void Allocated(size_t usize) { expected_allocated_ += usize; }
    void Freed(size_t usize) { expected_deallocated_ += usize; }

    bool Agree() const {
        return *allocated_ == expected_allocated_ && *deallocated_ == expected_deallocated_;
    }
    std::string Difference() const {
        return "allocated " + std::to_string(*allocated_ - expected_allocated_) + ", deallocated " +
               std::to_string(*deallocated_ - expected_deallocated_) + " too many";
    }

  private:
    uint64_t *allocated_, *deallocated_;
    uint64_t expected_allocated_, expected_deallocated_;
};

enum Operation {
    kMalloc,
    kCalloc,
    kRealloc,
    kFree,
    kPlainMalloc,
    kPlainRealloc,
    kPlainFree,
    kLast
};

struct Model {
    Counters counters;
    Random random;
    std::vector<void *> blocks;

    void *Take() {
        std::swap(blocks[random.Below(blocks.size())], blocks.back());
        void *block = blocks.back();
        blocks.pop_back();
        return block;
    }

    void Keep(void *block, size_t usize) {
        ASSERT_NE(block, nullptr);
        ASSERT_EQ(usize, je_malloc_usable_size(block));
        counters.Allocated(usize);
        blocks.push_back(block);
    }

    void Do(int operation) {
        const size_t size = random.Size();
        size_t usize = 0, old_usize = 0;
        void *block;
        switch (operation) {
            case kMalloc:
                block = je_malloc_with_usize(size, &usize);
                Keep(block, usize);
                break;
            case kCalloc:
                block = je_calloc_with_usize(1 + random.Below(3), size / 3, &usize);
                Keep(block, usize);
                break;
            case kRealloc:
                if (blocks.empty()) return;
                block = je_realloc_with_usize(Take(), size + 1, &old_usize, &usize);
                counters.Freed(old_usize);
                Keep(block, usize);
                break;
            case kFree:
                if (blocks.empty()) return;
                je_free_with_usize(Take(), &usize);
                counters.Freed(usize);
                break;
            case kPlainMalloc:
                block = je_malloc(size);
                Keep(block, je_malloc_usable_size(block));
                break;
            case kPlainRealloc:
                if (blocks.empty()) return;
                block = Take();
                counters.Freed(je_malloc_usable_size(block));
                block = je_realloc(block, size + 1);
                Keep(block, je_malloc_usable_size(block));
                break;
            case kPlainFree:
                if (blocks.empty()) return;
                block = Take();
                counters.Freed(je_malloc_usable_size(block));
                je_free(block);
                break;
        }
        ASSERT_TRUE(counters.Agree())
            << counters.Difference() << " after operation " << operation << ", size " << size;
    }

    void Run(int operations) {
        for (int i = 0; i < operations && !testing::Test::HasFatalFailure(); i++) {
            // Allocates more than it frees, for a while; then the other way round.
            const bool grow = i / 1000 % 2 == 0;
            int operation = static_cast<int>(random.Below(kLast));
            if (random.Below(3) == 0) operation = grow ? kMalloc : kFree;
            Do(operation);
        }
        while (!blocks.empty() && !testing::Test::HasFatalFailure()) Do(kFree);
    }
};

constexpr int kOperations = 30000;

TEST(Counters, AgreeWithAModel) { Model{{}, Random(1), {}}.Run(kOperations); }

TEST(Counters, InThreads) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; i++) {
        threads.emplace_back([i] { Model{{}, Random(i + 2), {}}.Run(kOperations); });
    }
    for (std::thread &thread : threads) thread.join();
}

TEST(Counters, WithTheThreadsCacheOff) {
    std::thread([] {
        Set("thread.tcache.enabled", false);
        Model{{}, Random(7), {}}.Run(kOperations);
    }).join();
}

// Tests each path by itself, so that one cannot hide another's mistake.
TEST(Counters, EachOperationAtEachSize) {
    Counters counters;
    for (size_t size : SizesAroundClasses(size_t{1} << 20)) {
        for (int round = 0; round < 4; round++) {
            size_t usize = 0, old_usize = 0;
            void *block = je_malloc_with_usize(size, &usize);
            counters.Allocated(usize);
            ASSERT_TRUE(counters.Agree()) << counters.Difference() << ": malloc, " << size;
            for (size_t to : {size + 1, size + 1, size / 2 + 1, 2 * size + 1}) {
                block = je_realloc_with_usize(block, to, &old_usize, &usize);
                counters.Allocated(usize);
                counters.Freed(old_usize);
                ASSERT_TRUE(counters.Agree()) << counters.Difference() << ": realloc, " << to;
            }
            je_free_with_usize(block, &usize);
            counters.Freed(usize);
            ASSERT_TRUE(counters.Agree()) << counters.Difference() << ": free, " << size;
            block = je_calloc_with_usize(1, size, &usize);
            counters.Allocated(usize);
            ASSERT_TRUE(counters.Agree()) << counters.Difference() << ": calloc, " << size;
            je_free_with_usize(block, &usize);
            counters.Freed(usize);
            ASSERT_TRUE(counters.Agree()) << counters.Difference() << ": free, " << size;
        }
    }
}

TEST(Counters, WhatFailsIsNotCounted) {
    Counters counters;
    size_t usize, old_usize;
    void *block = je_malloc_with_usize(100, &usize);
    counters.Allocated(usize);
    EXPECT_EQ(je_malloc_with_usize(Opaque(SIZE_MAX), &usize), nullptr);
    EXPECT_EQ(je_calloc_with_usize(Opaque(SIZE_MAX), 2, &usize), nullptr);
    EXPECT_EQ(je_realloc_with_usize(block, Opaque(SIZE_MAX), &old_usize, &usize), nullptr);
    je_free_with_usize(nullptr, &usize);
    EXPECT_TRUE(counters.Agree()) << counters.Difference();
    je_free_with_usize(block, &usize);
    counters.Freed(usize);
    EXPECT_TRUE(counters.Agree()) << counters.Difference();
}

}  // namespace
}  // namespace jemalloc_test
