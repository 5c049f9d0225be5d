// ztrace --attach: records a process that runs already.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/emulated.h"
#include "tests/tools/attached_program.h"
#include "tests/tools/process.h"
#include "tests/tools/ztrace.h"

namespace ztrace_test {
namespace {

// A process that gets our letters and whose lines we read.
class Process {
  public:
    // What is read is what it prints to `out`.
    explicit Process(const std::vector<std::string> &command, int out = STDOUT_FILENO) {
        int in[2], from[2];
        EXPECT_EQ(pipe2(in, O_CLOEXEC), 0);
        EXPECT_EQ(pipe2(from, O_CLOEXEC), 0);
        pid_ = fork();
        if (pid_ == 0) {
            dup2(in[0], STDIN_FILENO);
            dup2(from[1], out);
            std::vector<char *> arguments;
            for (const std::string &argument : command) {
                arguments.push_back(const_cast<char *>(argument.c_str()));
            }
            arguments.push_back(nullptr);
            execv(arguments[0], arguments.data());
            _exit(127);
        }
        close(in[0]);
        close(from[1]);
        to_ = in[1];
        from_ = from[0];
    }

    ~Process() {
        if (pid_ > 0) kill(pid_, SIGKILL);
        End();
    }

    Process(const Process &) = delete;
    Process &operator=(const Process &) = delete;

    pid_t Pid() const { return pid_; }

    // Reads lines until one holds the text; false when there are no more.
    bool Says(const std::string &text) {
        while (ReadLine()) {
            if (lines_.find(text, lines_.rfind('\n', lines_.size() - 2) + 1) != std::string::npos) {
                return true;
            }
        }
        return false;
    }

    // Asks for one thing, and waits until it is done.
    bool Does(char what) { return write(to_, &what, 1) == 1 && Says("done"); }

    // Ends its input, and waits until it ends; its status, or 128 + the signal.
    int End() {
        if (pid_ <= 0) return status_;
        close(to_);
        while (ReadLine()) {
        }
        close(from_);
        int status = 0;
        waitpid(pid_, &status, 0);
        pid_ = 0;
        status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        return status_;
    }

    // All that was read.
    const std::string &Lines() const { return lines_; }

  private:
    bool ReadLine() {
        char letter;
        while (read(from_, &letter, 1) == 1) {
            lines_ += letter;
            if (letter == '\n') return true;
        }
        return false;
    }

    pid_t pid_ = 0;
    int to_ = -1, from_ = -1, status_ = -1;
    std::string lines_;
};

// Why no process here may trace another that is not its child, or "".
std::string WhyNoTracing() {
    const pid_t traced = fork();
    if (traced == 0) {
        for (;;) pause();
    }
    const pid_t tracer = fork();
    if (tracer == 0) _exit(ptrace(PTRACE_ATTACH, traced, nullptr, nullptr) == 0 ? 0 : errno);
    int status = 0;
    waitpid(tracer, &status, 0);
    kill(traced, SIGKILL);
    waitpid(traced, nullptr, 0);
    return status == 0 ? "" : strerror(WEXITSTATUS(status));
}

bool HaveGdb() { return std::system("gdb -nx --version > /dev/null 2>&1") == 0; }

class ZtraceAttachTest : public ZtraceTest {
  protected:
    void SetUp() override {
#if !defined(__x86_64__) && !defined(__aarch64__)
        GTEST_SKIP() << "--attach is there for x86-64 and arm64";
#endif
        if (zmalloc_test::Emulated()) GTEST_SKIP() << "no process can be traced under qemu";
        if (!HaveGdb()) GTEST_SKIP() << "there is no gdb";
        const std::string why = WhyNoTracing();
        if (!why.empty()) GTEST_SKIP() << "ptrace is not permitted: " << why;
    }

    static std::vector<std::string> Program(const std::vector<std::string> &arguments = {}) {
        std::vector<std::string> command = {DataFile("tests/tools/attached_program")};
        command.insert(command.end(), arguments.begin(), arguments.end());
        return command;
    }

    std::vector<std::string> Attach(const Process &process,
                                    const std::vector<std::string> &options = {}) const {
        std::vector<std::string> command = {DataFile(kZtrace), "-o", path_,
                                            "--attach=" + std::to_string(process.Pid())};
        command.insert(command.end(), options.begin(), options.end());
        return command;
    }

    // The line that ztrace prints when it cannot attach to a process.
    void ExpectRefused(pid_t pid, const std::string &why) {
        const Finished finished = Ztrace({"-o", path_, "--attach=" + std::to_string(pid)});
        EXPECT_EQ(finished.status, 2);
        EXPECT_EQ(finished.err, "ztrace: process " + std::to_string(pid) + " " + why + "\n");
        EXPECT_NE(access(path_.c_str(), F_OK), 0);
        EXPECT_NE(access((path_ + ".raw").c_str(), F_OK), 0);
    }
};

constexpr char kRecorded[] = "is recorded";

TEST_F(ZtraceAttachTest, RecordsUntilASignal) {
    Process program(Program());
    ASSERT_TRUE(program.Says("ready"));
    Process ztrace(Attach(program), STDERR_FILENO);
    ASSERT_TRUE(ztrace.Says(kRecorded)) << ztrace.Lines();
    ASSERT_TRUE(program.Does('e'));
    kill(ztrace.Pid(), SIGTERM);
    ASSERT_EQ(ztrace.End(), 0) << ztrace.Lines();
    ASSERT_TRUE(program.Does('m')) << "it goes on";
    EXPECT_EQ(program.End(), ATTACHED_STATUS);

    Trace trace = Read(path_);
    EXPECT_EQ(trace.error, "");
    EXPECT_EQ(trace.Count(ZT_MALLOC, ATTACHED_OLD), 0u);
    EXPECT_EQ(trace.Count(ZT_MALLOC, ATTACHED_MALLOC), 1u);
    EXPECT_EQ(trace.Count(ZT_CALLOC, ATTACHED_CALLOC), 1u);
    EXPECT_EQ(trace.Count(ZT_REALLOC, ATTACHED_REALLOC), 1u);
    EXPECT_EQ(trace.Count(ZT_ALIGNED, ATTACHED_ALIGNED), 1u);
    EXPECT_EQ(trace.Count(ZT_MALLOC, ATTACHED_STRDUP), 1u) << "the libc calls malloc";
    EXPECT_EQ(trace.Count(ZT_MALLOC, ATTACHED_POINTER), 1u) << "a pointer that the linker set";
    EXPECT_EQ(trace.Count(ZT_MALLOC, ATTACHED_THREAD), 1u);
    EXPECT_EQ(trace.Count(ZT_MALLOC, ATTACHED_MANY), 0u) << "after the end";
    EXPECT_EQ(trace.notes["program"], "attached_program");
    EXPECT_EQ(trace.notes["allocator"], "libc.so.6");
    EXPECT_EQ(trace.notes["stopped"], "when ztrace got a signal");
    EXPECT_NE(trace.notes["begun"], "");
    EXPECT_NE(trace.notes["not-recorded"].find("(--attach)"), std::string::npos);
    // The old block; and it may be that of one idle call that the recording began in.
    EXPECT_GE(std::stoul("0" + trace.notes["unknown-frees"]), 1u);
    EXPECT_LE(std::stoul("0" + trace.notes["unknown-frees"]), 2u);
    EXPECT_EQ(trace.notes.count("missed-frees"), 0u);
    EXPECT_EQ(trace.notes.count("lost-events"), 0u);
    EXPECT_NE(access((path_ + ".raw").c_str(), F_OK), 0);
}

TEST_F(ZtraceAttachTest, RecordsOnceUntilTheProcessEnds) {
    Process program(Program());
    ASSERT_TRUE(program.Says("ready"));
    Process ztrace(Attach(program, {"--stacks=4"}), STDERR_FILENO);
    ASSERT_TRUE(ztrace.Says(kRecorded)) << ztrace.Lines();
    ASSERT_TRUE(program.Does('e'));
    const Finished second = Ztrace({"--attach=" + std::to_string(program.Pid())});
    EXPECT_EQ(second.status, 2);
    EXPECT_NE(second.err.find("has loaded ztrace's library before"), std::string::npos)
        << second.err;
    EXPECT_EQ(program.End(), ATTACHED_STATUS);
    EXPECT_EQ(ztrace.End(), 0) << ztrace.Lines();
    Trace trace = Read(path_);
    EXPECT_EQ(trace.error, "");
    EXPECT_EQ(trace.Count(ZT_MALLOC, ATTACHED_MALLOC), 1u);
    EXPECT_EQ(trace.notes.count("stopped"), 0u);
}

TEST_F(ZtraceAttachTest, StopsAtASize) {
    Process program(Program());
    ASSERT_TRUE(program.Says("ready"));
    Process ztrace(Attach(program, {"--max-size=1048576"}), STDERR_FILENO);
    ASSERT_TRUE(ztrace.Says(kRecorded)) << ztrace.Lines();
    ASSERT_TRUE(program.Does('m'));
    EXPECT_EQ(ztrace.End(), 0) << ztrace.Lines();
    EXPECT_EQ(program.End(), ATTACHED_STATUS);
    Trace trace = Read(path_);
    EXPECT_EQ(trace.error, "");
    EXPECT_EQ(trace.notes["stopped"], "at 1048576 bytes (--max-size)");
    EXPECT_GT(trace.Count(ZT_MALLOC, ATTACHED_MANY), 1000u);
}

// A process that calls no malloc is let go when ztrace gets a signal.
TEST_F(ZtraceAttachTest, IsInterrupted) {
    Process program(Program({"idle"}));
    ASSERT_TRUE(program.Says("ready"));
    Process ztrace(Attach(program), STDERR_FILENO);
    const std::string status = "/proc/" + std::to_string(program.Pid()) + "/status";
    siginfo_t ended = {};
    while (ReadFile(status).find("TracerPid:\t0\n") != std::string::npos && ended.si_pid == 0) {
        waitid(P_PID, static_cast<id_t>(ztrace.Pid()), &ended, WEXITED | WNOHANG | WNOWAIT);
        usleep(1000);
    }
    kill(ztrace.Pid(), SIGINT);
    EXPECT_EQ(ztrace.End(), 128 + SIGINT) << ztrace.Lines();
    EXPECT_NE(ztrace.Lines().find("interrupted"), std::string::npos) << ztrace.Lines();
    ASSERT_TRUE(program.Does('e'));
    EXPECT_EQ(program.End(), ATTACHED_STATUS);
    EXPECT_NE(access(path_.c_str(), F_OK), 0);
    EXPECT_NE(access((path_ + ".raw").c_str(), F_OK), 0);
}

// A thread with little stack does not load the library: it would overflow.
TEST_F(ZtraceAttachTest, LeavesThreadsWithLittleStackAlone) {
    Process program(Program({"narrow"}));
    ASSERT_TRUE(program.Says("ready"));
    Process ztrace(Attach(program), STDERR_FILENO);
    ASSERT_TRUE(ztrace.Says(kRecorded)) << ztrace.Lines();
    ASSERT_TRUE(program.Does('e'));
    kill(ztrace.Pid(), SIGTERM);
    EXPECT_EQ(ztrace.End(), 0) << ztrace.Lines();
    EXPECT_EQ(program.End(), ATTACHED_STATUS);
}

// In the place of gdb: a script, which `path` then finds.
class FakeGdb {
  public:
    explicit FakeGdb(const std::string &script) : folder_(testing::TempDir() + "/fake_gdb") {
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directory(folder_);
        std::ofstream(folder_ + "/gdb") << "#!/bin/sh\nfolder=" << folder_ << "\n" << script;
        std::filesystem::permissions(folder_ + "/gdb", std::filesystem::perms::owner_all);
        setenv("PATH", (folder_ + ":" + before_).c_str(), 1);
    }

    ~FakeGdb() {
        setenv("PATH", before_.c_str(), 1);
        std::filesystem::remove_all(folder_);
    }

  private:
    const std::string folder_, before_ = getenv("PATH");
};

// gdb may miss that a process with threads got SIGKILL.
TEST_F(ZtraceAttachTest, LooksWhetherTheProcessHasEnded) {
    FakeGdb gdb(
        "while read -r command process; do\n"
        "  case $command in -target-attach) pid=$process;; -exec-continue) kill -9 $pid;; esac\n"
        "  echo ^done\n"
        "done\n"
        "exec sleep 1000\n");
    Process program(Program());
    ASSERT_TRUE(program.Says("ready"));
    ExpectRefused(program.Pid(), "has ended");
    EXPECT_EQ(program.End(), 128 + SIGKILL);
}

TEST_F(ZtraceAttachTest, ProcessGoesOnWhenGdbEnds) {
    FakeGdb gdb(
        "while read -r command process; do\n"
        "  case $command in -target-attach) kill -STOP $process;; -exec-continue) exit;; esac\n"
        "  echo ^done\n"
        "done\n");
    Process program(Program());
    ASSERT_TRUE(program.Says("ready"));
    ExpectRefused(program.Pid(), "is not recorded: gdb says: gdb ended");
    const std::string status = ReadFile("/proc/" + std::to_string(program.Pid()) + "/status");
    ASSERT_EQ(status.find("State:\tT"), std::string::npos) << status;
    ASSERT_TRUE(program.Does('e'));
    EXPECT_EQ(program.End(), ATTACHED_STATUS);
}

// What is called then returns to where nothing may be executed.
TEST_F(ZtraceAttachTest, ProcessDoesNotBeginOnceMoreWhenGdbEndsInTheCall) {
#if !defined(__x86_64__)
    GTEST_SKIP() << "so it is on x86-64";
#endif
    FakeGdb gdb(
        "mkfifo $folder/commands\n"
        "PATH=${PATH#*:}\n"
        "gdb \"$@\" < $folder/commands &\n"
        "exec 3> $folder/commands\n"
        "while read -r command; do\n"
        "  case $calls$command in *'&dlopen'*) calls=yes;; yes-exec-continue) break;; esac\n"
        "  echo \"$command\" >&3\n"
        "done\n"
        "kill -9 $!\n");
    Process program(Program());
    ASSERT_TRUE(program.Says("ready"));
    const Finished finished = Ztrace({"-o", path_, "--attach=" + std::to_string(program.Pid())});
    EXPECT_EQ(finished.status, 2);
    EXPECT_NE(finished.err.find("did not load ztrace's library"), std::string::npos)
        << finished.err;  // gdb or the process has ended first
    EXPECT_EQ(program.End(), 128 + SIGSEGV);
}

TEST_F(ZtraceAttachTest, RefusesWhatItCannotRecord) {
    Process stopped(Program());
    ASSERT_TRUE(stopped.Says("ready"));
    kill(stopped.Pid(), SIGSTOP);
    waitpid(stopped.Pid(), nullptr, WUNTRACED);
    ExpectRefused(stopped.Pid(), "is stopped; send it SIGCONT first");
    kill(stopped.Pid(), SIGKILL);
    waitid(P_PID, static_cast<id_t>(stopped.Pid()), nullptr, WEXITED | WNOWAIT);
    ExpectRefused(stopped.Pid(), "has ended");
    const pid_t gone = stopped.Pid();
    EXPECT_EQ(stopped.End(), 128 + SIGKILL);
    ExpectRefused(gone, "does not exist");
}

TEST_F(ZtraceAttachTest, RefusesProgramsWithoutTheLibcsMalloc) {
    Process fixed({DataFile("tests/tools/static_program"), "wait"});
    ASSERT_TRUE(fixed.Says("ready"));
    ExpectRefused(fixed.Pid(), "is statically linked, and not recorded");
}

TEST_F(ZtraceAttachTest, RefusesItself) {
    const Finished finished =
        RunProgram({"/bin/sh", "-c", "exec \"$0\" --attach=$$", DataFile(kZtrace)});
    EXPECT_EQ(finished.status, 2);
    EXPECT_NE(finished.err.find(" is ztrace itself\n"), std::string::npos) << finished.err;
}

TEST_F(ZtraceAttachTest, SaysThatThereIsNoGdb) {
    Process program(Program());
    ASSERT_TRUE(program.Says("ready"));
    const Finished finished =
        RunProgram({DataFile(kZtrace), "-o", path_, "--attach=" + std::to_string(program.Pid())},
                   {"PATH=/nonexistent"});
    EXPECT_EQ(finished.status, 2);
    EXPECT_EQ(finished.err, "ztrace: --attach needs gdb: No such file or directory\n");
    EXPECT_NE(access((path_ + ".raw").c_str(), F_OK), 0);
    EXPECT_EQ(program.End(), ATTACHED_STATUS);
}

TEST_F(ZtraceAttachTest, TakesOptionsThatFit) {
    const std::vector<std::pair<std::vector<std::string>, std::string>> wrong = {
        {{"--attach=me"}, "--attach takes the number of a process, not me"},
        {{"--attach=0"}, "--attach takes the number of a process, not 0"},
        {{"--attach=1", "--follow"}, "--attach excludes --follow"},
        {{"--attach=1", "--convert=x"}, "--attach excludes --convert"},
        {{"--attach=1", "ls"}, "--attach runs no program; unexpected: ls"},
    };
    for (const auto &[arguments, why] : wrong) {
        const Finished finished = Ztrace(arguments);
        EXPECT_EQ(finished.status, 2);
        EXPECT_EQ(finished.err, "ztrace: " + why + " (see ztrace --help)\n");
    }
}

}  // namespace
}  // namespace ztrace_test
