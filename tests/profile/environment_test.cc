// ZMALLOC_PROFILE, which is read when a program starts, and the file that it names.
#include <dirent.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "tests/emulated.h"
#include "tests/profile/proto.h"
#include "tests/support.h"
#include "tests/tools/process.h"
#include "zmalloc/profile.h"

namespace zmalloc_test {
namespace {

// What the program printed, started anew with the variable.
std::string Start(const std::string &profile, const char *which = "DISABLED_SaysItsRate") {
    const auto finished = ztrace_test::RunProgram(
        {Self(), std::string("--gtest_filter=Started.") + which, "--gtest_also_run_disabled_tests"},
        {"ZMALLOC_PROFILE=" + profile});
    return finished.out + finished.err;
}

bool Has(const std::string &text, const std::string &part) {
    return text.find(part) != std::string::npos;
}

// The programs that are started.
TEST(Started, DISABLED_SaysItsRate) { std::printf("<rate %zu>\n", zmalloc_profile_rate()); }

TEST(Started, DISABLED_HoldsBlocks) {
    zmalloc_label("held until the end");
    for (int i = 0; i < 8; i++) {
        void *block = zmalloc(8 * kMiB);  // lost, on purpose
        asm volatile("" : : "r"(block) : "memory");
    }
    zmalloc_label(nullptr);
    // A child that exits leaves its parent's file to its parent.
    if (const pid_t child = fork(); child == 0) {
        std::exit(0);
    } else {
        waitpid(child, nullptr, 0);
    }
}

class Environment : public testing::Test {
    void SetUp() override {
        if (Emulated()) GTEST_SKIP() << "qemu does not run what a shell starts";
    }
};

TEST_F(Environment, TakesARate) {
    EXPECT_TRUE(Has(Start("4096"), "<rate 4096>"));
    EXPECT_TRUE(Has(Start("1M"), "<rate 1048576>"));
    EXPECT_TRUE(Has(Start(""), "<rate 0>"));
}

TEST_F(Environment, WritesAFileAtExit) {
    const std::string path = testing::TempDir() + "profile." + std::to_string(getpid());
    Start("64K," + path, "DISABLED_HoldsBlocks");
    std::ifstream file(path, std::ios::binary);
    std::stringstream bytes;
    bytes << file.rdbuf();
    const auto profile = profile_test::Decode(profile_test::Unzip(bytes.str()));
    EXPECT_EQ(profile.period, 64U << 10);
    int64_t live_bytes = 0, live_blocks = 0;
    for (const auto &sample : profile.samples) {
        if (sample.labels.empty() || sample.labels[0].second != "held until the end") continue;
        live_blocks += sample.values[2];
        live_bytes += sample.values[3];
    }
    EXPECT_EQ(live_blocks, 8);
    EXPECT_NEAR(static_cast<double>(live_bytes), 64.0 * kMiB, 1.0 * kMiB);
    unlink(path.c_str());
}

TEST_F(Environment, NamesTheFileAfterTheProcess) {
    const std::string folder = testing::TempDir() + "profiles." + std::to_string(getpid());
    ASSERT_EQ(mkdir(folder.c_str(), 0700), 0);
    for (int i = 0; i < 2; i++) Start("64K," + folder + "/%p.%p", "DISABLED_HoldsBlocks");
    int files = 0;
    DIR *entries = opendir(folder.c_str());
    ASSERT_NE(entries, nullptr);
    while (const dirent *entry = readdir(entries)) {
        const std::string name = entry->d_name;
        if (name[0] == '.') continue;
        files++;
        const size_t half = name.size() / 2;
        EXPECT_EQ(name.substr(0, half), name.substr(half + 1));
        EXPECT_EQ(name[half], '.');
        unlink((folder + "/" + name).c_str());
    }
    closedir(entries);
    rmdir(folder.c_str());
    EXPECT_EQ(files, 2);
}

TEST_F(Environment, SaysThatItCannotWrite) {
    EXPECT_TRUE(Has(Start("64K,/no/such/folder/file"),
                    "zmalloc: the file of ZMALLOC_PROFILE cannot be written: "
                    "/no/such/folder/file\n"));
}

TEST_F(Environment, BadValuesAreOneLine) {
    for (const std::string value :
         {"often", "0", "-1", "4096,", ",file", "99999999999999999999999", "4096 ,x", "2000T"}) {
        const std::string text = Start(value);
        EXPECT_TRUE(Has(text,
                        "zmalloc: ZMALLOC_PROFILE is ignored: it is not RATE or RATE,FILE with "
                        "a rate of bytes (524288, or 512K; the units are K, M, G, T): " +
                            value + "\n"))
            << text;
        EXPECT_TRUE(Has(text, "<rate 0>")) << value;
    }
}

}  // namespace
}  // namespace zmalloc_test
