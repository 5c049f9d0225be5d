// The call stacks of samples are those that the unwinder tells, whether the program has frame
// pointers or not: this file is compiled both ways.
#include <execinfo.h>

#include <thread>

#include "tests/profile/sites.h"

namespace zmalloc_test {
namespace {

constexpr int kDeepest = 6;

std::vector<const void *> Unwound() {
    void *frames[ZM_STACK_DEPTH];
    const int depth = backtrace(frames, ZM_STACK_DEPTH);
    return std::vector<const void *>(frames, frames + depth);
}

// The stack of the row that got a sample since the blocks of rows were `before`.
std::vector<const void *> NewOne(const std::vector<uint64_t> &before) {
    for (size_t i = 0; i < zm_profile_rows(); i++) {
        struct zm_profile_row row;
        zm_profile_row(i, &row);
        const uint64_t had = i < before.size() ? before[i] : 0;
        const bool is_ours = row.label != nullptr && std::strcmp(row.label, "stacks") == 0;
        if (is_ours && row.allocated_samples > had) {
            return std::vector<const void *>(row.frames, row.frames + row.depth);
        }
    }
    return {};
}

std::vector<uint64_t> SamplesOfRows() {
    std::vector<uint64_t> samples(zm_profile_rows());
    for (size_t i = 0; i < samples.size(); i++) {
        struct zm_profile_row row;
        zm_profile_row(i, &row);
        samples[i] = row.allocated_samples;
    }
    return samples;
}

// Frames from the caller of this function on must be the same; further inside they differ, as they
// were taken in two places.
__attribute__((noinline)) void CheckOne() {
    const std::vector<uint64_t> before = SamplesOfRows();
    const void *caller = __builtin_extract_return_addr(__builtin_return_address(0));
    void *block;
    {
        const Label label("stacks");
        block = zmalloc(40);
    }
    std::vector<const void *> sampled = NewOne(before), unwound = Unwound();
    zfree(block);
    const auto from = [caller](const std::vector<const void *> &stack) {
        return std::vector<const void *>(std::find(stack.begin(), stack.end(), caller),
                                         stack.end());
    };
    ASSERT_FALSE(from(sampled).empty())
        << sampled.size() << " frames, unwound " << unwound.size() << ", caller " << caller << ": "
        << testing::PrintToString(sampled) << testing::PrintToString(unwound);
    ASSERT_EQ(from(sampled), from(unwound));
}

// Two functions that call each other as the bits of `path` say; so each path is another stack.
void Left(unsigned path, int depth);
void Right(unsigned path, int depth);

// Keeps the call before it from being the last thing that a function does, and takes room.
template <size_t kBytes>
void Stay() {
    char room[kBytes];
    __asm__ volatile("" : : "r"(room) : "memory");
}

void Next(unsigned path, int depth) {
    if (depth == 0) return CheckOne();
    path % 2 == 0 ? Left(path / 2, depth - 1) : Right(path / 2, depth - 1);
}

__attribute__((noinline)) void Left(unsigned path, int depth) {
    Next(path, depth);
    Stay<200>();
}

__attribute__((noinline)) void Right(unsigned path, int depth) {
    Next(path, depth);
    Stay<40>();
}

void *Work(void *seed) {
    Random random(*static_cast<uint64_t *>(seed));
    for (int i = 0; i < 300 && !testing::Test::HasFatalFailure(); i++) {
        Next(static_cast<unsigned>(random.Below(1 << kDeepest)),
             static_cast<int>(random.Below(kDeepest)));
    }
    return nullptr;
}

// The same function called by the system, by a thread's first function, and by this one.
TEST(Stacks, AreThoseOfTheUnwinder) {
    if (Unwound().empty()) GTEST_SKIP() << "there is no unwinder";
    ASSERT_EQ(zmalloc_profile_start(1), 0);
    for (uint64_t seed = 1; seed < 4; seed++) {
        Work(&seed);
        std::thread([&seed] { Work(&seed); }).join();
        pthread_t thread;
        ASSERT_EQ(pthread_create(&thread, nullptr, Work, &seed), 0);
        ASSERT_EQ(pthread_join(thread, nullptr), 0);
    }
    zmalloc_profile_stop();
}

}  // namespace
}  // namespace zmalloc_test
