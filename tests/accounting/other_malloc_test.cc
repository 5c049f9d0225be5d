// zmalloc over the libc, when another malloc takes the place of glibc's: zmalloc must not read the
// size that glibc writes before its blocks.
#include <dlfcn.h>

#include <string>

#include "tests/accounting/exact.h"

namespace zmalloc_test {
namespace {

// Runs the test below in a process of its own, with this in its environment.
int RunUnder(const std::string &environment) {
    const std::string command =
        environment + " exec /proc/" + std::to_string(getpid()) +
        "/exe --gtest_also_run_disabled_tests --gtest_filter=OtherMalloc.DISABLED_IsExact >&2";
    return std::system(command.c_str());
}

TEST(OtherMalloc, DISABLED_IsExact) { EXPECT_EQ(CountInexactCalls(Seed(), 20000), 0u); }

TEST(OtherMalloc, None) { EXPECT_EQ(RunUnder(""), 0); }

// Each block begins a page, and the page before it cannot be read.
TEST(OtherMalloc, OfALibraryThatIsPreloaded) {
    EXPECT_EQ(RunUnder("LD_PRELOAD=$PWD/tests/accounting/libpages_malloc.so"), 0);
}

// glibc's own checks of blocks: some releases have them in a library, others built in.
TEST(OtherMalloc, ThatChecks) {
    void *library = dlopen("libc_malloc_debug.so.0", RTLD_LAZY);
    const std::string preload = library != nullptr ? "LD_PRELOAD=libc_malloc_debug.so.0 " : "";
    for (const char *how : {"MALLOC_CHECK_=3", "GLIBC_TUNABLES=glibc.malloc.check=3",
                            "GLIBC_TUNABLES=glibc.malloc.tcache_count=0", "MALLOC_PERTURB_=7",
                            "GLIBC_TUNABLES=glibc.malloc.mmap_threshold=1000"}) {
        EXPECT_EQ(RunUnder(preload + how), 0) << how;
        EXPECT_EQ(RunUnder(how), 0) << how;
    }
}

}  // namespace
}  // namespace zmalloc_test
