// The system's pages are larger than jemalloc is built for: every call fails, and jemalloc says the
// reason once.
#include <unistd.h>

#include "tests/jemalloc/support.h"

// Replaces the C library's function, because jemalloc asks it.
extern "C" long sysconf(int name) {
    if (name == _SC_PAGESIZE) return 1 << 20;
    return name == _SC_NPROCESSORS_ONLN ? 1 : -1;
}

namespace jemalloc_test {
namespace {

TEST(PageTooLarge, EveryCallFailsAndSaysWhyOnce) {
    size_t usize = 1;
    testing::internal::CaptureStderr();
    EXPECT_EQ(je_malloc_with_usize(Opaque(100), &usize), nullptr);
    EXPECT_EQ(usize, 0u);
    const std::string said = testing::internal::GetCapturedStderr();
    const std::string expected = "<jemalloc>: built for pages of " +
                                 std::to_string(1 << LG_PAGE_BY_SETTING) +
                                 " bytes, but this system's have 1048576: "
                                 "build with --jemalloc_lg_page=20\n";
    EXPECT_NE(said.find(expected), std::string::npos) << said;

    testing::internal::CaptureStderr();
    EXPECT_EQ(je_calloc_with_usize(Opaque(10), 10, &usize), nullptr);
    size_t old_usize;
    EXPECT_EQ(je_realloc_with_usize(nullptr, Opaque(100), &old_usize, &usize), nullptr);
    const std::string later = testing::internal::GetCapturedStderr();
    EXPECT_EQ(later.find("built for"), std::string::npos) << later;
}

}  // namespace
}  // namespace jemalloc_test
