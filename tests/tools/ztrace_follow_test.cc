// ztrace --follow records what comes of a program, and says what it could not record.
#include <sys/stat.h>

#include <algorithm>

#include "tests/tools/ztrace.h"

namespace ztrace_test {
namespace {

class ZtraceFollowTest : public ZtraceTest {
  protected:
    void SetUp() override {
        ZtraceTest::SetUp();
        if (zmalloc_test::Emulated()) GTEST_SKIP() << "the machine's shell is of another CPU";
    }

    // Records a command with its children.
    Finished Follow(std::vector<std::string> command, int kill_after = 0,
                    const std::string &follow = "--follow") {
        command.insert(command.begin(), {follow, "-o", path_});
        return Ztrace(command, kill_after);
    }

    // The same for a line of a shell, in which PROGRAM stands for traced_program.
    Finished FollowShell(std::string line, int kill_after = 0) {
        const std::string word = "PROGRAM";
        for (size_t at; (at = line.find(word)) != std::string::npos;) {
            line.replace(at, word.size(), DataFile(kProgram));
        }
        return Follow({"/bin/sh", "-c", line}, kill_after);
    }

    std::string ChildPath(int number) const { return path_ + "." + std::to_string(number); }

    Trace Child(int number) const {
        Trace trace = Read(ChildPath(number));
        EXPECT_EQ(trace.error, "") << number;
        EXPECT_FALSE(trace.truncated);
        return trace;
    }

    static bool Exists(const std::string &path) { return access(path.c_str(), F_OK) == 0; }

    static bool Says(const Finished &finished, const std::string &text) {
        return finished.err.find(text) != std::string::npos;
    }
};

// However a child was made, its trace has what it did, and the parent's has not.
TEST_F(ZtraceFollowTest, RecordsForkedChildren) {
    for (const char *how : {"fork", "clone"}) {
        path_ = TempFile(std::string(how) + "-followed.ztrace");
        const Finished finished = Follow({DataFile(kProgram), how});
        ASSERT_EQ(finished.status, 0) << finished.err;
        const Trace parent = Read(path_);
        Trace child = Child(1);
        EXPECT_EQ(parent.Count(ZT_MALLOC, SIZE_BEFORE_FORK), 1u) << how;
        EXPECT_EQ(parent.Count(ZT_MALLOC, SIZE_AFTER_FORK), 1u) << how;
        EXPECT_EQ(parent.Count(ZT_MALLOC, SIZE_CHILD), 0u) << how;
        EXPECT_GE(child.Count(ZT_MALLOC, SIZE_CHILD), 1u) << how;
        EXPECT_EQ(child.Count(ZT_MALLOC, SIZE_AFTER_FORK), 0u) << how;
        EXPECT_EQ(child.notes["program"], "traced_program");
        EXPECT_EQ(child.notes["forked"], "yes");
        EXPECT_NE(child.notes["pid"], "");
        EXPECT_NE(
            RunProgram({DataFile("tools/zreplay/zreplay"), "--stat", ChildPath(1)})
                .err.find("the process was forked: blocks that it has from its parent are not"),
            std::string::npos);
        EXPECT_NE(RunProgram({DataFile("tools/zreplay/zreplay"), "--stat", path_})
                      .err.find("1 child of the program is recorded in a trace of its own"),
                  std::string::npos);
        // Both call the same malloc.
        const std::string allocator = child.notes["allocator"];
        EXPECT_NE(allocator, "") << how;
        EXPECT_EQ(parent.notes,
                  (std::map<std::string, std::string>{
                      {"program", "traced_program"}, {"followed", "1"}, {"allocator", allocator}}));
        EXPECT_TRUE(Says(finished, "ztrace: 1 child was recorded, in " + ChildPath(1) + "\n"))
            << finished.err;
        EXPECT_FALSE(Says(finished, "not recorded")) << finished.err;
        EXPECT_FALSE(Exists(ChildPath(1) + ".raw"));
    }
}

// What they execute is in their traces, by its name, and without what the fork left.
TEST_F(ZtraceFollowTest, RecordsWhatChildrenExecute) {
    const Finished finished = FollowShell("PROGRAM each; PROGRAM status; true");
    ASSERT_EQ(finished.status, 0) << finished.err;
    for (int number : {1, 2}) {
        Trace child = Child(number);
        EXPECT_EQ(child.notes["program"], "traced_program") << number;
        EXPECT_EQ(child.notes.count("forked"), 0u) << number;
        EXPECT_EQ(child.Count(ZT_CALLOC, SIZE_CALLOC), number == 1 ? 1u : 0u);
    }
    ExpectOneOfEach(Child(1));
    EXPECT_EQ(Read(path_).notes["followed"], "2");
    EXPECT_TRUE(
        Says(finished, "2 children were recorded, in " + ChildPath(1) + " to " + ChildPath(2)))
        << finished.err;
}

TEST_F(ZtraceFollowTest, RecordsGrandchildren) {
    const Finished finished = FollowShell("/bin/sh -c 'PROGRAM each; true'; true");
    ASSERT_EQ(finished.status, 0) << finished.err;
    EXPECT_EQ(Child(1).Count(ZT_CALLOC, SIZE_CALLOC), 0u);
    ExpectOneOfEach(Child(2));
}

TEST_F(ZtraceFollowTest, RecordsSpawnedChildren) {
    for (const char *how : {"vfork", "posix-spawn"}) {
        path_ = TempFile(std::string(how) + "-followed.ztrace");
        const Finished finished = Follow({DataFile(kProgram), how, DataFile(kProgram)});
        ASSERT_EQ(finished.status, 0) << finished.err;
        EXPECT_EQ(Child(1).Count(ZT_MALLOC, SIZE_MALLOC), 1u) << how;
        EXPECT_FALSE(Exists(ChildPath(2))) << how;
        EXPECT_FALSE(Says(finished, "not recorded")) << finished.err;
    }
}

TEST_F(ZtraceFollowTest, KeepsAllOfAChildThatIsKilled) {
    const Finished finished = FollowShell("PROGRAM kill; true");
    ASSERT_EQ(finished.status, 0) << finished.err;
    const Trace child = Child(1);
    EXPECT_EQ(child.Count(ZT_MALLOC, SIZE_KILLED), size_t{KILLED_EVENTS} / 2);
    EXPECT_EQ(child.Count(ZT_FREE, 0), size_t{KILLED_EVENTS} / 2);
}

// However it is executed, and also where the process itself does so.
TEST_F(ZtraceFollowTest, TellsOfStaticChildren) {
    const std::string program = DataFile("tests/tools/static_program");
    const std::vector<std::vector<std::string>> commands = {
        {"/bin/sh", "-c", program + "; true"},
        {DataFile(kProgram), "vfork", program},
        {DataFile(kProgram), "posix-spawn", program}};
    for (const auto &command : commands) {
        path_ = TempFile("with-" + std::to_string(command.size()) + command[1] + ".ztrace");
        const Finished finished = Follow(command);
        ASSERT_EQ(finished.status, 0) << finished.err;
        EXPECT_TRUE(Says(finished,
                         "ztrace: 1 child was not recorded after executing what does not "
                         "load ztrace's library"))
            << finished.err;
        EXPECT_TRUE(Says(finished, ": static_program\n")) << finished.err;
        EXPECT_EQ(Read(path_).notes["children"], "1");
    }
    path_ = TempFile("itself.ztrace");
    const Finished finished = Follow({DataFile(kProgram), "become", program});
    EXPECT_EQ(finished.status, 0) << finished.err;
    EXPECT_TRUE(Says(finished, "ztrace: the program then executed static_program")) << finished.err;
    EXPECT_EQ(Read(path_).notes["executed"], "static_program");
}

// Without --follow, too, a program that vfork started is counted.
TEST_F(ZtraceFollowTest, CountsStaticChildren) {
    for (const char *how : {"vfork", "posix-spawn"}) {
        path_ = TempFile(std::string(how) + "-counted.ztrace");
        const Finished finished =
            Ztrace({"-o", path_, DataFile(kProgram), how, DataFile("tests/tools/static_program")});
        ASSERT_EQ(finished.status, 0) << finished.err;
        EXPECT_TRUE(Says(finished, "ztrace: 1 forked child was not recorded\n")) << finished.err;
    }
}

TEST_F(ZtraceFollowTest, TellsOfSetuidChildren) {
    const std::string program = TempFile("setuid-program");
    WriteFile(program, ReadFile(DataFile(kProgram)));
    if (chown(program.c_str(), 65534, 65534) != 0) GTEST_SKIP() << "only root can";
    ASSERT_EQ(chmod(program.c_str(), 04755), 0);
    const Finished finished = FollowShell(program + " status; true");
    ASSERT_EQ(finished.status, 0) << finished.err;
    if (Exists(ChildPath(1)) && Child(1).Count(ZT_MALLOC, SIZE_MALLOC)) {
        GTEST_SKIP() << "the folder's file system has no setuid programs";
    }
    EXPECT_TRUE(Says(finished, "1 child was not recorded")) << finished.err;
    EXPECT_TRUE(Says(finished, ": setuid-program\n")) << finished.err;
}

// The others are counted, each once.
TEST_F(ZtraceFollowTest, RecordsTheFirstChildrenOnly) {
    const Finished finished = Follow({DataFile(kProgram), "children"}, 0, "--follow=3");
    ASSERT_EQ(finished.status, 0) << finished.err;
    EXPECT_TRUE(Says(finished, "ztrace: " + std::to_string(CHILDREN + 1 - 3) +
                                   " forked children were not recorded: --follow=3 is the most"))
        << finished.err;
    EXPECT_FALSE(Exists(ChildPath(4) + ".raw"));
    EXPECT_EQ(Read(path_).notes["children"], std::to_string(CHILDREN + 1 - 3));
}

TEST_F(ZtraceFollowTest, RecordsAThousandChildren) {
    const Finished finished =
        Follow({"/bin/sh", "-c", "i=0; while [ $i -lt 1000 ]; do (:); i=$((i + 1)); done"}, 0,
               "--follow=1000");
    ASSERT_EQ(finished.status, 0) << finished.err;
    EXPECT_FALSE(Says(finished, "not recorded")) << finished.err;
    EXPECT_EQ(Read(path_).notes["followed"], "1000");
    for (int number = 1; number <= 1000; number++) {
        ASSERT_FALSE(Exists(ChildPath(number) + ".raw")) << number;
    }
}

// A program that puts itself into the background.
TEST_F(ZtraceFollowTest, WaitsForChildren) {
    const Finished finished = FollowShell("(sleep 0.3; PROGRAM each; exit 0) &");
    ASSERT_EQ(finished.status, 0) << finished.err;
    EXPECT_TRUE(Says(finished, "ztrace: the program ended; ")) << finished.err;
    // The subshell, sleep, the program.
    ExpectOneOfEach(Child(3));
}

// A signal then ends the recording, and the trace says so; the child goes on.
TEST_F(ZtraceFollowTest, LeavesChildrenAtASignal) {
    const Finished finished = FollowShell("(sleep 0.5; exec PROGRAM wait) &", 1);
    EXPECT_EQ(finished.status, 0) << finished.err;
    Trace child = Child(1);
    EXPECT_EQ(child.Count(ZT_MALLOC, SIZE_KILLED), size_t{KILLED_EVENTS} / 2) << finished.err;
    EXPECT_EQ(child.notes["stopped"], "when ztrace got a signal");
}

TEST_F(ZtraceFollowTest, TakesSamplesOfChildren) {
    ASSERT_EQ(FollowShell("PROGRAM grow; true").status, 0);
    uint64_t most = 0;
    for (const zt_sample &sample : Child(1).samples) most = std::max(most, sample.rss_anon);
    EXPECT_GE(most, uint64_t{GROWN});
}

TEST_F(ZtraceFollowTest, WritesOverNothing) {
    WriteFile(ChildPath(7), "mine");
    Finished finished = Follow({DataFile(kProgram), "fork"});
    EXPECT_EQ(finished.status, 2);
    EXPECT_TRUE(Says(finished, ChildPath(7) + ": exists; --force replaces it")) << finished.err;
    EXPECT_FALSE(Exists(path_));
    finished = Follow({DataFile(kProgram), "fork"}, 0, "--follow=6");
    EXPECT_EQ(finished.status, 0) << finished.err;
    EXPECT_EQ(ReadFile(ChildPath(7)), "mine");
    finished = Follow({"--force", DataFile(kProgram), "fork"});
    EXPECT_EQ(finished.status, 0) << finished.err;
    EXPECT_GE(Child(1).Count(ZT_MALLOC, SIZE_CHILD), 1u);
    EXPECT_FALSE(Exists(ChildPath(7))) << "it would seem to belong to this recording";
}

TEST_F(ZtraceFollowTest, WrongNumbersAreOneLine) {
    for (const char *number : {"0", "1001", "x", ""}) {
        const Finished finished =
            Follow({DataFile(kProgram), "fork"}, 0, "--follow=" + std::string(number));
        EXPECT_EQ(finished.status, 2);
        EXPECT_EQ(finished.err, "ztrace: --follow takes a number from 1 to 1000, not " +
                                    std::string(number) + " (see ztrace --help)\n");
    }
}

}  // namespace
}  // namespace ztrace_test
