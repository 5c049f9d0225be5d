// What C, POSIX, glibc's manual and C++ promise of the allocation functions.  The program that runs
// it has zmalloc's malloc: linked (malloc = "//malloc"), or preloaded (preload_self.cc).
#include "tests/malloc/interface.h"

#include <malloc.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/emulated.h"

namespace {

constexpr size_t kHuge = static_cast<size_t>(PTRDIFF_MAX);
constexpr size_t kPage = 4096;

using zmalloc_test::FreeAlignedSized;
using zmalloc_test::FreeSized;
using zmalloc_test::OldFree;
using zmalloc_test::Opaque;

bool IsAligned(const void *ptr, size_t alignment) {
    return reinterpret_cast<uintptr_t>(ptr) % alignment == 0;
}

// Writes to all usable bytes, which the caller may use.
void Fill(void *ptr, int byte) { memset(ptr, byte, malloc_usable_size(ptr)); }

// Sizes around those at which allocators change what they do.
std::vector<size_t> Sizes() {
    std::vector<size_t> sizes = {0};
    for (size_t power = 1; power <= size_t{1} << 22; power *= 2) {
        for (size_t size : {power - 1, power, power + 1}) sizes.push_back(size);
    }
    for (size_t size = 1; size < 300; size++) sizes.push_back(size);
    return sizes;
}

TEST(Malloc, BlocksAreAlignedTo16AndDoNotOverlap) {
    std::vector<unsigned char *> blocks;
    const std::vector<size_t> sizes = Sizes();
    for (size_t i = 0; i < sizes.size(); i++) {
        auto *block = static_cast<unsigned char *>(malloc(sizes[i]));
        ASSERT_NE(block, nullptr);
        EXPECT_TRUE(IsAligned(block, 16)) << sizes[i];
        EXPECT_GE(malloc_usable_size(block), sizes[i]);
        Fill(block, static_cast<int>(i));
        blocks.push_back(block);
    }
    for (size_t i = 0; i < sizes.size(); i++) {
        for (size_t at : {size_t{0}, sizes[i] / 2, sizes[i] - (sizes[i] != 0)}) {
            if (sizes[i] == 0) continue;
            EXPECT_EQ(blocks[i][at], static_cast<unsigned char>(i)) << sizes[i];
        }
        free(blocks[i]);
    }
}

TEST(Malloc, ManyBlocksOfOneSizeAreAligned) {
    for (size_t size : {1, 8, 9, 16, 24, 40, 56, 72, 88, 104, 120, 200, 1000, 4000}) {
        std::vector<void *> blocks(500);
        for (void *&block : blocks) {
            block = malloc(size);
            ASSERT_TRUE(block != nullptr && IsAligned(block, 16)) << size;
        }
        for (void *block : blocks) free(block);
    }
}

TEST(Malloc, SizeZeroGivesABlockOfItsOwn) {
    std::set<void *> blocks;
    for (int i = 0; i < 100; i++) {
        blocks.insert(malloc(0));
        blocks.insert(calloc(0, 8));
        blocks.insert(calloc(8, 0));
        blocks.insert(realloc(nullptr, 0));
        blocks.insert(aligned_alloc(64, 0));
    }
    EXPECT_EQ(blocks.size(), 500U);
    EXPECT_EQ(blocks.count(nullptr), 0U);
    for (void *block : blocks) free(block);
}

template <class Call>
void ExpectNoMemory(Call call) {
    errno = 0;
    EXPECT_EQ(call(), nullptr);
    EXPECT_EQ(errno, ENOMEM);
}

TEST(Malloc, MoreThanPtrdiffMaxFails) {
    for (size_t size :
         {kHuge, kHuge + 1, SIZE_MAX - kPage, SIZE_MAX - 16, SIZE_MAX - 1, SIZE_MAX}) {
        size = Opaque(size);
        SCOPED_TRACE(size);
        ExpectNoMemory([=] { return malloc(size); });
        ExpectNoMemory([=] { return calloc(1, size); });
        ExpectNoMemory([=] { return calloc(size, 1); });
        ExpectNoMemory([=] { return realloc(nullptr, size); });
        ExpectNoMemory([=] { return aligned_alloc(64, size); });
        ExpectNoMemory([=] { return aligned_alloc(16, size); });
        ExpectNoMemory([=] { return memalign(kPage, size); });
        ExpectNoMemory([=] { return valloc(size); });
        ExpectNoMemory([=] { return pvalloc(size); });
        ExpectNoMemory([=] { return reallocarray(nullptr, size, 1); });
    }
}

TEST(Malloc, MoreThanTheMachineHasFails) {
    // Less than PTRDIFF_MAX, but more than any address space here.
    for (size_t size : {size_t{1} << 47, size_t{1} << 55, kHuge - kPage}) {
        size = Opaque(size);
        ExpectNoMemory([=] { return malloc(size); });
        ExpectNoMemory([=] { return calloc(size / 8, 8); });
        ExpectNoMemory([=] { return aligned_alloc(kPage, size); });
    }
}

TEST(Malloc, ProductsThatOverflowFail) {
    const size_t half = Opaque(SIZE_MAX / 2 + 2), root = Opaque(size_t{1} << 32);
    ExpectNoMemory([=] { return calloc(half, 2); });
    ExpectNoMemory([=] { return calloc(root, root); });
    ExpectNoMemory([=] { return reallocarray(nullptr, half, 2); });
    void *block = malloc(100);
    Fill(block, 7);
    ExpectNoMemory([=] { return reallocarray(Opaque(block), root, root + 1); });
    EXPECT_EQ(static_cast<char *>(block)[99], 7);
    free(block);
}

TEST(Malloc, CallocZeroesUsedMemory) {
    for (size_t size : {1, 24, 100, 1000, 5000, 40000, 300000, 5000000}) {
        for (int round = 0; round < 4; round++) {
            auto *block = static_cast<char *>(calloc(size, 1));
            ASSERT_NE(block, nullptr);
            EXPECT_TRUE(IsAligned(block, 16));
            EXPECT_EQ(std::string(block, size), std::string(size, '\0')) << size;
            Fill(block, 0xff);
            free(block);
        }
    }
}

TEST(Free, NullIsIgnored) {
    free(nullptr);
    OldFree(nullptr);
    FreeSized(nullptr, 0);
    FreeAlignedSized(nullptr, 16, 0);
    EXPECT_EQ(malloc_usable_size(nullptr), 0U);
}

TEST(Free, LeavesErrnoAsItIs) {
    for (size_t size : Sizes()) {
        void *block = malloc(size), *aligned_block = aligned_alloc(kPage, size);
        errno = 4711;
        free(block);
        free(aligned_block);
        ASSERT_EQ(errno, 4711) << size;
    }
}

// Locked memory cannot be given back by madvise(): errno would be EINVAL.
TEST(Free, LeavesErrnoAsItIsInLockedMemory) {
    if (mlockall(MCL_FUTURE) != 0) GTEST_SKIP() << "may not lock memory";
    for (int round = 0; round < 3; round++) {
        std::vector<void *> blocks(64);
        for (void *&block : blocks) block = malloc(200000);
        errno = 4711;
        for (void *block : blocks) free(block);
        EXPECT_EQ(errno, 4711);
    }
    munlockall();
}

TEST(Free, TakesSizes) {
    for (size_t size : Sizes()) {
        FreeSized(malloc(size), size);
        FreeSized(calloc(size, 1), size);
        FreeSized(realloc(malloc(1), size + 1), size + 1);
        for (size_t alignment : {8, 16, 64, 4096}) {
            FreeAlignedSized(aligned_alloc(alignment, size), alignment, size);
        }
    }
}

TEST(Realloc, KeepsTheContents) {
    for (size_t from : {1, 24, 100, 1000, 5000, 100000, 3000000}) {
        for (size_t to : {1, 24, 100, 1000, 5000, 100000, 3000000}) {
            auto *block = static_cast<unsigned char *>(malloc(from));
            for (size_t i = 0; i < from; i++) block[i] = static_cast<unsigned char>(i * 7);
            block = static_cast<unsigned char *>(realloc(block, to));
            ASSERT_NE(block, nullptr);
            EXPECT_TRUE(IsAligned(block, 16));
            EXPECT_GE(malloc_usable_size(block), to);
            for (size_t i = 0; i < from && i < to; i++) {
                ASSERT_EQ(block[i], static_cast<unsigned char>(i * 7)) << from << " " << to;
            }
            free(block);
        }
    }
}

// As glibc does; C23 leaves it undefined.
TEST(Realloc, SizeZeroFreesAndReturnsNull) {
    void *block = malloc(100);
    errno = 4711;
    EXPECT_EQ(realloc(block, Opaque(size_t{0})), nullptr);
    EXPECT_EQ(errno, 4711);
    EXPECT_EQ(reallocarray(malloc(100), Opaque(size_t{0}), 8), nullptr);
    EXPECT_EQ(reallocarray(malloc(100), 8, Opaque(size_t{0})), nullptr);
}

TEST(Realloc, AfterAFailureTheBlockIsAsBefore) {
    for (size_t size : {10, 1000, 100000, 10000000}) {
        auto *block = static_cast<char *>(malloc(size));
        memset(block, 3, size);
        for (size_t more : {kHuge - kPage, kHuge, SIZE_MAX}) {
            ExpectNoMemory([=] { return realloc(block, Opaque(more)); });
        }
        EXPECT_EQ(block[size - 1], 3);
        free(block);
    }
}

TEST(Realloc, TakesAlignedBlocks) {
    for (size_t alignment : {32, 64, 256, 4096, 65536}) {
        auto *block = static_cast<char *>(aligned_alloc(alignment, 100));
        memset(block, 5, 100);
        block = static_cast<char *>(realloc(block, 100000));
        EXPECT_TRUE(IsAligned(block, 16));
        EXPECT_EQ(block[99], 5);
        free(realloc(block, 10));
    }
}

TEST(Aligned, EachAlignmentAndSize) {
    for (size_t alignment = 1; alignment <= size_t{4} << 20; alignment *= 2) {
        for (size_t size : {0, 1, 7, 16, 24, 100, 1000, 4096, 5000, 70000}) {
            void *blocks[] = {aligned_alloc(alignment, size), memalign(alignment, size), nullptr};
            if (alignment >= sizeof(void *)) {
                EXPECT_EQ(posix_memalign(&blocks[2], alignment, size), 0);
                EXPECT_NE(blocks[2], nullptr);
            }
            for (void *block : blocks) {
                if (block == nullptr) continue;
                EXPECT_TRUE(IsAligned(block, alignment)) << alignment << " " << size;
                EXPECT_TRUE(IsAligned(block, 16));
                EXPECT_GE(malloc_usable_size(block), size);
                if (alignment < 65536) Fill(block, 1);
            }
            EXPECT_NE(blocks[0], blocks[1]);
            for (void *block : blocks) free(block);
        }
    }
}

TEST(Aligned, PosixMemalignReturnsTheError) {
    int place;
    void *const before = &place;
    void *block = before;
    errno = 4711;
    for (size_t alignment : {0, 1, 2, 4, 3, 24, 100}) {
        EXPECT_EQ(posix_memalign(&block, Opaque(alignment), 8), EINVAL) << alignment;
    }
    EXPECT_EQ(posix_memalign(&block, 64, Opaque(SIZE_MAX)), ENOMEM);
    EXPECT_EQ(posix_memalign(&block, 16, Opaque(SIZE_MAX)), ENOMEM);
    EXPECT_EQ(posix_memalign(&block, 64, Opaque(kHuge - kPage)), ENOMEM);
    EXPECT_EQ(block, before);
    EXPECT_EQ(errno, 4711);
}

TEST(Aligned, WrongAlignments) {
    for (size_t alignment : {0, 3, 24, 100}) {
        errno = 0;
        EXPECT_EQ(aligned_alloc(Opaque(alignment), 8), nullptr);
        EXPECT_EQ(errno, EINVAL);
    }
    // As in glibc, memalign() takes the next power of two.
    void *block = memalign(Opaque(100), 8);
    EXPECT_TRUE(block != nullptr && IsAligned(block, 128));
    free(block);
    free(memalign(Opaque(size_t{0}), 8));
    errno = 0;
    EXPECT_EQ(memalign(Opaque(SIZE_MAX), 8), nullptr);
    EXPECT_EQ(errno, EINVAL);
    ExpectNoMemory([] { return aligned_alloc(Opaque(size_t{1} << 62), 8); });
}

TEST(Aligned, Pages) {
    const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    for (size_t size : {size_t{0}, size_t{1}, page - 1, page, page + 1}) {
        void *block = valloc(size), *whole = pvalloc(size);
        EXPECT_TRUE(block != nullptr && IsAligned(block, page));
        EXPECT_TRUE(whole != nullptr && IsAligned(whole, page));
        EXPECT_GE(malloc_usable_size(whole), (size + page - 1) / page * page);
        Fill(whole, 1);
        free(block);
        free(whole);
    }
}

// ---- C++ -----------------------------------------------------------------------------------

struct alignas(128) Aligned128 {
    char bytes[200];
};

TEST(Operators, EachForm) {
    const auto align = static_cast<std::align_val_t>(256);
    for (size_t size : {0, 1, 8, 24, 100, 5000, 100000}) {
        void *plain = ::operator new(size), *array = ::operator new[](size);
        void *quiet = ::operator new(size, std::nothrow);
        void *aligned = ::operator new(size, align);
        void *quietly_aligned = ::operator new[](size, align, std::nothrow);
        for (void *block : {plain, array, quiet, aligned, quietly_aligned}) {
            ASSERT_TRUE(block != nullptr && IsAligned(block, 16));
            EXPECT_GE(malloc_usable_size(block), size);  // it is malloc's
        }
        EXPECT_TRUE(IsAligned(aligned, 256) && IsAligned(quietly_aligned, 256));
        ::operator delete(plain, size);
        ::operator delete[](array, size);
        ::operator delete(quiet, std::nothrow);
        ::operator delete(aligned, size, align);
        ::operator delete[](quietly_aligned, align, std::nothrow);
        ::operator delete(::operator new(size));
        ::operator delete[](::operator new[](size));
        ::operator delete[](::operator new[](size, std::nothrow), std::nothrow);
        ::operator delete(::operator new(size, align), align);
        ::operator delete[](::operator new[](size, align), align);
        ::operator delete[](::operator new[](size, align), size, align);
        ::operator delete(::operator new(size, align, std::nothrow), align, std::nothrow);
    }
    ::operator delete(nullptr);
    ::operator delete (nullptr, size_t{8});
    delete new Aligned128;
    delete[] new Aligned128[3];
}

TEST(Operators, AndMallocShareTheirBlocks) {
    free(::operator new(100));
    ::operator delete(malloc(100));
    free(::operator new(100, static_cast<std::align_val_t>(64)));
}

TEST(Operators, ThrowWhenThereIsNoMemory) {
    const auto align = static_cast<std::align_val_t>(64);
    const size_t size = Opaque(kHuge - kPage);
    EXPECT_THROW((void)::operator new(size), std::bad_alloc);
    EXPECT_THROW((void)::operator new[](size), std::bad_alloc);
    EXPECT_THROW((void)::operator new(size, align), std::bad_alloc);
    EXPECT_THROW((void)::operator new[](size, align), std::bad_alloc);
    EXPECT_EQ(::operator new(size, std::nothrow), nullptr);
    EXPECT_EQ(::operator new[](size, std::nothrow), nullptr);
    EXPECT_EQ(::operator new(size, align, std::nothrow), nullptr);
}

int handler_calls;

void HandlerThatGivesUp() {
    if (++handler_calls == 3) std::set_new_handler(nullptr);
}

void HandlerThatThrows() {
    handler_calls++;
    throw std::bad_alloc();
}

TEST(Operators, CallTheNewHandler) {
    const size_t size = Opaque(kHuge - kPage);
    handler_calls = 0;
    std::set_new_handler(HandlerThatGivesUp);
    EXPECT_THROW((void)::operator new(size), std::bad_alloc);
    EXPECT_EQ(handler_calls, 3);
    std::set_new_handler(HandlerThatThrows);
    EXPECT_EQ(::operator new(size, std::nothrow), nullptr);
    EXPECT_EQ(::operator new(size, static_cast<std::align_val_t>(64), std::nothrow), nullptr);
    EXPECT_EQ(handler_calls, 5);
    std::set_new_handler(nullptr);
}

// ---- Exhaustion ----------------------------------------------------------------------------

// In a child, because the limit stays in force; it tells by its exit status what was wrong.
int ExhaustMemory() {
    const rlimit limit = {size_t{1} << 30, size_t{1} << 30};
    if (setrlimit(RLIMIT_AS, &limit) != 0) return 1;
    // tcmalloc ends the program when there is no memory for its own data (docs/malloc.md).
    const bool small = std::string(getenv("ZMALLOC_VARIANT")).rfind("tcmalloc", 0) != 0;
    for (size_t size : {size_t{64} << 20, size_t{1} << 20, size_t{10000}, size_t{100}}) {
        if (size < size_t{1} << 20 && !small) continue;
        void *last = nullptr;
        errno = 0;
        while (void **block = static_cast<void **>(malloc(size))) {
            *block = last;
            last = block;
        }
        if (errno != ENOMEM) return 2;
        errno = 0;
        if (realloc(last, size_t{2} << 30) != nullptr || errno != ENOMEM) return 3;
        if (::operator new (size_t{512} << 20, std::nothrow) != nullptr) return 4;
        while (last != nullptr) {
            void *next = *static_cast<void **>(last);
            free(last);
            last = next;
        }
        // What was freed can be had again.
        void *again = malloc(size);
        if (again == nullptr) return 5;
        free(again);
    }
    return 0;
}

TEST(Exhaustion, ReturnsNullAndGoesOn) {
    if (zmalloc_test::Emulated()) GTEST_SKIP() << "limits do not bind the emulator";
    EXPECT_EQ(zmalloc_test::StatusOfChild([] { _exit(ExhaustMemory()); }), 0);
}

}  // namespace
