// Requests that cannot be met.
#include <csetjmp>
#include <csignal>

#include "gtest/gtest.h"
#include "tests/api/allocators.h"
#include "tests/support.h"

namespace zmalloc_test {
namespace {

using Sizes = std::vector<size_t>;

// No address space can give even the last size below the limit.
const size_t kTooMuch[] = {SIZE_MAX / 2 - 1, SIZE_MAX / 2,  SIZE_MAX / 2 + 1, PTRDIFF_MAX,
                           SIZE_MAX / 4 * 3, SIZE_MAX - 64, SIZE_MAX - 17,    SIZE_MAX - 16,
                           SIZE_MAX - 15,    SIZE_MAX - 8,  SIZE_MAX - 7,     SIZE_MAX - 1,
                           SIZE_MAX};

TEST_P(EachAllocator, TooMuchIsReportedOnce) {
    OomRecorder oom;
    const size_t before = zmalloc_used_memory();
    for (size_t size : kTooMuch) {
        size_t usable = 77;
        EXPECT_EQ(GetParam().allocate(Opaque(size), &usable), nullptr) << size;
        EXPECT_EQ(usable, 0u);
        EXPECT_EQ(oom.Take(), GetParam().tries ? Sizes() : Sizes{size});
        EXPECT_EQ(zmalloc_used_memory(), before);
    }
    // Afterwards it allocates as before.
    size_t usable;
    void *block = GetParam().allocate(100, &usable);
    EXPECT_NE(block, nullptr);
    zfree(block);
    EXPECT_TRUE(oom.Take().empty());
}

INSTANTIATE_TEST_SUITE_P(All, EachAllocator, testing::ValuesIn(Allocators()), AllocatorName);

TEST(Oom, OverflowingProducts) {
    OomRecorder oom;
    const size_t before = zmalloc_used_memory(), half = SIZE_MAX / 2 + 1;
    const std::pair<size_t, size_t> kProducts[] = {
        {SIZE_MAX, 2},
        {2, SIZE_MAX},
        {half, 2},
        {2, half},
        {SIZE_MAX, SIZE_MAX},
        {size_t{1} << 32, size_t{1} << 32},
        {SIZE_MAX / 3 + 1, 3},
        {SIZE_MAX / 16 + 2, 16},
    };
    for (auto [num, size] : kProducts) {
        EXPECT_EQ(ztrycalloc_num(Opaque(num), size), nullptr) << num << " " << size;
        EXPECT_TRUE(oom.Take().empty());
        EXPECT_EQ(zcalloc_num(Opaque(num), size), nullptr) << num << " " << size;
        EXPECT_EQ(oom.Take(), Sizes{SIZE_MAX});
    }
    EXPECT_EQ(zcalloc_num(Opaque(size_t{1} << 31), size_t{1} << 32), nullptr);
    EXPECT_EQ(oom.Take(), Sizes{size_t{1} << 63});
    EXPECT_EQ(zmalloc_used_memory(), before);
}

struct FailingRealloc {
    const char *name;
    void *(*resize)(void *ptr, size_t size, size_t *usable, size_t *old_usable);
    bool tries;
    bool tells;
};

const FailingRealloc kReallocs[] = {
    {"ztryrealloc", [](void *p, size_t n, size_t *, size_t *) { return ztryrealloc(p, n); }, true,
     false},
    {"ztryrealloc_usable", ztryrealloc_usable, true, true},
    {"zrealloc", [](void *p, size_t n, size_t *, size_t *) { return zrealloc(p, n); }, false,
     false},
    {"zrealloc_usable", zrealloc_usable, false, true},
    {"zrealloc_with_flags",
     [](void *p, size_t n, size_t *, size_t *) { return zrealloc_with_flags(p, n, 0); }, false,
     false},
    {"zrealloc_with_flags_align",
     [](void *p, size_t n, size_t *, size_t *) { return zrealloc_with_flags(p, n, LgAlign(6)); },
     false, false},
};

TEST(Oom, FailedReallocLeavesTheBlockAsItWas) {
    OomRecorder oom;
    const size_t before = zmalloc_used_memory();
    for (const FailingRealloc &realloc : kReallocs) {
        for (size_t size : {1, 16, 100, 5000, 300000}) {
            for (size_t too_much : kTooMuch) {
                SCOPED_TRACE(std::string(realloc.name) + " " + std::to_string(too_much));
                void *block = zmalloc(size);
                const size_t had = zmalloc_usable_size(block), used = zmalloc_used_memory();
                Pattern::Fill(block, had, size);
                size_t usable = 77, old_usable = 77;
                ASSERT_EQ(realloc.resize(block, Opaque(too_much), &usable, &old_usable), nullptr);
                ASSERT_EQ(oom.Take(), realloc.tries ? Sizes() : Sizes{too_much});
                if (realloc.tells) {
                    ASSERT_EQ(usable, 0u);
                    ASSERT_EQ(old_usable, had);
                }
                ASSERT_EQ(zmalloc_used_memory(), used);
                ASSERT_EQ(zmalloc_usable_size(block), had);
                ASSERT_TRUE(Pattern::Holds(block, had, size));
                zfree(block);
                ASSERT_EQ(zmalloc_used_memory(), before);
            }
        }
    }
}

TEST(Oom, FlagsWithAlignmentsBeyondTheAddressSpace) {
    if (kAddressSanitizer) GTEST_SKIP() << "AddressSanitizer adds the alignment to the size";
    if (Emulated()) GTEST_SKIP() << "after a mapping far too large, qemu grants none at all";
    OomRecorder oom;
    const size_t before = zmalloc_used_memory();
    for (int log : {48, 55, 60, 61, 62, 63}) {
        for (size_t size : {size_t{0}, size_t{1}, size_t{100000}, Opaque(SIZE_MAX / 2 - 1)}) {
            SCOPED_TRACE(testing::Message() << log << " " << size);
            EXPECT_EQ(zmalloc_with_flags(size, LgAlign(log)), nullptr);
            EXPECT_EQ(oom.Take(), Sizes{size});
            if (size == 0) continue;
            void *block = zmalloc(10);
            EXPECT_EQ(zrealloc_with_flags(block, size, LgAlign(log)), nullptr);
            EXPECT_EQ(oom.Take(), Sizes{size});
            zfree(block);
        }
    }
    EXPECT_EQ(zmalloc_used_memory(), before);
}

TEST(Oom, CacheAlignedReportsWhatWasAsked) {
    OomRecorder oom;
    for (size_t size : {SIZE_MAX / 2 - 1, SIZE_MAX / 2 - 60, SIZE_MAX - 3}) {
        EXPECT_EQ(zmalloc_cache_aligned(Opaque(size)), nullptr);
        EXPECT_EQ(oom.Take(), Sizes{size});
    }
}

std::jmp_buf escape;

TEST(Oom, HandlerMayLongjmp) {
    void *block = zmalloc(100);
    const size_t used = zmalloc_used_memory();
    for (const Allocator &allocator : Allocators()) {
        if (allocator.tries) continue;
        zmalloc_set_oom_handler([](size_t) { std::longjmp(escape, 1); });
        if (setjmp(escape) == 0) {
            size_t usable;
            allocator.allocate(Opaque(SIZE_MAX), &usable);
            ADD_FAILURE() << allocator.name << " came back";
        }
    }
    if (setjmp(escape) == 0) {
        (void)!zrealloc(block, Opaque(SIZE_MAX));
        ADD_FAILURE() << "zrealloc came back";
    }
    zmalloc_set_oom_handler(nullptr);
    EXPECT_EQ(zmalloc_used_memory(), used);
    zfree(zmalloc(100));
    zfree(block);
}

TEST(Oom, HandlerMayThrow) {
    struct OutOfMemory {
        size_t size;
    };
    const size_t used = zmalloc_used_memory();
    zmalloc_set_oom_handler([](size_t size) { throw OutOfMemory{size}; });
    try {
        (void)!zmalloc(Opaque(SIZE_MAX / 2));
        ADD_FAILURE() << "came back";
    } catch (const OutOfMemory &oom) {
        EXPECT_EQ(oom.size, SIZE_MAX / 2);
    }
    zmalloc_set_oom_handler(nullptr);
    EXPECT_EQ(zmalloc_used_memory(), used);
}

// A handler may free its reserve and allocate again.
TEST(Oom, HandlerMayAllocateAndFree) {
    static void *reserve;
    reserve = zmalloc(1000);
    const size_t used = zmalloc_used_memory(), counted = zmalloc_size(reserve);
    zmalloc_set_oom_handler([](size_t) {
        zfree(reserve);
        reserve = zmalloc(10);
    });
    EXPECT_EQ(zmalloc(Opaque(SIZE_MAX)), nullptr);
    zmalloc_set_oom_handler(nullptr);
    EXPECT_EQ(zmalloc_used_memory(), used - counted + zmalloc_size(reserve));
    zfree(reserve);
}

// The default handler prints a single line with the size, and aborts.
TEST(OomDeathTest, DefaultHandler) {
    if (!Emulated()) testing::FLAGS_gtest_death_test_style = "threadsafe";
    // qemu adds a line about the signal, for most CPUs.
    const std::string end = Emulated() ? "[^\n]*\n(qemu: [^\n]*\n)?" : "[^\n]*\n";
    EXPECT_EXIT((void)!zmalloc(Opaque(SIZE_MAX / 2)), testing::KilledBySignal(SIGABRT),
                testing::MatchesRegex("[^\n]*9223372036854775807" + end));
    EXPECT_EXIT(
        {
            zmalloc_set_oom_handler([](size_t) {});
            zmalloc_set_oom_handler(nullptr);
            (void)!zrealloc(zmalloc(1), Opaque(SIZE_MAX));
        },
        testing::KilledBySignal(SIGABRT),
        testing::MatchesRegex("[^\n]*18446744073709551615" + end));
}

}  // namespace
}  // namespace zmalloc_test
