// Call stacks by the distances between return addresses: those of this program, held against the
// unwinder, and made-up ones.  This file is compiled with frame pointers and without.
#include <alloca.h>
#include <sys/mman.h>

#include <algorithm>
#include <set>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "tests/random.h"
#include "zmalloc/os/os.h"
#include "zmalloc/profile/stacks.h"

namespace zmalloc_test {
namespace {

constexpr unsigned kMost = 64;

using Stack = std::vector<const void *>;

Stack Known(const void *frame, unsigned most = kMost) {
    Stack stack(most);
    stack.resize(zm_known_stack(frame, stack.data(), most));
    return stack;
}

// As the unwinder tells it, from the caller of the function with this frame on.
struct Unwinding {
    Stack addresses;
    std::vector<uintptr_t> above;
};

Unwinding Unwind(const void *frame) {
    void *frames[2 * kMost];
    uintptr_t above[2 * kMost];
    const unsigned depth = zm_os_backtrace(frames, above, 2 * kMost);
    const void *caller = zm_os_return_at(zm_os_return_place(frame));
    const auto first = std::find(frames, frames + depth, caller) - frames;
    return {Stack(frames + first, frames + depth),
            std::vector<uintptr_t>(above + first, above + depth)};
}

void Learn(const void *frame, const Unwinding &unwinding, bool is_whole = true) {
    const struct zm_unwound_stack stack = {unwinding.addresses.data(), unwinding.above.data(),
                                           static_cast<unsigned>(unwinding.addresses.size()),
                                           is_whole};
    zm_learn_stack(frame, &stack);
}

bool varies = false;  // whether frames vary in size

struct Tally {
    std::set<Stack> seen;  // by the unwinder
    int known = 0, learnt = 0, wrong = 0;
};

// A stack that is known and was seen before is the true one.
__attribute__((noinline)) void Look(Tally *tally) {
    const void *frame = __builtin_frame_address(0);
    const Stack known = Known(frame);
    const Unwinding unwinding = Unwind(frame);
    const Stack &unwound = unwinding.addresses;
    ASSERT_GT(unwound.size(), 2U);
    ASSERT_LT(unwound.size(), kMost);
    if (tally->seen.count(known) != 0) {
        ASSERT_EQ(known, unwound);
        tally->known++;
        return;
    }
    if (!known.empty() && known != unwound) tally->wrong++;
    tally->learnt++;
    tally->seen.insert(unwound);
    Learn(frame, unwinding);
    if (varies) return;
    ASSERT_EQ(Known(frame), unwound);
    ASSERT_EQ(Known(frame, 2), Stack(unwound.begin(), unwound.begin() + 2));
}

// Three functions that call each other as the digits of `path` say; so each path is another stack.
void Step(Tally *tally, unsigned path, int depth);

// Keeps the call before it from being the last thing that a function does.
void Stay(const void *room) { __asm__ volatile("" : : "r"(room) : "memory"); }

__attribute__((noinline)) void Small(Tally *tally, unsigned path, int depth) {
    char room[24];
    Step(tally, path, depth);
    Stay(room);
}

__attribute__((noinline)) void Large(Tally *tally, unsigned path, int depth) {
    char room[3000];
    Step(tally, path, depth);
    Stay(room);
}

// Its frame has another size at each call.
__attribute__((noinline)) void Varying(Tally *tally, unsigned path, int depth) {
    void *room = alloca(16 * (path % 7 + 1));
    Step(tally, path, depth);
    Stay(room);
}

void Step(Tally *tally, unsigned path, int depth) {
    if (depth == 0) return Look(tally);
    const unsigned which = path % (varies ? 3 : 2);
    if (which == 0) return Small(tally, path / 3, depth - 1);
    which == 1 ? Large(tally, path / 3, depth - 1) : Varying(tally, path / 3, depth - 1);
}

void *Walk(void *argument) {
    auto *tally = static_cast<Tally *>(argument);
    Random random(7);
    for (int i = 0; i < 3000 && !testing::Test::HasFatalFailure(); i++) {
        Step(tally, static_cast<unsigned>(random.Below(729)), static_cast<int>(random.Below(6)));
    }
    return nullptr;
}

// By the program's first thread, by a C++ thread, and by a POSIX one.
Tally WalkEverywhere() {
    Tally tally;
    Walk(&tally);
    std::thread([&tally] { Walk(&tally); }).join();
    pthread_t thread;
    EXPECT_EQ(pthread_create(&thread, nullptr, Walk, &tally), 0);
    EXPECT_EQ(pthread_join(thread, nullptr), 0);
    return tally;
}

bool HasUnwinder() {
    zm_os_prepare_stacks();
    return !Unwind(__builtin_frame_address(0)).addresses.empty();
}

TEST(KnownStacks, AreThoseOfTheUnwinder) {
    if (!HasUnwinder()) GTEST_SKIP() << "no unwinder";
    varies = false;
    const Tally tally = WalkEverywhere();
    EXPECT_EQ(tally.wrong, 0);
    EXPECT_GT(tally.known, 9 * tally.learnt);
}

// A frame of another size makes a stack unknown, not wrong.
TEST(KnownStacks, AreThoseOfTheUnwinderWhereFramesVary) {
    if (!HasUnwinder()) GTEST_SKIP() << "no unwinder";
    varies = true;
    const Tally tally = WalkEverywhere();
    EXPECT_GT(tally.known, 1000);
    EXPECT_GT(tally.learnt, 0);
}

// Stack memory of its own, which ends with a page that is not mapped.
class MadeUpStack : public testing::Test {
  protected:
    void SetUp() override {
        page_ = zm_os_page_size();
        memory_ = static_cast<char *>(
            mmap(nullptr, 3 * page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        ASSERT_NE(memory_, MAP_FAILED);
        ASSERT_EQ(munmap(memory_ + 2 * page_, page_), 0);
        first_ = zm_os_return_place(Frame()) - reinterpret_cast<uintptr_t>(memory_);
    }
    void TearDown() override { munmap(memory_, 2 * page_); }

    const void *Frame() const { return memory_ + 64; }
    void Put(size_t offset, uintptr_t address) {
        *reinterpret_cast<uintptr_t *>(memory_ + first_ + offset) = address;
    }
    // The return addresses at these offsets.
    void Learn(const std::vector<std::pair<size_t, uintptr_t>> &stack, bool is_whole = true) {
        Unwinding unwinding;
        for (const auto &[offset, address] : stack) {
            unwinding.addresses.push_back(reinterpret_cast<const void *>(address));
            unwinding.above.push_back(reinterpret_cast<uintptr_t>(memory_) + first_ + offset +
                                      sizeof(uintptr_t));
        }
        zmalloc_test::Learn(Frame(), unwinding, is_whole);
    }
    std::vector<uintptr_t> Look() const {
        std::vector<uintptr_t> addresses;
        for (const void *address : Known(Frame())) {
            addresses.push_back(reinterpret_cast<uintptr_t>(address));
        }
        return addresses;
    }

    size_t page_, first_;
    char *memory_;
};

using Addresses = std::vector<uintptr_t>;

TEST_F(MadeUpStack, IsKnownOnceItWasLearnt) {
    Put(0, 0x11000), Put(40, 0x12000), Put(page_, 0x13000);
    EXPECT_EQ(Look(), Addresses());
    Learn({{0, 0x11000}, {40, 0x12000}, {page_, 0x13000}});
    EXPECT_EQ(Look(), (Addresses{0x11000, 0x12000, 0x13000}));
    Put(40, 0x12001);
    EXPECT_EQ(Look(), Addresses());
}

// Where the return address does not lie at the frame's end.
TEST_F(MadeUpStack, IsLearntWhereverAFrameHasTheAddress) {
    Put(0, 0x61000), Put(80, 0x62000), Put(160, 0x63000);
    Learn({{0, 0x61000}, {104, 0x62000}, {160, 0x63000}});
    EXPECT_EQ(Look(), (Addresses{0x61000, 0x62000, 0x63000}));
}

TEST_F(MadeUpStack, IsNotKnownWhereOnlyItsBeginningWasLearnt) {
    Put(0, 0x21000), Put(40, 0x22000);
    Learn({{0, 0x21000}, {40, 0x22000}}, false);
    EXPECT_EQ(Look(), Addresses());
    Learn({{0, 0x21000}, {40, 0x22000}});
    EXPECT_EQ(Look(), (Addresses{0x21000, 0x22000}));
}

TEST_F(MadeUpStack, IsNotKnownWithAnAddressOf0) {
    Put(0, 0);
    EXPECT_EQ(Look(), Addresses());
}

TEST_F(MadeUpStack, IsNotLearntWhereItDiffers) {
    Put(0, 0x31000), Put(40, 0x32000);
    Learn({{0, 0x31000}, {40, 0x33000}});                       // another address
    Learn({{0, 0x31000}, {24, 0x32000}});                       // a frame that ends before it
    Learn({{0, 0x31000}, {size_t{1} << 20, 0x32000}});          // a frame that is too large
    Learn({{40, 0x32000}});                                     // another caller
    Learn({{0, 0x31000}, {static_cast<size_t>(-8), 0x32000}});  // one that lies below
    Learn({});
    EXPECT_EQ(Look(), Addresses());
}

TEST_F(MadeUpStack, IsReadOnlyWhereItIsMapped) {
    Put(0, 0x41000), Put(page_, 0x42000);
    Learn({{0, 0x41000}, {page_, 0x42000}});
    // The same distance from a place near the end.
    const uintptr_t near = reinterpret_cast<uintptr_t>(memory_) + 2 * page_ - 64;
    const void *frame = reinterpret_cast<const void *>(near);
    *reinterpret_cast<uintptr_t *>(zm_os_return_place(frame)) = 0x41000;
    EXPECT_EQ(Known(frame), Stack());
}

// Many return addresses: the oldest ones are forgotten, one by one.
TEST_F(MadeUpStack, IsForgottenAfterManyOthers) {
    const auto learn = [this](uintptr_t address) {
        Put(0, address);
        Learn({{0, address}});
    };
    const auto is_known = [this](uintptr_t address) {
        Put(0, address);
        return Look() == Addresses{address};
    };
    constexpr uintptr_t kFirst = 0x1000000, kStep = 0x1234, kFew = 3000, kMany = 100000;
    for (uintptr_t i = 0; i < kFew; i++) learn(kFirst + i * kStep);
    uintptr_t known = 0;
    for (uintptr_t i = 0; i < kFew; i++) known += is_known(kFirst + i * kStep);
    EXPECT_GT(known, kFew * 98 / 100);
    for (uintptr_t i = kFew; i < kMany; i++) {
        learn(kFirst + i * kStep);
        ASSERT_TRUE(is_known(kFirst + i * kStep)) << i;
    }
    EXPECT_FALSE(is_known(kFirst));
    EXPECT_LE(zm_known_stacks_size(), size_t{1} << 20);
}

TEST_F(MadeUpStack, TakesMemoryForWhatItLearnt) {
    Put(0, 0x51000);
    Learn({{0, 0x51000}});
    EXPECT_GT(zm_known_stacks_size(), 0U);
}

}  // namespace
}  // namespace zmalloc_test
