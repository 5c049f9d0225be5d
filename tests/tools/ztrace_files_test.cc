// Which files ztrace writes: whole ones or none, with whatever there was before.
#include <sys/stat.h>

#include <csignal>
#include <cstring>
#include <filesystem>

#include "tests/tools/ztrace.h"

namespace ztrace_test {
namespace {

class ZtraceFilesTest : public ZtraceTest {};

// ztrace leaves no file that looks like a trace.
TEST_F(ZtraceFilesTest, RecordingNothingIsNoSuccess) {
    std::string raw = TempFile("empty.raw"), header(196608, '\0');
    const uint64_t magic = UINT64_C(0x34776172617274);
    memcpy(header.data(), &magic, sizeof(magic));
    WriteFile(raw, header);
    const std::vector<std::pair<std::vector<std::string>, int>> cases = {
        {{"--convert", raw, "-o", path_}, 2},
        {{"-o", path_, DataFile(kProgram), "nothing"}, 2},
        {{"--quiet", "-o", path_, DataFile(kProgram), "nothing"}, 2},
        {{"-o", path_, DataFile(kProgram), "nothing", "7"}, 7}};
    for (const auto &[arguments, status] : cases) {
        Finished finished = Ztrace(arguments);
        EXPECT_EQ(finished.status, status);
        EXPECT_EQ(finished.err.rfind("ztrace: nothing was recorded: ", 0), 0u) << finished.err;
        EXPECT_EQ(finished.err.find('\n'), finished.err.size() - 1) << finished.err;
        EXPECT_NE(access(path_.c_str(), F_OK), 0);
        EXPECT_NE(access((path_ + ".raw").c_str(), F_OK), 0);
    }
}

TEST_F(ZtraceFilesTest, WorksInTheUsersFolder) {
    Finished finished = Ztrace({"-o", "relative.ztrace", DataFile(kProgram), "pwd"});
    EXPECT_EQ(finished.status, 0) << finished.err;
    char *folder = realpath(TempFile("").c_str(), nullptr);
    EXPECT_EQ(finished.out, std::string(folder) + "\n");
    free(folder);
    EXPECT_EQ(Read(TempFile("relative.ztrace")).error, "");
}

TEST_F(ZtraceFilesTest, WritesAFileOfItsOwnOnly) {
    Record("status", 7);
    struct stat stat;
    ASSERT_EQ(::stat(path_.c_str(), &stat), 0);
    EXPECT_EQ(stat.st_mode & 07777, 0600u);
    std::string before = ReadFile(path_);

    Finished finished = Ztrace({"-o", path_, DataFile(kProgram), "each"});
    EXPECT_EQ(finished.status, 2);
    EXPECT_NE(finished.err.find("--force"), std::string::npos) << finished.err;
    EXPECT_EQ(ReadFile(path_), before);
    EXPECT_EQ(Ztrace({"--force", "-o", path_, DataFile(kProgram), "each"}).status, 0);
    EXPECT_NE(ReadFile(path_), before);

    std::string link = TempFile("link.ztrace"), target = TempFile("target");
    WriteFile(target, "precious");
    ASSERT_EQ(symlink(target.c_str(), link.c_str()), 0);
    EXPECT_EQ(Ztrace({"-o", link, DataFile(kProgram), "each"}).status, 2);
    EXPECT_EQ(Ztrace({"--force", "-o", link, DataFile(kProgram), "each"}).status, 2);
    EXPECT_EQ(ReadFile(target), "precious");
}

// A whole new trace replaces the file that was there; otherwise that file stays as it was.
TEST_F(ZtraceFilesTest, KeepsTheOldTraceUntilThereIsANewOne) {
    std::string raw = TempFile("kept.raw"), link = TempFile("kept-link.raw");
    WriteFile(raw, std::string(1 << 17, 'x'));
    ASSERT_EQ(::link(raw.c_str(), link.c_str()), 0);
    WriteFile(path_, "old");
    EXPECT_EQ(Ztrace({"--force", "--convert", raw, "-o", path_}).status, 2);
    EXPECT_EQ(ReadFile(path_), "old");
    EXPECT_EQ(Ztrace({"--force", "-o", path_, DataFile(kProgram), "nothing"}).status, 2);
    EXPECT_EQ(ReadFile(path_), "old");
    for (const std::string &output : {raw, link}) {
        Finished finished = Ztrace({"--force", "--convert", raw, "-o", output});
        EXPECT_EQ(finished.status, 2);
        EXPECT_NE(finished.err.find("is the recording itself"), std::string::npos) << finished.err;
        EXPECT_EQ(finished.err.find('\n'), finished.err.size() - 1) << finished.err;
        EXPECT_EQ(ReadFile(output).size(), size_t{1} << 17);
    }
    EXPECT_EQ(Ztrace({"--force", "-o", path_, DataFile(kProgram), "each"}).status, 0);
    ExpectOneOfEach(Read(path_));
    for (const auto &entry : std::filesystem::directory_iterator(TempFile(""))) {
        EXPECT_EQ(entry.path().filename().string().rfind(".ztrace-", 0), std::string::npos);
    }
}

// ztrace writes neither the trace nor the recording beside it through a symbolic link.
TEST_F(ZtraceFilesTest, CreatesNothingBehindALink) {
    const std::string target = TempFile("nowhere");
    for (const std::string &link : {path_, path_ + ".raw"}) {
        ASSERT_EQ(symlink(target.c_str(), link.c_str()), 0);
        for (const char *force : {"--quiet", "--force"}) {
            Finished finished = Ztrace({force, "-o", path_, DataFile(kProgram), "each"});
            EXPECT_EQ(finished.status, 2) << link;
            EXPECT_EQ(finished.err.rfind("ztrace: " + link + ": ", 0), 0u) << finished.err;
            EXPECT_NE(access(target.c_str(), F_OK), 0) << link;
        }
        unlink(link.c_str());
    }
}

// With --force the name goes to the trace; the file that had it stays as it is under its other
// names.  ztrace neither replaces nor waits for a FIFO, a folder or a device.
TEST_F(ZtraceFilesTest, WritesIntoNothingThatIsThere) {
    const std::string other = TempFile("other"), fifo = TempFile("fifo"), dir = TempFile("dir");
    WriteFile(other, "precious");
    ASSERT_EQ(::link(other.c_str(), path_.c_str()), 0);
    EXPECT_EQ(Ztrace({"--force", "-o", path_, DataFile(kProgram), "each"}).status, 0);
    ExpectOneOfEach(Read(path_));
    EXPECT_EQ(ReadFile(other), "precious");

    ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
    ASSERT_EQ(mkdir(dir.c_str(), 0700), 0);
    for (const std::string &there : {fifo, dir, std::string("/dev/full")}) {
        for (const char *force : {"--quiet", "--force"}) {
            for (const Finished &finished :
                 {Ztrace({force, "-o", there, DataFile(kProgram), "each"}),
                  Ztrace({force, "--convert", there, "-o", path_ + ".new"})}) {
                EXPECT_EQ(finished.status, 2) << there;
                EXPECT_EQ(finished.err.rfind("ztrace: " + there + ": ", 0), 0u) << finished.err;
                EXPECT_EQ(finished.err.find('\n'), finished.err.size() - 1) << finished.err;
            }
        }
    }
}

// A disk of `size` bytes that only this command sees, mounted at a folder.
std::vector<std::string> OnADisk(const std::string &folder, size_t size,
                                 const std::string &command) {
    mkdir(folder.c_str(), 0700);
    return {"/usr/bin/unshare", "-rm", "/bin/sh", "-c",
            "mount -t tmpfs -o size=" + std::to_string(size) + " none " + folder + " && cd " +
                folder + " && " + command};
}

TEST_F(ZtraceFilesTest, SurvivesAFullDisk) {
    const std::string disk = TempFile("disk"), ztrace = DataFile(kZtrace) + " -o " + disk + "/t ",
                      program = DataFile(kProgram) + " kill";
    if (RunProgram(OnADisk(disk, 1 << 20, "true")).status != 0) {
        GTEST_SKIP() << "no disk can be mounted here";
    }
    // The disk has room for two chunks of the recording, and for a trace of them.
    Finished finished = RunProgram(OnADisk(disk, 768 << 10, ztrace + program + "; cp t " + path_));
    EXPECT_NE(finished.err.find("events lost (No space left on device)"), std::string::npos)
        << finished.err;
    Trace trace = Read(path_);
    EXPECT_FALSE(trace.truncated);
    EXPECT_GT(trace.Count(ZT_MALLOC, SIZE_KILLED), 1000u);
    EXPECT_GT(std::stoul(trace.notes["lost-events"]), 1000u);
    EXPECT_EQ(trace.notes["lost-why"], "No space left on device");

    // First the disk has room for the head of the recording alone: all events are lost, and nothing
    // more can be written.  Then it has not even that: ztrace does not start the program.
    const std::string leaves = "; status=$?; ls; exit $status", reason = "/t: No space left on";
    finished = RunProgram(OnADisk(disk, 192 << 10, ztrace + program + leaves));
    EXPECT_EQ(finished.out, "ready\nt.raw\n");
    EXPECT_EQ(finished.status, 2) << finished.err;
    EXPECT_NE(finished.err.find(reason), std::string::npos) << finished.err;
    const std::string fill = "cat /dev/zero >fill 2>&-; ";
    finished = RunProgram(OnADisk(disk, 128 << 10, fill + ztrace + program + leaves));
    EXPECT_EQ(finished.out, "fill\n");
    EXPECT_EQ(finished.status, 2) << finished.err;
    EXPECT_NE(finished.err.find("/t.raw: No space left on"), std::string::npos) << finished.err;
}

// Without /proc an unnamed file cannot get its name.
TEST_F(ZtraceFilesTest, WritesWhereFilesNeedNames) {
    const std::vector<std::string> without_proc = {
        "/usr/bin/unshare", "-rm", "/bin/sh", "-c", "mount -t tmpfs none /proc && \"$@\"", "sh"};
    auto run = [&](const std::vector<std::string> &command) {
        std::vector<std::string> all = without_proc;
        all.insert(all.end(), command.begin(), command.end());
        return RunProgram(all);
    };
    if (run({"/bin/true"}).status != 0) GTEST_SKIP() << "nothing can be mounted here";
    for (const auto &[force, status] : {std::pair("--quiet", 0), {"--quiet", 2}, {"--force", 0}}) {
        Finished finished =
            run({DataFile(kZtrace), force, "-o", path_, DataFile(kProgram), "each"});
        EXPECT_EQ(finished.status, status) << finished.err;
        ExpectOneOfEach(Read(path_));
    }
    for (const auto &entry : std::filesystem::directory_iterator(TempFile(""))) {
        EXPECT_EQ(entry.path().filename().string().rfind(".ztrace-", 0), std::string::npos);
    }
}

// The recording stays when somebody kills ztrace, and when there is no room for the trace.
TEST_F(ZtraceFilesTest, LeavesTheRecordingWhenItIsKilled) {
    const std::string raw = path_ + ".raw";
    EXPECT_EQ(Ztrace({"-o", path_, DataFile(kProgram), "kill-recorder"}).status, 128 + 9);
    EXPECT_NE(access(path_.c_str(), F_OK), 0);
    struct stat stat;
    ASSERT_EQ(::stat(raw.c_str(), &stat), 0);
    EXPECT_EQ(stat.st_mode & 07777, 0600u);

    Finished again = Ztrace({"-o", path_, DataFile(kProgram), "each"});
    EXPECT_EQ(again.status, 2);
    EXPECT_NE(again.err.find("goes on, or was interrupted; make a trace of it with --convert"),
              std::string::npos)
        << again.err;

    // A reader that takes the recording for a trace says what it is.
    EXPECT_NE(Read(raw).error.find("ztrace --convert"), std::string::npos) << Read(raw).error;

    const std::string before = ReadFile(raw);
    Finished full = RunProgram({"/bin/sh", "-c", "ulimit -f 1; exec \"$@\"", "sh",
                                DataFile(kZtrace), "--convert", raw, "-o", path_});
    EXPECT_EQ(full.status, 2);
    EXPECT_NE(full.err.find(strerror(EFBIG)), std::string::npos) << full.err;
    EXPECT_EQ(full.err.find('\n'), full.err.size() - 1) << full.err;
    EXPECT_NE(access(path_.c_str(), F_OK), 0);
    EXPECT_EQ(ReadFile(raw), before);

    EXPECT_EQ(Ztrace({"--convert", raw, "-o", path_}).status, 0);
    EXPECT_EQ(Read(path_).Count(ZT_MALLOC, SIZE_KILLED), KILLED_EVENTS / 2u);
    EXPECT_FALSE(Read(path_).samples.empty());
    for (const auto &entry : std::filesystem::directory_iterator(TempFile(""))) {
        EXPECT_EQ(entry.path().filename().string().rfind(".ztrace-", 0), std::string::npos);
    }
}

TEST_F(ZtraceFilesTest, SurvivesTheLimitForFiles) {
    Finished finished = Ztrace({"-o", path_, DataFile(kProgram), "limit-files"});
    EXPECT_EQ(finished.status, 0) << finished.err;
    EXPECT_NE(finished.err.find("events lost (File too large)"), std::string::npos) << finished.err;
    EXPECT_GT(Read(path_).Count(ZT_MALLOC, SIZE_MALLOC), 1000u);
}

// The limit is too small for the head of a recording: ztrace leaves no file that blocks the next
// run.
TEST_F(ZtraceFilesTest, ASmallLimitForFilesLeavesNothing) {
    for (const char *limit : {"1", "63", "127"}) {
        Finished finished =
            RunProgram({"/bin/bash", "-c", "ulimit -f $0; exec \"$@\"", limit, DataFile(kZtrace),
                        "-o", path_, DataFile(kProgram), "each"});
        EXPECT_EQ(finished.status, 2) << limit;
        EXPECT_EQ(finished.err, "ztrace: " + path_ + ".raw: File too large\n");
        for (const std::string &left : {path_, path_ + ".raw"}) {
            EXPECT_NE(access(left.c_str(), F_OK), 0) << left;
        }
    }
    ExpectOneOfEach(Record("each"));
}

// A signal comes at any time while ztrace writes the trace: the trace is there as a whole or not at
// all, and the recording stays.
TEST_F(ZtraceFilesTest, IsInterruptedWhileItConverts) {
    const std::string raw = path_ + ".raw";
    EXPECT_EQ(Ztrace({"-o", path_, DataFile(kProgram), "kill-recorder"}).status, 128 + 9);
    for (const char *delay : {"0", "0.005", "0.01", "0.02", "0.03", "0.05", "0.1"}) {
        Finished finished = RunProgram({"/bin/bash", "-c", "\"$@\" & sleep $0; kill $!; wait $!",
                                        delay, DataFile(kZtrace), "--convert", raw, "-o", path_});
        const bool whole = access(path_.c_str(), F_OK) == 0;
        EXPECT_TRUE(finished.status == 128 + SIGTERM || (whole && finished.status == 0)) << delay;
        if (whole) {
            EXPECT_EQ(Read(path_).error, "") << delay;
        }
        unlink(path_.c_str());
        EXPECT_EQ(access(raw.c_str(), F_OK), 0);
    }
    for (const auto &entry : std::filesystem::directory_iterator(TempFile(""))) {
        EXPECT_EQ(entry.path().filename().string().rfind(".ztrace-", 0), std::string::npos);
    }
}

TEST_F(ZtraceFilesTest, ConvertsOnlyItsOwnRawFiles) {
    std::string raw = TempFile("foreign.raw");
    for (const std::string &bytes :
         {std::string(), std::string("text"), std::string(1 << 20, 'x')}) {
        WriteFile(raw, bytes);
        Finished finished = Ztrace({"--convert", raw, "-o", path_});
        EXPECT_EQ(finished.status, 2);
        EXPECT_NE(finished.err.find("not a raw recording"), std::string::npos) << finished.err;
        EXPECT_NE(access(path_.c_str(), F_OK), 0);
    }
}

}  // namespace
}  // namespace ztrace_test
