#include "tests/sanitizers/planted.h"

#include <cstdlib>

#include "tests/support.h"

namespace zmalloc_test {
namespace {

class Sanitizer : public testing::TestWithParam<Planted> {
  protected:
    // Each test has a process of its own, from its start: a sanitizer remembers what it found once.
    Sanitizer() { testing::FLAGS_gtest_death_test_style = "threadsafe"; }
};

// Runs up to exit(), which looks for leaks.
void RunToExit(bool bug) {
    Sanitizer::GetParam().run(bug);
    std::exit(0);
}

bool Failed(int status) { return status != 0; }

TEST_P(Sanitizer, FindsTheBug) { EXPECT_EXIT(RunToExit(true), Failed, GetParam().report); }

TEST_P(Sanitizer, SaysNothingWithoutIt) {
    EXPECT_EXIT(RunToExit(false), testing::ExitedWithCode(0), "^$");
}

INSTANTIATE_TEST_SUITE_P(Planted, Sanitizer, testing::ValuesIn(AllPlanted()),
                         [](const auto &info) { return std::string(info.param.name); });

}  // namespace
}  // namespace zmalloc_test
