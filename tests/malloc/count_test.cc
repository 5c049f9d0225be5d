// A program whose malloc is zmalloc's: what all of it uses is counted, sampled and guarded.
#include <dlfcn.h>
#include <malloc.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <map>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "tests/malloc/interface.h"
#include "tests/support.h"

namespace {

using zmalloc_test::FreeAlignedSized;
using zmalloc_test::FreeSized;
using zmalloc_test::Opaque;
using zmalloc_test::StatusOfChild;
using zmalloc_test::Variant;

// What the call adds to used memory.
template <class Call>
int64_t Change(Call call) {
    const auto before = static_cast<int64_t>(zmalloc_used_memory());
    call();
    return static_cast<int64_t>(zmalloc_used_memory()) - before;
}

// Each way to allocate and to free.
struct Way {
    const char *name;
    void *(*allocate)(size_t size);
    void (*release)(void *ptr, size_t size);
};

const auto kAlign = static_cast<std::align_val_t>(64);

void Free(void *ptr, size_t) { free(ptr); }

const Way kWays[] = {
    {"malloc", [](size_t size) { return malloc(size); }, Free},
    {"calloc", [](size_t size) { return calloc(size, 1); }, Free},
    {"realloc", [](size_t size) { return realloc(nullptr, size); }, Free},
    {"realloc grown", [](size_t size) { return realloc(malloc(size / 3 + 1), size + 1); }, Free},
    {"realloc shrunk", [](size_t size) { return realloc(malloc(3 * size + 10), size + 1); }, Free},
    {"realloc to 0", [](size_t size) { return realloc(malloc(size), 0); }, Free},
    {"reallocarray", [](size_t size) { return reallocarray(nullptr, size, 1); }, Free},
    {"aligned_alloc", [](size_t size) { return aligned_alloc(256, size); }, Free},
    {"posix_memalign",
     [](size_t size) {
         void *ptr;
         return posix_memalign(&ptr, 8, size) == 0 ? ptr : nullptr;
     },
     Free},
    {"memalign", [](size_t size) { return memalign(4096, size); }, Free},
    {"valloc", [](size_t size) { return valloc(size); }, Free},
    {"pvalloc", [](size_t size) { return pvalloc(size); }, Free},
    {"free_sized", [](size_t size) { return malloc(size); }, FreeSized},
    {"free_aligned_sized", [](size_t size) { return aligned_alloc(128, size); },
     [](void *ptr, size_t size) { FreeAlignedSized(ptr, 128, size); }},
    {"new", [](size_t size) { return ::operator new(size); },
     [](void *ptr, size_t) { ::operator delete(ptr); }},
    {"new[], sized delete[]", [](size_t size) { return ::operator new[](size); },
     [](void *ptr, size_t size) { ::operator delete[](ptr, size); }},
    {"new, nothrow", [](size_t size) { return ::operator new(size, std::nothrow); },
     [](void *ptr, size_t) { ::operator delete(ptr, std::nothrow); }},
    {"new, aligned", [](size_t size) { return ::operator new(size, kAlign); },
     [](void *ptr, size_t size) { ::operator delete(ptr, size, kAlign); }},
    {"zmalloc, free", [](size_t size) { return ztrymalloc(size); }, Free},
    {"malloc, zfree", [](size_t size) { return malloc(size); },
     [](void *ptr, size_t) { zfree(ptr); }},
    {"strdup", [](size_t size) -> void * { return strdup(std::string(size, 'x').c_str()); }, Free},
};

TEST(Count, EachWayCountsTheUsableSize) {
    for (const Way &way : kWays) {
        for (size_t size : {0, 1, 8, 24, 100, 1000, 5000, 40000, 300000, 3000000}) {
            SCOPED_TRACE(std::string(way.name) + " " + std::to_string(size));
            void *ptr = nullptr;
            const int64_t all = Change([&] {
                const int64_t more = Change([&] { ptr = way.allocate(size); });
                EXPECT_EQ(more, static_cast<int64_t>(zmalloc_size(ptr)));
                EXPECT_TRUE(ptr == nullptr || malloc_usable_size(ptr) >= size);
                way.release(ptr, size);
            });
            EXPECT_EQ(all, 0);
        }
    }
}

TEST(Count, FailuresCountNothing) {
    size_t size = SIZE_MAX / 2 - 5000;
    __asm__ volatile("" : "+r"(size));
    void *block = malloc(100);
    // libc++ keeps a block after a thread's first exception, also if new has caught it itself.
    EXPECT_EQ(::operator new(size, std::nothrow), nullptr);
    EXPECT_EQ(Change([&] {
                  EXPECT_EQ(malloc(size), nullptr);
                  EXPECT_EQ(calloc(size, 1), nullptr);
                  EXPECT_EQ(realloc(block, size), nullptr);
                  EXPECT_EQ(aligned_alloc(64, size), nullptr);
                  EXPECT_EQ(::operator new(size, std::nothrow), nullptr);
              }),
              0);
    free(block);
}

// Only zmalloc's own functions call it.
TEST(Count, TheOutOfMemoryHandlerIsNotCalled) {
    static int calls;
    zmalloc_set_oom_handler([](size_t) { calls++; });
    size_t size = SIZE_MAX / 2 - 5000;
    __asm__ volatile("" : "+r"(size));
    EXPECT_EQ(malloc(size), nullptr);
    EXPECT_EQ(calloc(1, size), nullptr);
    EXPECT_EQ(realloc(nullptr, size), nullptr);
    EXPECT_EQ(aligned_alloc(64, size), nullptr);
    EXPECT_EQ(::operator new(size, std::nothrow), nullptr);
    EXPECT_EQ(calls, 0);
    EXPECT_EQ(zmalloc(size), nullptr);
    EXPECT_EQ(calls, 1);
    zmalloc_set_oom_handler(nullptr);
}

TEST(Count, ContainersAndThreadsLeaveNothing) {
    auto run = [] {
        std::vector<std::thread> threads;
        for (int t = 0; t < 8; t++) {
            threads.emplace_back([t] {
                std::map<int, std::string> map;
                for (int i = 0; i < 5000; i++) map[i * t % 977] += std::string(i % 50, 'x');
            });
        }
        for (std::thread &thread : threads) thread.join();
    };
    run();  // glibc keeps some stacks of threads that ended, and what belongs to them
    EXPECT_EQ(Change(run), 0);
}

TEST(Count, GrowsByWhatTheLibcAllocates) {
    char *text = nullptr;
    EXPECT_GE(Change([&] { EXPECT_GT(asprintf(&text, "%0100000d", 7), 0); }), 100000);
    free(text);
    EXPECT_GE(zmalloc_peak_memory(), 100000U);
}

// ZMALLOC_GUARD_SAMPLE is in the environment of this test's second run (count_sampled_test).
// The write is in a guard page.
TEST(Sampling, FindsAWritePastABlockOfMalloc) {
    if (getenv("ZMALLOC_GUARD_SAMPLE") == nullptr)
        GTEST_SKIP() << "ZMALLOC_GUARD_SAMPLE is not set";
    EXPECT_EQ(StatusOfChild([] {
                  for (int i = 0; i < 100; i++) {
                      auto *block = static_cast<volatile char *>(malloc(64));
                      block[malloc_usable_size(const_cast<char *>(block)) + 16] = 1;
                      free(const_cast<char *>(block));
                  }
              }),
              128 + SIGSEGV);
}

TEST(Guard, FindsBugsOfMalloc) {
    if (!Variant().guarded) GTEST_SKIP() << "without --guard";
    void *block = Opaque(malloc(24));
    EXPECT_EQ(malloc_usable_size(block), 24U);
    EXPECT_EQ(StatusOfChild([block] { free(static_cast<char *>(block) + 8); }), 128 + SIGABRT);
    EXPECT_EQ(StatusOfChild([block] {
                  static_cast<volatile char *>(block)[24] = 1;
                  free(block);
              }),
              128 + SIGABRT);
    EXPECT_EQ(StatusOfChild([block] { FreeSized(block, 25); }), 128 + SIGABRT);
    EXPECT_EQ(StatusOfChild([block] { ::operator delete (block, size_t{8}); }), 128 + SIGABRT);
    FreeSized(block, 24);
}

// Resizes and frees what its parent has, and does the same with blocks of its own.
bool UsesAndFrees(std::vector<void *> *inherited) {
    const size_t dirty = zmalloc_get_private_dirty(-1);
    for (void *&block : *inherited) {
        const auto counted = static_cast<int64_t>(zmalloc_size(block));
        CHILD_CHECK(Change([&] { free(block); }) == -counted);
        block = nullptr;
    }
    for (size_t i = 0; i < 100000; i++) {
        const Way &way = kWays[i % std::size(kWays)];
        const size_t size = i % 3000;
        CHILD_CHECK(Change([&] { way.release(way.allocate(size), size); }) == 0);
    }
    const size_t most = size_t{Variant().guarded ? 64u : 8u} << 20;
    CHILD_CHECK(zmalloc_get_private_dirty(-1) - dirty < most);
    return true;
}

// It is the last test: its blocks take all guard pages.
TEST(ForkChild, UsesAndFrees) {
    std::vector<void *> blocks(20000);
    for (size_t i = 0; i < blocks.size(); i++) blocks[i] = malloc(i % 1000);
    EXPECT_EQ(StatusOfChild([&] {
                  zmalloc_fork_child();
                  for (size_t i = 0; i < blocks.size(); i += 3) {
                      blocks[i] = realloc(blocks[i], i % 1500 + 1);
                  }
                  _exit(UsesAndFrees(&blocks) ? 0 : 1);
              }),
              0);
    for (void *block : blocks) free(block);
}

}  // namespace
