// bazel run //malloc:run: what it starts, and what it refuses.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "gtest/gtest.h"
#include "tests/emulated.h"
#include "tests/tools/process.h"

namespace ztrace_test {
namespace {

class RunTest : public testing::Test {
  protected:
    void SetUp() override {
        if (!zmalloc_test::CanStartPrograms()) GTEST_SKIP() << "it starts other programs";
    }
};

Finished RunTool(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), DataFile("malloc/run"));
    return RunProgram(arguments);
}

void ExpectRefused(const Finished &finished, const std::string &why) {
    EXPECT_EQ(finished.status, 2);
    EXPECT_EQ(finished.out, "");
    EXPECT_EQ(finished.err.rfind("run: ", 0), 0u) << finished.err;
    EXPECT_EQ(finished.err.find('\n'), finished.err.size() - 1) << finished.err;
    EXPECT_NE(finished.err.find(why), std::string::npos) << finished.err;
}

TEST_F(RunTest, PreloadsTheLibraryAndKeepsTheStatus) {
    for (const std::string allocator : {RUN_ALLOCATORS}) {
        const Finished finished =
            RunTool({"--malloc=" + allocator, "sh", "-c", "echo $LD_PRELOAD; exit 7"});
        EXPECT_EQ(finished.status, 7) << finished.err;
        EXPECT_NE(finished.out.find("libzmalloc_"), std::string::npos) << finished.out;
        EXPECT_EQ(finished.err, "");
    }
}

TEST_F(RunTest, LeavesTheProgramsArgumentsAlone) {
    const Finished finished =
        RunTool({"-m", "libc", "sh", "-c", "echo \"$@\"", "sh", "--malloc=x", "--help"});
    EXPECT_EQ(finished.out, "--malloc=x --help\n") << finished.err;
}

TEST_F(RunTest, PassesJemallocsSettings) {
    setenv("MALLOC_CONF", "narenas:1", 1);
    EXPECT_EQ(RunTool({"--malloc=libc", "sh", "-c", "echo $JE_MALLOC_CONF"}).out, "narenas:1\n");
    unsetenv("MALLOC_CONF");
}

// Also in a program that calls no function of zmalloc's.  (Some shells end by _exit().)
TEST_F(RunTest, WritesAHeapProfileOfTheProgram) {
    const std::string file = testing::TempDir() + "/of_ls.pb.gz";
    setenv("ZMALLOC_PROFILE", ("1K," + file).c_str(), 1);
    for (const std::string allocator : {RUN_ALLOCATORS}) {
        EXPECT_EQ(RunTool({"--malloc=" + allocator, "ls", "-d", "/"}).out, "/\n");
        struct stat found;
        EXPECT_EQ(stat(file.c_str(), &found), 0) << allocator;
        EXPECT_GT(found.st_size, 100) << allocator;
        unlink(file.c_str());
    }
    unsetenv("ZMALLOC_PROFILE");
}

TEST_F(RunTest, HelpNamesTheAllocators) {
    const Finished finished = RunTool({"--help"});
    EXPECT_EQ(finished.status, 0);
    for (const std::string allocator : {RUN_ALLOCATORS}) {
        EXPECT_NE(finished.out.find(allocator), std::string::npos) << finished.out;
    }
}

TEST_F(RunTest, RefusesWrongArguments) {
    ExpectRefused(RunTool({}), "--malloc=ALLOCATOR is missing");
    ExpectRefused(RunTool({"true"}), "--malloc=ALLOCATOR is missing");
    ExpectRefused(RunTool({"--malloc=nosuch", "true"}), "it is one of: jemalloc, ");
    ExpectRefused(RunTool({"--malloc=", "true"}), "no such allocator");
    ExpectRefused(RunTool({"--malloc"}), "a value is missing after --malloc");
    ExpectRefused(RunTool({"--nosuch"}), "unknown option --nosuch");
    ExpectRefused(RunTool({"--malloc=libc"}), "the program to run is missing");
    ExpectRefused(RunTool({"--malloc=libc", "/no/such/program"}), "/no/such/program: No such file");
    ExpectRefused(RunTool({"--malloc=libc", "no-such-program"}), "no-such-program: No such file");
}

TEST_F(RunTest, RefusesSetuidPrograms) {
    const std::string copy = TempFile("setuid");
    ASSERT_EQ(system(("cp /bin/true " + copy).c_str()), 0);
    // A worker of a remote engine may leave the owner, or the mode, as it was.
    struct stat file;
    if (chown(copy.c_str(), 65534, 65534) != 0 || chmod(copy.c_str(), 04755) != 0 ||
        stat(copy.c_str(), &file) != 0 || file.st_uid != 65534 || file.st_uid == getuid() ||
        (file.st_mode & S_ISUID) == 0) {
        GTEST_SKIP() << "may not give it to another user";
    }
    ExpectRefused(RunTool({"--malloc=libc", copy}), "is setuid");
}

TEST_F(RunTest, RefusesStaticPrograms) {
    const char *const candidates[] = {"/sbin/ldconfig", "/usr/sbin/ldconfig", "/bin/busybox"};
    for (const char *program : candidates) {
        const Finished finished = RunTool({"--malloc=libc", program, "--help"});
        if (finished.err.find("statically linked") == std::string::npos) continue;
        ExpectRefused(finished, "is statically linked");
        return;
    }
    GTEST_SKIP() << "no static program is here";
}

}  // namespace
}  // namespace ztrace_test
