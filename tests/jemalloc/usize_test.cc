// *_with_usize against je_malloc_usable_size, one thread at a time.
#include <cerrno>
#include <thread>

#include "tests/jemalloc/support.h"

#if !defined(JEMALLOC_ALLOC_WITH_USIZE) || !defined(JEMALLOC_FRAG_HINT)
#error "the macros that say the extension is there"
#endif

namespace jemalloc_test {
namespace {

constexpr size_t kLargest = size_t{8} << 20;
constexpr size_t kUnset = 0xdead;

void Free(void *ptr) {
    const size_t expected = je_malloc_usable_size(ptr);
    size_t usize = kUnset;
    je_free_with_usize(ptr, &usize);
    EXPECT_EQ(usize, expected);
}

void *Malloc(size_t size) {
    size_t usize = kUnset;
    void *ptr = je_malloc_with_usize(size, &usize);
    EXPECT_NE(ptr, nullptr) << size;
    EXPECT_EQ(usize, je_malloc_usable_size(ptr)) << size;
    EXPECT_GE(usize, size);
    return ptr;
}

void *Calloc(size_t num, size_t size) {
    size_t usize = kUnset;
    void *ptr = je_calloc_with_usize(num, size, &usize);
    EXPECT_NE(ptr, nullptr) << num << " * " << size;
    EXPECT_EQ(usize, je_malloc_usable_size(ptr)) << num << " * " << size;
    EXPECT_TRUE(AllZero(ptr, usize)) << num << " * " << size;
    return ptr;
}

void *Realloc(void *ptr, size_t size) {
    const size_t expected = je_malloc_usable_size(ptr);
    size_t old_usize = kUnset, new_usize = kUnset;
    void *result = je_realloc_with_usize(ptr, size, &old_usize, &new_usize);
    EXPECT_EQ(old_usize, expected) << size;
    EXPECT_EQ(new_usize, je_malloc_usable_size(result)) << size;
    EXPECT_EQ(new_usize, je_nallocx(size, 0)) << size;
    return result;
}

// The first blocks may miss the thread cache; in the next rounds they hit it.
void AllSizes() {
    for (size_t size : SizesAroundClasses(kLargest)) {
        const bool cached = size < 100000;
        std::vector<void *> blocks(cached ? 3 : 1);
        for (int round = 0; round < (cached ? 3 : 1); round++) {
            for (void *&block : blocks) {
                block = Malloc(size);
                std::memset(block, 0xa5, je_malloc_usable_size(block));
            }
            for (void *block : blocks) Free(block);
            for (void *&block : blocks) block = Calloc(1, size);
            for (void *block : blocks) Free(block);
        }
    }
}

TEST(Usize, EverySizeClassAndItsNeighbours) { AllSizes(); }

TEST(Usize, InAFreshThread) { std::thread(AllSizes).join(); }

TEST(Usize, FirstCallOfAThread) {
    for (size_t size : {size_t{0}, size_t{64}, size_t{4097}, size_t{1} << 20}) {
        std::thread([size] { Free(Malloc(size)); }).join();
        std::thread([size] { Free(Calloc(1, size)); }).join();
        std::thread([size] { Free(Realloc(Malloc(64), size + 1)); }).join();
        void *block = Malloc(size);
        std::thread([block] { Free(block); }).join();
    }
}

TEST(Usize, WithTheThreadsCacheOff) {
    std::thread([] {
        AllSizes();
        Set("thread.tcache.enabled", false);
        AllSizes();
        Set("thread.tcache.enabled", true);
        AllSizes();
    }).join();
}

TEST(Usize, OfBlocksFromElsewhere) {
    for (size_t alignment = 8; alignment <= 65536; alignment *= 2) {
        for (size_t size : {size_t{1}, size_t{100}, size_t{4096}, size_t{14336}, size_t{100000}}) {
            for (int flags : {0, MALLOCX_TCACHE_NONE}) {
                const int how = flags | MALLOCX_ALIGN(alignment);
                Free(je_mallocx(size, how));
                void *block = je_mallocx(size, how);
                std::memset(block, 0x5a, size);
                block = Realloc(block, size + 1);
                for (size_t i = 0; i < size; i++) ASSERT_EQ(static_cast<char *>(block)[i], 0x5a);
                Free(block);
            }
        }
    }
}

bool AllBytesAre(const void *block, size_t size, unsigned char byte) {
    const volatile unsigned char *bytes = static_cast<const volatile unsigned char *>(block);
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != byte) return false;
    }
    return true;
}

// Our functions, too, fill blocks when the options tell jemalloc to.
TEST(Usize, BlocksAreFilledAsTheOptionsSay) {
    const bool junk = std::string("true") == Get<const char *>("opt.junk");
    const bool zero = Get<bool>("opt.zero");
    if (!junk && !zero) GTEST_SKIP() << "see the tests with the suffixes .junk and .zero";
    for (size_t size : {size_t{16}, size_t{64}, size_t{4096}, size_t{8192}, size_t{14336}}) {
        for (int round = 0; round < 3; round++) {
            void *block = Malloc(size);
            EXPECT_TRUE(AllBytesAre(block, size, junk ? 0xa5 : 0)) << size;
            std::memset(block, 1, size);
            size_t usize, old_usize;
            block = je_realloc_with_usize(block, 2 * size, &old_usize, &usize);
            EXPECT_TRUE(AllBytesAre(block, size, 1)) << size;
            EXPECT_TRUE(AllBytesAre(static_cast<char *>(block) + old_usize, usize - old_usize,
                                    junk ? 0xa5 : 0))
                << size;
            Free(block);
            // Small blocks stay readable, in their slab.
            EXPECT_TRUE(!junk || usize > 14336 || AllBytesAre(block, usize, 0x5a)) << size;
        }
    }
}

TEST(Usize, FreeOfNull) {
    size_t usize = kUnset;
    je_free_with_usize(nullptr, &usize);
    EXPECT_EQ(usize, 0u);
}

TEST(Usize, SizesThatFail) {
    const size_t above = LargeClasses().back() + 1;
    for (size_t size : {above, size_t{PTRDIFF_MAX}, SIZE_MAX / 2 + 1, SIZE_MAX}) {
        size_t usize = kUnset, old_usize = kUnset;
        errno = 0;
        EXPECT_EQ(je_malloc_with_usize(Opaque(size), &usize), nullptr);
        EXPECT_EQ(usize, 0u);
        EXPECT_EQ(errno, ENOMEM);

        usize = kUnset;
        errno = 0;
        EXPECT_EQ(je_calloc_with_usize(Opaque(size), 1, &usize), nullptr);
        EXPECT_EQ(usize, 0u);
        EXPECT_EQ(errno, ENOMEM);

        usize = kUnset;
        EXPECT_EQ(je_realloc_with_usize(nullptr, Opaque(size), &old_usize, &usize), nullptr);
        EXPECT_EQ(old_usize, 0u);
        EXPECT_EQ(usize, 0u);
    }
}

TEST(Usize, ProductsThatOverflow) {
    const size_t half = SIZE_MAX / 2 + 1, root = size_t{1} << 32;
    const std::pair<size_t, size_t> products[] = {
        {half, 2}, {2, half}, {root, root}, {root + 1, root}, {SIZE_MAX, SIZE_MAX}, {SIZE_MAX, 2}};
    for (auto [num, size] : products) {
        size_t usize = kUnset;
        errno = 0;
        EXPECT_EQ(je_calloc_with_usize(Opaque(num), size, &usize), nullptr) << num << ' ' << size;
        EXPECT_EQ(usize, 0u);
        EXPECT_EQ(errno, ENOMEM);
    }
}

TEST(Usize, ProductsThatAreZero) {
    Free(Calloc(0, 0));
    Free(Calloc(0, SIZE_MAX));
    Free(Calloc(SIZE_MAX, 0));
}

TEST(Usize, ProductsOfTwo) {
    for (size_t num : {1, 3, 8, 100}) {
        for (size_t size : {1, 7, 64, 4096}) {
            void *dirty = Malloc(num * size);
            std::memset(dirty, 0xff, je_malloc_usable_size(dirty));
            Free(dirty);
            Free(Calloc(num, size));
        }
    }
}

// Resizes between all pairs of sizes: the contents that both can hold stay.
void AllReallocs() {
    const std::vector<size_t> sizes{1,     8,     9,     64,     80,      81,
                                    320,   321,   4095,  4096,   4097,    5120,
                                    14336, 14337, 40000, 300000, 1 << 20, 4 << 20};
    for (size_t from : sizes) {
        for (size_t to : sizes) {
            for (int round = 0; round < 2; round++) {
                char *block = static_cast<char *>(Malloc(from));
                const size_t kept = from < to ? from : to;
                std::memset(block, 0x77, from);
                block[0] = 1;
                block[kept - 1] = 2;
                block = static_cast<char *>(Realloc(block, to));
                ASSERT_NE(block, nullptr);
                EXPECT_EQ(block[kept - 1], 2) << from << " to " << to;
                EXPECT_EQ(block[0], kept > 1 ? 1 : 2) << from << " to " << to;
                for (size_t i = 1; i + 1 < kept; i += 61) ASSERT_EQ(block[i], 0x77);
                Free(block);
            }
        }
    }
}

TEST(Usize, ReallocKeepsContents) { AllReallocs(); }

TEST(Usize, ReallocWithTheThreadsCacheOff) {
    std::thread([] {
        Set("thread.tcache.enabled", false);
        AllReallocs();
    }).join();
}

TEST(Usize, ReallocInTheSameClassStays) {
    for (size_t size : SmallClasses()) {
        void *block = Malloc(size);
        EXPECT_EQ(Realloc(block, size), block);
        EXPECT_EQ(Realloc(block, size - 1), block);
        Free(block);
    }
}

TEST(Usize, ReallocOfNull) {
    for (size_t size : {size_t{1}, size_t{64}, size_t{5000}, size_t{1} << 20}) {
        Free(Realloc(nullptr, size));
    }
    size_t old_usize = kUnset, new_usize = kUnset;
    void *block = je_realloc_with_usize(nullptr, 0, &old_usize, &new_usize);
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(old_usize, 0u);
    EXPECT_EQ(new_usize, je_malloc_usable_size(block));
    Free(block);
}

TEST(Usize, ReallocToNothing) {
    const bool frees = std::string("free") == Get<const char *>("opt.zero_realloc");
    for (size_t size : {size_t{64}, size_t{5000}, size_t{1} << 20}) {
        void *block = Malloc(size);
        const size_t expected = je_malloc_usable_size(block);
        size_t old_usize = kUnset, new_usize = kUnset;
        void *result = je_realloc_with_usize(block, Opaque(0), &old_usize, &new_usize);
        EXPECT_EQ(old_usize, expected);
        EXPECT_EQ(result == nullptr, frees);
        EXPECT_EQ(new_usize, je_malloc_usable_size(result));
        Free(result);
    }
}

TEST(Usize, FailingReallocLeavesTheBlock) {
    const size_t above = LargeClasses().back() + 1;
    for (size_t size : {size_t{64}, size_t{5000}, size_t{1} << 20}) {
        for (size_t wanted : {above, size_t{PTRDIFF_MAX}, SIZE_MAX}) {
            char *block = static_cast<char *>(Malloc(size));
            std::memset(block, 0x33, size);
            size_t old_usize = kUnset, new_usize = kUnset;
            EXPECT_EQ(je_realloc_with_usize(block, Opaque(wanted), &old_usize, &new_usize),
                      nullptr);
            EXPECT_EQ(old_usize, je_malloc_usable_size(block));
            EXPECT_EQ(new_usize, 0u);
            for (size_t i = 0; i < size; i++) ASSERT_EQ(block[i], 0x33);
            Free(block);
        }
    }
}

}  // namespace
}  // namespace jemalloc_test
