// A replay needs the memory that the program needs: the recording of a threaded program, replayed
// over the allocator that the program had.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/tools/process.h"

namespace ztrace_test {
namespace {

// The memory in MiB of a replay over the libc, which is the program's allocator.
double Replayed(const std::string &trace, const std::string &skew) {
    const Finished finished =
        RunProgram({DataFile("tools/zreplay/zreplay_libc"), "--json", "--rounds=1", skew, trace});
    EXPECT_EQ(finished.status, 0) << finished.err;
    const std::string key = "\"rss_most_sampled\": ";
    const size_t at = finished.out.find(key);
    if (at == std::string::npos) return 0;
    return std::strtod(finished.out.c_str() + at + key.size(), nullptr) / (1 << 20);
}

TEST(Truth, ThreadsAreReplayedByThreads) {
    const std::string program = DataFile("tests/tools/threaded_program");
    const std::string trace = TempFile("threaded.ztrace");
    const Finished plain = RunProgram({program});
    ASSERT_EQ(plain.status, 0) << plain.err;
    const Finished recorded = RunProgram({DataFile("tools/ztrace/ztrace"), "-o", trace, program});
    ASSERT_EQ(recorded.status, 0) << recorded.err;
    const double truth = std::strtod(plain.out.c_str(), nullptr) / (1 << 20);
    ASSERT_GT(truth, 30);
    EXPECT_NEAR(Replayed(trace, "--skew=1000"), truth, truth / 10);
    EXPECT_NEAR(Replayed(trace, "--skew=1"), truth, truth / 10);
    // One thread uses one arena: a tenth less at least.
    EXPECT_LT(Replayed(trace, "--skew=0"), truth * 0.9);
}

}  // namespace
}  // namespace ztrace_test
