#include "tests/cpp/without.h"

#include <csignal>

#include "tests/support.h"

namespace zmalloc_test {
namespace {

TEST(WithoutExceptions, Works) { EXPECT_TRUE(without::UseAll()); }

// The handler may end the program in its own way.
TEST(WithoutExceptions, OutOfMemoryCallsTheHandler) {
    EXPECT_EXIT(
        {
            zmalloc_set_oom_handler([](size_t size) { _exit(size == SIZE_MAX / 2 ? 7 : 8); });
            without::Allocate(Opaque(SIZE_MAX / 2));
        },
        testing::ExitedWithCode(7), "");
}

TEST(WithoutExceptions, AHandlerThatReturnsAborts) {
    EXPECT_EXIT(
        {
            zmalloc_set_oom_handler([](size_t) {});
            without::Allocate(Opaque(SIZE_MAX / 2));
        },
        testing::KilledBySignal(SIGABRT), "");
}

}  // namespace
}  // namespace zmalloc_test
