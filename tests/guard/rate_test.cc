// The number of blocks that are sampled, and the values that ZMALLOC_GUARD_SAMPLE may have.
#include "tests/guard/ending.h"
#include "zmalloc/guard/pool.h"

namespace zmalloc_test {
namespace {

int CountSampled(int blocks) {
    int sampled = 0;
    for (int i = 0; i < blocks; i++) {
        void *block = zmalloc(48);
        sampled += zm_pool_has(block);
        zfree(block);
    }
    return sampled;
}

TEST(Rate, IsWhatWasAskedFor) {
    // 1000 on average, 18 of standard deviation.
    const int sampled = CountSampled(100000);
    EXPECT_GT(sampled, 900);
    EXPECT_LT(sampled, 1100);
}

TEST(Rate, DISABLED_CountsForAnotherProgram) {
    std::printf("sampled %d\n", CountSampled(std::atoi(std::getenv("BLOCKS"))));
}

// Runs this program with this value in its environment.  Returns what it prints, with how many of
// so many blocks it samples.
std::string WithVariable(const std::string &value, int blocks = 1000) {
    const std::string command = "BLOCKS=" + std::to_string(blocks) + " ZMALLOC_GUARD_SAMPLE='" +
                                value + "' '" + Self() +
                                "' --gtest_also_run_disabled_tests "
                                "--gtest_filter=Rate.DISABLED_CountsForAnotherProgram 2>&1";
    FILE *pipe = popen(command.c_str(), "r");
    std::string said;
    char buffer[4096];
    while (std::fgets(buffer, sizeof buffer, pipe) != nullptr) said += buffer;
    EXPECT_EQ(pclose(pipe), 0) << said;
    return said;
}

TEST(Rate, FromOneOf1000OnIsWithinABudget) {
    if (!CanStartPrograms()) GTEST_SKIP() << "no program of this CPU can be started";
    // Without a budget, 200 on average; with one, each pause is 400 times as long as the sampling
    // took.
    const std::string said = WithVariable("1/1000", 200000);
    const size_t at = said.rfind("sampled ");
    ASSERT_NE(at, std::string::npos) << said;
    int sampled = 0;
    ASSERT_EQ(std::sscanf(said.c_str() + at, "sampled %d", &sampled), 1) << said;
    EXPECT_GE(sampled, 1);
    EXPECT_LE(sampled, 100);
}

TEST(Rate, OfOtherPrograms) {
    if (!CanStartPrograms()) GTEST_SKIP() << "no program of this CPU can be started";
    EXPECT_NE(WithVariable("1/1").find("sampled 1000\n"), std::string::npos);
    EXPECT_NE(WithVariable("1/2147483647").find("sampled 0\n"), std::string::npos);
    EXPECT_EQ(WithVariable("").find("zmalloc: "), std::string::npos);
    for (std::string wrong : {"1", "1/", "1/0", "2/3", "1/2147483648", "1/-1", "1/1x", "yes", "/",
                              "1/99999999999999999999999", " 1/2", "1/1\nzmalloc: \033[31m"}) {
        const std::string said = WithVariable(wrong);
        for (char &c : wrong) {
            if (static_cast<unsigned char>(c) < ' ') c = '?';
        }
        EXPECT_NE(said.find(std::string("zmalloc: ZMALLOC_GUARD_SAMPLE is ignored: it is not 1/N, "
                                        "with N from 1 to 2147483647: ") +
                            wrong + "\n"),
                  std::string::npos)
            << said;
        EXPECT_NE(said.find("sampled 0\n"), std::string::npos) << said;
    }
}

}  // namespace
}  // namespace zmalloc_test
