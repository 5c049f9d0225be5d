// ztrace on a program whose allocations are known.
#include <gtest/gtest.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <map>
#include <random>

#include "tests/emulated.h"
#include "tests/tools/process.h"
#include "tests/tools/traced_program.h"
#include "tools/trace/trace.h"
#include "tools/ztrace/inspect.h"

namespace ztrace_test {
namespace {

const char kZtrace[] = "tools/ztrace/ztrace";
const char kProgram[] = "tests/tools/traced_program";

struct Trace {
    std::vector<zt_event> events;
    std::string error;
    bool truncated = false;
    std::map<std::string, std::string> notes;

    // Events of one kind and size.
    size_t Count(zt_op op, uint64_t size) const {
        size_t count = 0;
        for (const zt_event &event : events) count += event.op == op && event.size == size;
        return count;
    }
};

// The reader itself checks that nothing is freed twice or before it was allocated.
Trace Read(const std::string &path) {
    Trace trace;
    zt_error error;
    zt_reader *reader = zt_reader_open(path.c_str(), &error);
    zt_event event;
    while (reader && zt_read(reader, &event) > 0) trace.events.push_back(event);
    trace.error = error.text;
    if (!reader) return trace;
    trace.truncated = zt_reader_truncated(reader);
    for (const char *key : {"program", "unknown-frees", "missed-frees", "lost-events"}) {
        const char *note = zt_reader_note(reader, key);
        if (note) trace.notes[key] = note;
    }
    zt_reader_close(reader);
    return trace;
}

class ZtraceTest : public testing::Test {
  protected:
    ZtraceTest() : path_(TempFile(Name() + ".ztrace")) {}

    void SetUp() override {
        if (!zmalloc_test::CanStartPrograms()) GTEST_SKIP() << "ztrace starts the program";
    }

    static std::string Name() {
        return testing::UnitTest::GetInstance()->current_test_info()->name();
    }

    Finished Ztrace(std::vector<std::string> arguments, int kill_after = 0) {
        arguments.insert(arguments.begin(), DataFile(kZtrace));
        return RunProgram(arguments, {"BUILD_WORKING_DIRECTORY=" + TempFile("")}, kill_after);
    }

    // Records traced_program doing `what`; the trace must have no gap.
    Trace Record(const std::string &what, int status = 0, int kill_after = 0) {
        Finished finished = Ztrace({"-o", path_, DataFile(kProgram), what}, kill_after);
        EXPECT_EQ(finished.status, status) << finished.err;
        Trace trace = Read(path_);
        EXPECT_EQ(trace.error, "");
        EXPECT_FALSE(trace.truncated);
        EXPECT_EQ(trace.notes, (std::map<std::string, std::string>{{"program", "traced_program"}}))
            << finished.err;
        EXPECT_NE(finished.err.find(std::to_string(trace.events.size()) + " events"),
                  std::string::npos)
            << finished.err;
        return trace;
    }

    std::string path_;
};

void ExpectOneOfEach(const Trace &trace) {
    EXPECT_EQ(trace.Count(ZT_MALLOC, SIZE_MALLOC), 1u);
    EXPECT_EQ(trace.Count(ZT_CALLOC, SIZE_CALLOC), 1u);
    EXPECT_EQ(trace.Count(ZT_MALLOC, SIZE_REALLOC_NULL), 1u);
    EXPECT_EQ(trace.Count(ZT_REALLOC, SIZE_REALLOC), 1u);
    EXPECT_EQ(trace.Count(ZT_REALLOC, SIZE_REALLOCARRAY), 1u);
    EXPECT_EQ(trace.Count(ZT_MALLOC, SIZE_STRDUP), 1u);
    EXPECT_EQ(trace.Count(ZT_MALLOC, SIZE_KEPT), 1u);
    const uint64_t page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    const std::map<uint64_t, uint64_t> alignments = {
        {SIZE_POSIX_MEMALIGN, 4096},
        {SIZE_ALIGNED_ALLOC, 64},
        {SIZE_MEMALIGN, 128},
        {SIZE_VALLOC, page},
        {(SIZE_PVALLOC + page - 1) / page * page, page}};
    for (const auto &[size, alignment] : alignments) {
        EXPECT_EQ(trace.Count(ZT_ALIGNED, size), 1u) << size;
        for (const zt_event &event : trace.events) {
            if (event.op == ZT_ALIGNED && event.size == size) {
                EXPECT_EQ(uint64_t{1} << event.align_log2, alignment) << size;
            }
        }
    }
    for (const zt_event &event : trace.events) EXPECT_LT(event.size, uint64_t{1} << 32);
}

TEST_F(ZtraceTest, RecordsEachFunction) {
    Trace trace = Record("each");
    ExpectOneOfEach(trace);
    // Two of these blocks are never freed, all others are.
    std::map<uint32_t, uint64_t> live;
    for (const zt_event &event : trace.events) {
        if (event.op == ZT_FREE) {
            live.erase(event.object);
        } else {
            live[event.object] = event.size;
        }
    }
    std::map<uint64_t, int> left;
    for (const auto &[object, size] : live) left[size]++;
    EXPECT_EQ(left[SIZE_KEPT], 1);
    EXPECT_EQ(left[SIZE_STRDUP], 1);
    for (uint64_t size : {SIZE_MALLOC, SIZE_CALLOC, SIZE_REALLOCARRAY, SIZE_VALLOC}) {
        EXPECT_EQ(left[size], 0) << size;
    }
}

TEST_F(ZtraceTest, KeepsTheOrderBetweenThreads) {
    Trace trace = Record("threads");
    EXPECT_EQ(trace.Count(ZT_MALLOC, SIZE_THREAD), static_cast<size_t>(THREADS));
    EXPECT_EQ(trace.Count(ZT_MALLOC, SIZE_THREAD_EXIT), static_cast<size_t>(THREADS));
    std::map<uint32_t, size_t> allocations;
    for (const zt_event &event : trace.events) {
        if (event.op == ZT_MALLOC) allocations[event.thread]++;
    }
    size_t busy = 0;
    for (const auto &[thread, count] : allocations) busy += count >= SWAPS;
    EXPECT_EQ(busy, static_cast<size_t>(THREADS));
    for (size_t i = 1; i < trace.events.size(); i++) {
        ASSERT_LE(trace.events[i - 1].time, trace.events[i].time);
    }
}

TEST_F(ZtraceTest, ShortLivedThreadsShareTheFile) {
    Trace trace = Record("short-threads");
    EXPECT_EQ(trace.Count(ZT_MALLOC, SIZE_THREAD), static_cast<size_t>(SHORT_THREADS));
}

TEST_F(ZtraceTest, LeavesForkedChildrenOut) {
    for (const char *how : {"fork", "clone"}) {
        path_ = TempFile(std::string(how) + ".ztrace");
        Trace trace = Record(how);
        EXPECT_EQ(trace.Count(ZT_MALLOC, SIZE_BEFORE_FORK), 1u) << how;
        EXPECT_EQ(trace.Count(ZT_MALLOC, SIZE_AFTER_FORK), 1u) << how;
        EXPECT_EQ(trace.Count(ZT_MALLOC, SIZE_CHILD), 0u) << how;
    }
}

TEST_F(ZtraceTest, CountsForkedChildren) {
    for (const char *how : {"fork", "clone", "spawn", "each"}) {
        path_ = TempFile(std::string(how) + "-counted.ztrace");
        Finished finished = Ztrace({"-o", path_, DataFile(kProgram), how});
        EXPECT_EQ(finished.status, 0) << finished.err;
        EXPECT_EQ(
            finished.err.find("ztrace: 1 forked child was not recorded\n") != std::string::npos,
            how[0] != 'e')
            << how << ": " << finished.err;
    }
}

// ztrace leaves no file that looks like a trace.
TEST_F(ZtraceTest, RecordingNothingIsNoSuccess) {
    std::string raw = TempFile("empty.raw"), header(65536, '\0');
    const uint64_t magic = UINT64_C(0x31776172617274);
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

TEST_F(ZtraceTest, GoesOnAfterExec) {
    Trace trace = Record("exec");
    EXPECT_EQ(trace.Count(ZT_MALLOC, SIZE_BEFORE_EXEC), 1u);
    ExpectOneOfEach(trace);
    // The first program's blocks are freed before the second program allocates.
    size_t freed_at = 0, lost = 0;
    std::map<uint32_t, uint64_t> live;
    for (size_t i = 0; i < trace.events.size(); i++) {
        const zt_event &event = trace.events[i];
        if (event.op != ZT_FREE) live[event.object] = event.size;
        if (event.op == ZT_MALLOC && event.size == SIZE_MALLOC) lost = i;
        if (event.op == ZT_FREE && live[event.object] == SIZE_BEFORE_EXEC) freed_at = i;
    }
    EXPECT_GT(freed_at, 0u);
    EXPECT_LT(freed_at, lost);
}

TEST_F(ZtraceTest, SurvivesAnEmptiedEnvironment) {
    Trace trace = Record("clear-environment");
    EXPECT_EQ(trace.Count(ZT_MALLOC, SIZE_MALLOC), 100000u);
}

TEST_F(ZtraceTest, KeepsAllOfAProgramThatIsKilled) {
    for (const char *how : {"kill", "crash", "wait"}) {
        path_ = TempFile(std::string(how) + ".ztrace");
        int signal = how[0] == 'k' ? 9 : how[0] == 'c' ? 11 : 15;
        // The launcher passes SIGTERM on.
        Trace trace = Record(how, 128 + signal, how[0] == 'w');
        EXPECT_EQ(trace.Count(ZT_MALLOC, SIZE_KILLED), KILLED_EVENTS / 2u) << how;
    }
}

TEST_F(ZtraceTest, GivesTheStatusOfTheProgram) {
    Record("status", 7);
    EXPECT_EQ(Ztrace({"-o", TempFile("none.ztrace"), TempFile("no-such-program")}).status, 127);
    EXPECT_EQ(Ztrace({"-o", TempFile("none.ztrace"), DataFile("")}).status, 126);
    EXPECT_NE(access(TempFile("none.ztrace").c_str(), F_OK), 0);
    EXPECT_NE(access(TempFile("none.ztrace.raw").c_str(), F_OK), 0);
}

TEST_F(ZtraceTest, WorksInTheUsersFolder) {
    Finished finished = Ztrace({"-o", "relative.ztrace", DataFile(kProgram), "pwd"});
    EXPECT_EQ(finished.status, 0) << finished.err;
    char *folder = realpath(TempFile("").c_str(), nullptr);
    EXPECT_EQ(finished.out, std::string(folder) + "\n");
    free(folder);
    EXPECT_EQ(Read(TempFile("relative.ztrace")).error, "");
}

TEST_F(ZtraceTest, WritesAFileOfItsOwnOnly) {
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
TEST_F(ZtraceTest, KeepsTheOldTraceUntilThereIsANewOne) {
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
TEST_F(ZtraceTest, CreatesNothingBehindALink) {
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
TEST_F(ZtraceTest, WritesIntoNothingThatIsThere) {
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

// ELF files that cannot be recorded: traced_program with a few bytes changed.
class Elf {
  public:
    Elf() : bytes_(ReadFile(DataFile(kProgram))) {}

    Elf &OfAnotherCpu() {
        Header()->e_machine = EM_NONE;
        return *this;
    }

    Elf &Static() {
        Interpreter()->p_type = PT_NULL;
        return *this;
    }

    Elf &OfAnotherLibc() {
        bytes_.replace(Interpreter()->p_offset, 9, "/lib/musl", 10);
        return *this;
    }

    std::string Save(const std::string &name) const {
        std::string path = TempFile(name);
        WriteFile(path, bytes_);
        chmod(path.c_str(), 0700);
        return path;
    }

  private:
    ElfW(Ehdr) * Header() { return reinterpret_cast<ElfW(Ehdr) *>(bytes_.data()); }

    ElfW(Phdr) * Interpreter() {
        auto *segment = reinterpret_cast<ElfW(Phdr) *>(bytes_.data() + Header()->e_phoff);
        while (segment->p_type != PT_INTERP) segment++;
        return segment;
    }

    std::string bytes_;
};

// Before the program starts, ztrace says what it will not record, and why.  It starts every program
// that can run.
TEST_F(ZtraceTest, TellsFirstWhatWillNotBeRecorded) {
    const std::string script = TempFile("script"), own = DataFile("tests/tools/own_malloc");
    WriteFile(script, "#! " + own + " -x\n");
    ASSERT_EQ(chmod(script.c_str(), 0700), 0);
    for (const std::string &program : {own, script}) {
        Finished finished = Ztrace({"-o", path_, program});
        EXPECT_EQ(finished.status, 2);
        EXPECT_EQ(finished.err.rfind("ztrace: " + program + " has a malloc of its own;", 0), 0u)
            << finished.err;
        EXPECT_NE(finished.err.find("\nztrace: nothing was recorded: "), std::string::npos);
    }
    const std::vector<std::pair<std::string, std::string>> others = {
        {Elf().OfAnotherCpu().Save("other-cpu"), " is for another CPU than ztrace"},
        {Elf().Static().Save("static"), " is statically linked"},
        {Elf().OfAnotherLibc().Save("other-libc"), " is for another libc than ztrace's library"}};
    for (const auto &[program, why] : others) {
        Finished finished = Ztrace({"--force", "-o", path_, program, "status"});
        EXPECT_EQ(finished.err.rfind("ztrace: " + program + why, 0), 0u) << finished.err;
        EXPECT_NE(finished.status, 0) << program;
    }
    unlink(path_.c_str());
    Finished finished = Ztrace({"-o", path_, others[2].first, "status"});
    EXPECT_EQ(finished.status, 126);
    EXPECT_EQ(finished.err.find('\n'), finished.err.size() - 1) << finished.err;
    Record("each");
}

// A program may be any bytes: ztrace reads only bytes that are there.
TEST_F(ZtraceTest, LooksAtAnything) {
    const std::string bytes = ReadFile(DataFile(kProgram));
    const std::string path = TempFile("any");
    std::mt19937_64 random(8);
    for (int i = 0; i < 2000; i++) {
        std::string changed = bytes;
        if (i % 2) changed.resize(random() % bytes.size());
        // Most of the fields that point to other places are at the beginning and at the end.
        for (int change = 0; change < 8 && !changed.empty(); change++) {
            size_t at = random() % std::min<size_t>(changed.size(), 1024);
            if (random() % 2) at = changed.size() - 1 - at;
            changed[at] = static_cast<char>(random());
        }
        WriteFile(path, changed);
        (void)inspect_program(path.c_str());
    }
    EXPECT_EQ(inspect_program(DataFile(kProgram).c_str()).text, nullptr);
    EXPECT_EQ(inspect_program("/no/such/program").text, nullptr);
}

// The recorder makes no system call that the program may have forbidden.
TEST_F(ZtraceTest, LeavesRestrictedProgramsAlone) {
    for (const char *how : {"seccomp-filter", "seccomp-by-prctl", "seccomp-strict"}) {
        path_ = TempFile(std::string(how) + ".ztrace");
        if (RunProgram({DataFile(kProgram), how}).status != 0) GTEST_SKIP() << "no " << how;
        EXPECT_EQ(Record(how).Count(ZT_MALLOC, SIZE_SMALL), KILLED_EVENTS + 1u) << how;
    }
    path_ = TempFile("asked.ztrace");
    EXPECT_EQ(Record("seccomp-asked").Count(ZT_MALLOC, SIZE_MALLOC), size_t{KILLED_EVENTS});
}

TEST_F(ZtraceTest, LeavesDescriptorsAlone) {
    EXPECT_EQ(Record("close-all").Count(ZT_MALLOC, SIZE_MALLOC), size_t{KILLED_EVENTS});
}

TEST_F(ZtraceTest, CountsEachOfManyChildrenOnce) {
    Finished finished = Ztrace({"-o", path_, DataFile(kProgram), "children"});
    EXPECT_EQ(finished.status, 0);
    EXPECT_NE(finished.err.find("ztrace: " + std::to_string(CHILDREN + 1) +
                                " forked children were not recorded\n"),
              std::string::npos)
        << finished.err;
}

// A disk of `size` bytes that only this command sees, mounted at a folder.
std::vector<std::string> OnADisk(const std::string &folder, size_t size,
                                 const std::string &command) {
    mkdir(folder.c_str(), 0700);
    return {"/usr/bin/unshare", "-rm", "/bin/sh", "-c",
            "mount -t tmpfs -o size=" + std::to_string(size) + " none " + folder + " && cd " +
                folder + " && " + command};
}

TEST_F(ZtraceTest, SurvivesAFullDisk) {
    const std::string disk = TempFile("disk"), ztrace = DataFile(kZtrace) + " -o " + disk + "/t ",
                      program = DataFile(kProgram) + " kill";
    if (RunProgram(OnADisk(disk, 1 << 20, "true")).status != 0) {
        GTEST_SKIP() << "no disk can be mounted here";
    }
    // The disk has room for two chunks of the recording, and for a trace of them.
    Finished finished = RunProgram(OnADisk(disk, 640 << 10, ztrace + program + "; cp t " + path_));
    EXPECT_NE(finished.err.find("events lost (No space left on device)"), std::string::npos)
        << finished.err;
    Trace trace = Read(path_);
    EXPECT_FALSE(trace.truncated);
    EXPECT_GT(trace.Count(ZT_MALLOC, SIZE_KILLED), 1000u);
    EXPECT_GT(std::stoul(trace.notes["lost-events"]), 1000u);

    // First the disk has room for the head of the recording alone: all events are lost, and nothing
    // more can be written.  Then it has not even that: ztrace does not start the program.
    const std::string leaves = "; status=$?; ls; exit $status", reason = "/t: No space left on";
    finished = RunProgram(OnADisk(disk, 64 << 10, ztrace + program + leaves));
    EXPECT_EQ(finished.out, "ready\nt.raw\n");
    EXPECT_EQ(finished.status, 2) << finished.err;
    EXPECT_NE(finished.err.find(reason), std::string::npos) << finished.err;
    const std::string fill = "cat /dev/zero >fill 2>&-; ";
    finished = RunProgram(OnADisk(disk, 64 << 10, fill + ztrace + program + leaves));
    EXPECT_EQ(finished.out, "fill\n");
    EXPECT_EQ(finished.status, 2) << finished.err;
    EXPECT_NE(finished.err.find("/t.raw: No space left on"), std::string::npos) << finished.err;
}

// Without /proc an unnamed file cannot get its name.
TEST_F(ZtraceTest, WritesWhereFilesNeedNames) {
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
TEST_F(ZtraceTest, LeavesTheRecordingWhenItIsKilled) {
    const std::string raw = path_ + ".raw";
    EXPECT_EQ(Ztrace({"-o", path_, DataFile(kProgram), "kill-recorder"}).status, 128 + 9);
    EXPECT_NE(access(path_.c_str(), F_OK), 0);
    struct stat stat;
    ASSERT_EQ(::stat(raw.c_str(), &stat), 0);
    EXPECT_EQ(stat.st_mode & 07777, 0600u);

    Finished again = Ztrace({"-o", path_, DataFile(kProgram), "each"});
    EXPECT_EQ(again.status, 2);
    EXPECT_NE(again.err.find("--convert"), std::string::npos) << again.err;

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
    for (const auto &entry : std::filesystem::directory_iterator(TempFile(""))) {
        EXPECT_EQ(entry.path().filename().string().rfind(".ztrace-", 0), std::string::npos);
    }
}

TEST_F(ZtraceTest, IsNoCancellationPoint) {
    EXPECT_EQ(Record("cancel").Count(ZT_MALLOC, SIZE_MALLOC), size_t{KILLED_EVENTS});
}

TEST_F(ZtraceTest, SurvivesTheLimitForFiles) {
    Finished finished = Ztrace({"-o", path_, DataFile(kProgram), "limit-files"});
    EXPECT_EQ(finished.status, 0) << finished.err;
    EXPECT_NE(finished.err.find("events lost (File too large)"), std::string::npos) << finished.err;
    EXPECT_GT(Read(path_).Count(ZT_MALLOC, SIZE_MALLOC), 1000u);
}

// The limit is too small for the head of a recording: ztrace leaves no file that blocks the next
// run.
TEST_F(ZtraceTest, ASmallLimitForFilesLeavesNothing) {
    for (const char *limit : {"1", "50", "63"}) {
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

// A worker of a remote engine may start tests with SIGPIPE ignored.
TEST_F(ZtraceTest, HandsOnHowSignalsAreTaken) {
    for (int number : {SIGXFSZ, SIGPIPE}) std::signal(number, SIG_DFL);
    Record("signals");
}

// A signal comes at any time while ztrace writes the trace: the trace is there as a whole or not at
// all, and the recording stays.
TEST_F(ZtraceTest, IsInterruptedWhileItConverts) {
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

TEST_F(ZtraceTest, HandsOnThatChildrenAreIgnored) {
    Finished finished = RunProgram(
        {DataFile(kZtrace), "-o", path_, DataFile(kProgram), "children-ignored"}, {}, 0, true);
    EXPECT_EQ(finished.status, 0) << finished.err;
    EXPECT_EQ(Read(path_).Count(ZT_MALLOC, SIZE_MALLOC), 1u);
}

TEST_F(ZtraceTest, ConvertsOnlyItsOwnRawFiles) {
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

TEST_F(ZtraceTest, WrongArgumentsAreOneLine) {
    const std::vector<std::vector<std::string>> wrong = {{},
                                                         {"--no-such-option", "ls"},
                                                         {"--tick=0", "ls"},
                                                         {"--tick=x", "ls"},
                                                         {"-o"},
                                                         {"--convert=x"}};
    for (const auto &arguments : wrong) {
        Finished finished = Ztrace(arguments);
        EXPECT_EQ(finished.status, 2);
        EXPECT_EQ(finished.err.rfind("ztrace: ", 0), 0u) << finished.err;
        EXPECT_EQ(finished.err.find('\n'), finished.err.size() - 1) << finished.err;
    }
    Finished help = Ztrace({"--help"});
    EXPECT_EQ(help.status, 0);
    EXPECT_EQ(help.out.rfind("Usage: ztrace ", 0), 0u);
}

}  // namespace
}  // namespace ztrace_test
