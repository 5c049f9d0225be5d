// Calls zmalloc.h as one server does; the build chooses which.
#include "gtest/gtest.h"
#include "tests/compat/calls.h"
#include "tests/variant.h"
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

TEST(CompatTest, DefragmentsOverJemalloc) {
    const std::string_view backend = zmalloc_test::Variant().backend;
    EXPECT_EQ(compat_has_defrag(), compat_forces_defrag() || backend == "jemalloc" ||
                                       (backend == "jemalloc_stock" && !compat_asks_extension()));
}

}  // namespace
