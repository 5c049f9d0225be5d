// Call stacks by frame pointers: real ones, as this file is compiled with frame pointers, and
// made-up frames.
#include <sys/mman.h>

#include <cstdint>
#include <vector>

#include "gtest/gtest.h"
#include "zmalloc/os/os.h"

namespace {

constexpr unsigned kMost = 64;

struct Walk {
    std::vector<const void *> frames;
    bool is_whole;
};

Walk WalkFrom(const void *first, unsigned most = kMost) {
    Walk walk;
    walk.frames.resize(most);
    walk.frames.resize(zm_os_frames(first, walk.frames.data(), most, &walk.is_whole));
    return walk;
}

// Each level notes where it returns to.
__attribute__((noinline)) Walk Recurse(int levels, std::vector<const void *> *returns) {
    returns->push_back(__builtin_extract_return_addr(__builtin_return_address(0)));
    Walk walk = levels > 0 ? Recurse(levels - 1, returns) : WalkFrom(__builtin_frame_address(0));
    __asm__ volatile("" ::: "memory");  // the call above is not the last thing that it does
    return walk;
}

TEST(Frames, AreThoseOfTheCallers) {
    for (int levels = 0; levels < 30; levels++) {
        std::vector<const void *> returns;
        const Walk walk = Recurse(levels, &returns);
        ASSERT_GE(walk.frames.size(), returns.size());
        for (size_t i = 0; i < returns.size(); i++) {
            EXPECT_EQ(walk.frames[i], returns[returns.size() - 1 - i]) << i << " of " << levels;
        }
    }
}

TEST(Frames, AreNoMoreThanThereIsRoomFor) {
    std::vector<const void *> returns;
    Recurse(10, &returns);
    for (unsigned most = 1; most < 5; most++) {
        EXPECT_EQ(WalkFrom(__builtin_frame_address(0), most).frames.size(), most);
    }
}

// Frames in memory of its own, which ends with pages that are not mapped.
class MadeUpFrames : public testing::Test {
  protected:
    struct Record {
        uintptr_t above, return_address;
    };
    static constexpr size_t kPages = 40;

    void SetUp() override {
        page_ = zm_os_page_size();
        memory_ = static_cast<char *>(mmap(nullptr, kPages * page_, PROT_READ | PROT_WRITE,
                                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        ASSERT_NE(memory_, MAP_FAILED);
        ASSERT_EQ(munmap(memory_ + kPages / 2 * page_, kPages / 2 * page_), 0);
    }
    void TearDown() override { munmap(memory_, kPages / 2 * page_); }

    // A frame's address, as a frame pointer holds it.
    uintptr_t Frame(size_t offset) const {
        const uintptr_t at = reinterpret_cast<uintptr_t>(memory_) + offset;
#if defined(__riscv)
        return at + sizeof(Record);
#else
        return at;
#endif
    }
    void Put(size_t offset, uintptr_t above, uintptr_t return_address) {
        *reinterpret_cast<Record *>(memory_ + offset) = {above, return_address};
    }
    size_t Count() const { return WalkFrom(reinterpret_cast<void *>(Frame(0))).frames.size(); }

    size_t page_;
    char *memory_;
};

TEST_F(MadeUpFrames, EndWhereNoneIsAbove) {
    Put(0, Frame(64), 0x1000);
    Put(64, Frame(page_ + 160), 0x2000);
    Put(page_ + 160, 0, 0x3000);
    const Walk walk = WalkFrom(reinterpret_cast<void *>(Frame(0)));
    ASSERT_EQ(walk.frames.size(), 3U);
    EXPECT_EQ(walk.frames[2], reinterpret_cast<void *>(0x3000));
    EXPECT_TRUE(walk.is_whole);
}

TEST_F(MadeUpFrames, EndBeforeWhatCannotBeAFrame) {
    const size_t half = kPages / 2 * page_;
    const uintptr_t kNone[] = {Frame(0),
                               Frame(64),
                               Frame(64) - 16,
                               Frame(72),
                               Frame(half),
                               Frame(half + page_),
                               Frame(kPages * page_ + 64),
                               UINTPTR_MAX - 15,
                               UINTPTR_MAX,
                               1,
                               Frame(64) + (uintptr_t{1} << 20)};
    for (const uintptr_t none : kNone) {
        Put(0, Frame(64), 0x1000);
        Put(64, none, 0x2000);
        const Walk walk = WalkFrom(reinterpret_cast<void *>(Frame(0)));
        EXPECT_EQ(walk.frames.size(), 2U) << std::hex << none;
        EXPECT_FALSE(walk.is_whole);
    }
}

// The last record of the last mapped page is read, one that would reach beyond it is not.
TEST_F(MadeUpFrames, AtTheEndOfWhatIsMapped) {
    const size_t half = kPages / 2 * page_, near = half - 40000 / page_ * page_ - 64;
    for (size_t from = near; from + 80 < half; from += 4096 - 16) {
        Put(from, Frame(half - 16), 0x2000);
        Put(half - 16, 0, 0x3000);
        EXPECT_EQ(WalkFrom(reinterpret_cast<void *>(Frame(from))).frames.size(), 2U);
    }
}

TEST_F(MadeUpFrames, WithoutAReturnAddressAreNone) {
    Put(0, Frame(64), 0);
    EXPECT_EQ(Count(), 0U);
}

TEST_F(MadeUpFrames, HoldTheReturnAddress) {
    Put(64, 0, 0x4000);
    const uintptr_t place = zm_os_return_place(reinterpret_cast<void *>(Frame(64)));
    EXPECT_EQ(zm_os_return_at(place), reinterpret_cast<void *>(0x4000));
}

// As the pages that separate threads' stacks.
TEST_F(MadeUpFrames, EndBeforeMemoryThatCannotBeRead) {
    Put(0, Frame(page_), 0x1000);
    Put(page_, 0, 0x2000);
    EXPECT_EQ(Count(), 2U);
    ASSERT_EQ(mprotect(memory_ + page_, page_, PROT_NONE), 0);
    EXPECT_EQ(Count(), 1U);
    const uintptr_t first = reinterpret_cast<uintptr_t>(memory_);
    EXPECT_TRUE(zm_os_stack_goes_on(first, first + page_ - 8));
    EXPECT_FALSE(zm_os_stack_goes_on(first, first + page_));
}

}  // namespace
