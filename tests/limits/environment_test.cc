// ZMALLOC_LIMIT, which is read when a program starts.
#include "tests/emulated.h"
#include "tests/support.h"
#include "tests/tools/process.h"
#include "zmalloc/limit.h"

namespace zmalloc_test {
namespace {

// What the program printed, started anew with the variable.
std::string Start(const std::string &limit) {
    const auto finished = ztrace_test::RunProgram(
        {Self(), "--gtest_filter=Started.DISABLED_*", "--gtest_also_run_disabled_tests"},
        {"ZMALLOC_LIMIT=" + limit});
    return finished.out + finished.err;
}

bool Has(const std::string &text, const std::string &part) {
    return text.find(part) != std::string::npos;
}

// The program that is started.
TEST(Started, DISABLED_SaysItsLimit) {
    size_t soft, hard;
    zmalloc_get_limit(&soft, &hard);
    void *block = ztrymalloc(64 * kMiB);
    std::printf("<soft %zu hard %zu, 64 MiB: %s>\n", soft, hard,
                block != nullptr ? "there" : "refused");
    zfree(block);
}

TEST(Environment, Bytes) {
    if (Emulated()) GTEST_SKIP() << "qemu does not run what a shell starts";
    EXPECT_TRUE(Has(Start("32M"), "<soft 0 hard 33554432, 64 MiB: refused>"));
    EXPECT_TRUE(Has(Start("1G"), "<soft 0 hard 1073741824, 64 MiB: there>"));
    EXPECT_TRUE(Has(Start(""), "<soft 0 hard 0, 64 MiB: there>"));
}

TEST(Environment, Percent) {
    if (Emulated()) GTEST_SKIP() << "qemu does not run what a shell starts";
    const size_t memory = zmalloc_get_memory_limit();
    const std::string eighty = std::to_string(memory / 100 * 80 + memory % 100 * 80 / 100);
    EXPECT_TRUE(Has(Start("80%"), "hard " + eighty)) << memory;
    EXPECT_TRUE(Has(Start("auto"), "hard " + eighty)) << memory;
}

TEST(Environment, BadValuesAreOneLine) {
    if (Emulated()) GTEST_SKIP() << "qemu does not run what a shell starts";
    const std::string text = Start("lots");
    EXPECT_TRUE(
        Has(text,
            "zmalloc: ZMALLOC_LIMIT is ignored: it is not auto, 1% to 100%, or 1 MiB and more "
            "(1048576, 1024K, 512M, 2G): lots\n"))
        << text;
    EXPECT_TRUE(Has(text, "<soft 0 hard 0, 64 MiB: there>"));
}

}  // namespace
}  // namespace zmalloc_test
