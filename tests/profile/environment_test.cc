// ZMALLOC_PROFILE and ZMALLOC_PROFILE_SIGNAL, which are read when a program starts, and the file
// that they write.
#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/emulated.h"
#include "tests/profile/proto.h"
#include "tests/support.h"
#include "tests/tools/process.h"
#include "zmalloc/profile.h"

namespace zmalloc_test {
namespace {

// What the program printed, started anew with the variable.
std::string Start(const std::string &profile, const char *which = "DISABLED_SaysItsRate",
                  const std::string &signal = "") {
    const auto finished = ztrace_test::RunProgram(
        {Self(), std::string("--gtest_filter=Started.") + which, "--gtest_also_run_disabled_tests"},
        {"ZMALLOC_PROFILE=" + profile, "ZMALLOC_PROFILE_SIGNAL=" + signal});
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

// Writes no file at its end.
TEST(Started, DISABLED_GetsASignal) {
    // Programs that change their title do so.
    char *setting = getenv("ZMALLOC_PROFILE");
    std::memset(setting, 'x', std::strlen(setting));
    const auto allocate = [](const char *label) {
        zmalloc_label(label);
        for (int i = 0; i < 8; i++) {
            void *block = zmalloc(8 * kMiB);  // lost, on purpose
            asm volatile("" : : "r"(block) : "memory");
        }
    };
    const pid_t child = fork();
    if (child != 0) waitpid(child, nullptr, 0);
    raise(SIGUSR2);
    std::thread([&] { allocate(child == 0 ? "child" : "parent"); }).join();
    allocate("later");
    std::fflush(nullptr);
    _exit(0);
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

profile_test::Profile Read(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream bytes;
    bytes << file.rdbuf();
    return profile_test::Decode(profile_test::Unzip(bytes.str()));
}

// Live blocks and their bytes.
std::pair<int64_t, double> Live(const profile_test::Profile &profile, const std::string &label) {
    std::pair<int64_t, double> live;
    for (const auto &sample : profile.samples) {
        if (sample.labels.empty() || sample.labels[0].second != label) continue;
        live.first += sample.values[2];
        live.second += static_cast<double>(sample.values[3]);
    }
    return live;
}

TEST_F(Environment, WritesAFileAtExit) {
    const std::string path = testing::TempDir() + "profile." + std::to_string(getpid());
    Start("64K," + path, "DISABLED_HoldsBlocks");
    const auto profile = Read(path);
    EXPECT_EQ(profile.period, 64U << 10);
    const auto live = Live(profile, "held until the end");
    EXPECT_EQ(live.first, 8);
    EXPECT_NEAR(live.second, 64.0 * kMiB, 1.0 * kMiB);
    unlink(path.c_str());
}

// A folder that is removed at the end, with the files in it.
class Folder {
  public:
    Folder() : path_(testing::TempDir() + "profiles." + std::to_string(getpid())) {
        EXPECT_EQ(mkdir(path_.c_str(), 0700), 0);
    }
    ~Folder() {
        for (const std::string &name : Names()) unlink((path_ + "/" + name).c_str());
        rmdir(path_.c_str());
    }
    const std::string &path() const { return path_; }
    std::vector<std::string> Names() const {
        std::vector<std::string> names;
        DIR *entries = opendir(path_.c_str());
        while (const dirent *entry = readdir(entries)) {
            if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
        }
        closedir(entries);
        return names;
    }

  private:
    std::string path_;
};

TEST_F(Environment, NamesTheFileAfterTheProcess) {
    const Folder folder;
    for (int i = 0; i < 2; i++) Start("64K," + folder.path() + "/%p.%p", "DISABLED_HoldsBlocks");
    for (const std::string &name : folder.Names()) {
        const size_t half = name.size() / 2;
        EXPECT_EQ(name.substr(0, half), name.substr(half + 1));
        EXPECT_EQ(name[half], '.');
    }
    EXPECT_EQ(folder.Names().size(), 2U);
}

// The thread that takes the next sample writes it: of its blocks the first one is there.
TEST_F(Environment, WritesAFileAtASignal) {
    const Folder folder;
    const std::string said = Start("64K," + folder.path() + "/%p", "DISABLED_GetsASignal", "USR2");
    EXPECT_FALSE(Has(said, "Failure") || Has(said, "zmalloc: ")) << said;
    std::vector<std::string> labels;
    for (const std::string &name : folder.Names()) {
        const auto profile = Read(folder.path() + "/" + name);
        for (const char *label : {"child", "parent", "later"}) {
            const int64_t blocks = Live(profile, label).first;
            if (blocks > 0) labels.emplace_back(label);
            EXPECT_LE(blocks, 1);
        }
    }
    std::sort(labels.begin(), labels.end());
    EXPECT_EQ(labels, (std::vector<std::string>{"child", "parent"}));
}

TEST_F(Environment, AChildLeavesItsParentsFileAtASignal) {
    const Folder folder;
    Start("64K," + folder.path() + "/file", "DISABLED_GetsASignal", "12");
    ASSERT_EQ(folder.Names().size(), SIGUSR2 == 12 ? 1U : 0U);
    if (SIGUSR2 != 12) return;
    EXPECT_EQ(Live(Read(folder.path() + "/file"), "parent").first, 1);
}

TEST_F(Environment, BadSignalsAreOneLine) {
    for (const std::string signal :
         {"9", "0", "-1", "SIGUSR1", "usr1", "USR1 ", "10x", "255", "65"}) {
        EXPECT_TRUE(Has(Start("64K,file", "DISABLED_SaysItsRate", signal),
                        "zmalloc: ZMALLOC_PROFILE_SIGNAL is ignored: it is neither USR1, nor "
                        "USR2, nor the number of a signal that a program may handle: " +
                            signal + "\n"))
            << signal;
    }
    for (const std::string profile : {"", "64K"}) {
        EXPECT_TRUE(Has(Start(profile, "DISABLED_SaysItsRate", "USR1"),
                        "zmalloc: ZMALLOC_PROFILE_SIGNAL is ignored: ZMALLOC_PROFILE names no "
                        "file\n"))
            << profile;
    }
    unlink("file");
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
