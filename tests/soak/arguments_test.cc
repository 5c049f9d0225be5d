// Gives the soak's program arguments that it cannot use.
#include <gtest/gtest.h>

#include "tests/emulated.h"
#include "tests/tools/process.h"

namespace zmalloc_test {
namespace {

ztrace_test::Finished Soak(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), ztrace_test::DataFile("tests/soak/soak"));
    return ztrace_test::RunProgram(arguments);
}

TEST(Arguments, WrongOnesAreOneLine) {
    const std::vector<std::vector<std::string>> wrong = {{"--minutes=0"},
                                                         {"--minutes=10001"},
                                                         {"--seconds=x"},
                                                         {"--seconds=-1"},
                                                         {"--rounds"},
                                                         {"--threads=2001"},
                                                         {"--variant=nosuch"},
                                                         {"--variant="},
                                                         {"--variant=libc jemalloc"},
                                                         {"--no-such-option"},
                                                         {"60"}};
    for (const auto &arguments : wrong) {
        const ztrace_test::Finished finished = Soak(arguments);
        EXPECT_EQ(finished.status, 2) << arguments[0];
        EXPECT_EQ(finished.out, "") << arguments[0];
        EXPECT_EQ(finished.err.rfind("soak: ", 0), 0u) << finished.err;
        EXPECT_EQ(finished.err.find('\n'), finished.err.size() - 1) << finished.err;
    }
    EXPECT_NE(Soak({"--variant=nosuch"}).err.find("jemalloc_stock"), std::string::npos);
}

TEST(Arguments, Help) {
    const ztrace_test::Finished help = Soak({"--help"});
    EXPECT_EQ(help.status, 0);
    EXPECT_EQ(help.out.rfind("Usage: soak ", 0), 0u);
}

TEST(Arguments, OneVariantAlone) {
    if (!CanStartPrograms()) GTEST_SKIP() << "the soak starts other programs";
    const ztrace_test::Finished finished =
        Soak({"--variant=libc", "--rounds=1", "--threads=3", "--seed=1"});
    EXPECT_EQ(finished.status, 0) << finished.err;
    EXPECT_EQ(finished.out.rfind("libc for 1 rounds\nlibc: 1 rounds, ", 0), 0u) << finished.out;
}

}  // namespace
}  // namespace zmalloc_test
