// zmalloc.h as one server calls it: which, the build says.
#include "gtest/gtest.h"
#include "tests/compat/calls.h"
#include "tests/lib.h"
#include "zmalloc/zmalloc.h"

namespace {

TEST(CompatTest, CallsOfTheServer) {
    const char *wrong = compat_calls();
    EXPECT_EQ(wrong, nullptr) << wrong;
}

TEST(CompatTest, FreesWhatItAllocates) {
    compat_calls();
    size_t before = zmalloc_used_memory();
    compat_calls();
    EXPECT_EQ(zmalloc_used_memory(), before);
}

TEST(CompatTest, DefragmentsOverOurJemalloc) {
    EXPECT_EQ(compat_has_defrag(), zmalloc_test::Backend() == "jemalloc");
}

}  // namespace
