// ztrace records a program whose allocations are known: what is in the trace, what the program
// notices of it, and what ztrace says.
#include "tests/tools/ztrace.h"

#include <dlfcn.h>
#include <link.h>
#include <sys/auxv.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <random>

#include "tools/ztrace/inspect.h"

namespace ztrace_test {
namespace {

class ZtraceRecordsTest : public ZtraceTest {};

TEST_F(ZtraceRecordsTest, RecordsEachFunction) {
    Trace trace = Record("each");
    ExpectOneOfEach(trace);
    // Two of these blocks are never freed, all others are.
    std::map<uint32_t, uint64_t> live;
    for (const zt_event &event : trace.events) {
        if (event.op == ZT_FREE) {
            live.erase(event.object);
        } else if (event.op != ZT_TOUCHED) {
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

TEST_F(ZtraceRecordsTest, KeepsTheOrderBetweenThreads) {
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

// A thread's last event is its end, also where destructors of the program's come after ztrace's.
TEST_F(ZtraceRecordsTest, ThreadsEndLast) {
    const Trace trace = Record("threads");
    std::map<uint32_t, uint8_t> last;
    for (const zt_event &event : trace.events) last[event.thread] = event.op;
    EXPECT_EQ(last.size(), size_t{THREADS} + 1);
    for (const auto &[thread, op] : last) EXPECT_EQ(op == ZT_THREAD_END, thread != 0) << thread;
}

TEST_F(ZtraceRecordsTest, ShortLivedThreadsShareTheFile) {
    Trace trace = Record("short-threads");
    EXPECT_EQ(trace.Count(ZT_MALLOC, SIZE_THREAD), static_cast<size_t>(SHORT_THREADS));
    EXPECT_EQ(trace.Count(ZT_THREAD_END, 0), static_cast<size_t>(SHORT_THREADS));
    // Each thread ends before the next one begins; the main thread does not.
    for (size_t i = 0; i < trace.events.size(); i++) {
        if (trace.events[i].op != ZT_THREAD_END) continue;
        EXPECT_NE(trace.events[i].thread, 0u);
        for (size_t later = i + 1; later < trace.events.size(); later++) {
            ASSERT_NE(trace.events[later].thread, trace.events[i].thread);
        }
    }
}

// The curve begins with the program and ends with it, and shows what it took in between.
TEST_F(ZtraceRecordsTest, TakesTheProgramsOwnCurve) {
    const Trace trace = Record("grow");
    ASSERT_GE(trace.samples.size(), 4u);
    const zt_sample &first = trace.samples.front(), &last = trace.samples.back();
    uint64_t most = 0;
    for (size_t i = 0; i < trace.samples.size(); i++) {
        const zt_sample &sample = trace.samples[i];
        EXPECT_TRUE(i == 0 || zt_sample_follows(&trace.samples[i - 1], &sample));
        EXPECT_LE(sample.rss_anon, sample.rss);
        most = std::max(most, sample.rss_anon);
    }
    EXPECT_LT(first.rss_anon, uint64_t{GROWN} / 2);
    EXPECT_GE(most, uint64_t{GROWN});
    EXPECT_LT(most, uint64_t{GROWN} * (zmalloc_test::Emulated() ? 12 : 5) / 4);
    EXPECT_EQ(last.rss, 0u) << "of a process that has ended";
    EXPECT_GE(last.time, trace.events.back().time / 1000 * 1000);
    EXPECT_GE(last.cpu, UINT64_C(100000000)) << "what the program takes by its own count";
    EXPECT_LE(last.cpu, 2 * last.time);
    EXPECT_GT(last.minor_faults, first.minor_faults);
    EXPECT_GE(trace.samples[trace.samples.size() / 2].threads, 1u);
}

// The trace tells whether jemalloc's background thread was there, and if it ended, when.
TEST_F(ZtraceRecordsTest, TellsOfJemallocsBackgroundThread) {
    for (const bool ends : {false, true}) {
        const std::string what = ends ? "background-ends" : "background-stays";
        const Finished finished =
            Ztrace({"--force", "-o", path_, DataFile(kProgram), what.c_str()});
        ASSERT_EQ(finished.status, 0) << finished.err;
        const std::string note = Read(path_).notes["background-thread"];
        double from = -1, to = -1;
        const int numbers = std::sscanf(note.c_str(), "from %lf s to %lf s", &from, &to);
        EXPECT_EQ(numbers, ends ? 2 : 1) << note;
        EXPECT_GE(from, 0);
        EXPECT_LT(from, BACKGROUND_MS / 2000.0);
        if (!ends) continue;
        EXPECT_GT(to, from);
        EXPECT_LE(to, BACKGROUND_MS / 1000.0);
    }
}

// Of large blocks the trace tells how much of them was touched, whether they are freed, resized or
// neither.
TEST_F(ZtraceRecordsTest, TellsHowMuchWasTouched) {
    const Trace trace = Record("touch");
    std::map<uint32_t, uint64_t> live;
    std::map<uint64_t, uint64_t> touched;
    size_t looks = 0;
    for (const zt_event &event : trace.events) {
        if (event.op == ZT_TOUCHED) {
            const uint64_t size = live[event.object];
            EXPECT_GE(size, 8192u);
            EXPECT_LE(event.size, size);
            touched[size] = event.size;
            looks += size <= SIZE_STEP * STEPS;
        } else {
            live[event.object] = event.size;
        }
    }
    // An allocator writes near a block; a huge page of 2 MiB may be touched at once.
    const std::map<uint64_t, uint64_t> expected = {{SIZE_UNTOUCHED, 0},
                                                   {SIZE_HALF, SIZE_HALF / 2},
                                                   {SIZE_ZEROS, 0},
                                                   {SIZE_LEFT, SIZE_LEFT / 2},
                                                   {SIZE_LARGER, SIZE_STEP / 2},
                                                   {SIZE_RESIZED, SIZE_STEP / 2},
                                                   {SIZE_PROTECTED, SIZE_PROTECTED / 2},
                                                   {SIZE_STEP * STEPS, SIZE_STEP * STEPS}};
    for (const auto &[size, most] : expected) {
        ASSERT_EQ(touched.count(size), 1u) << size;
        EXPECT_GE(touched[size], most) << size;
        EXPECT_LE(touched[size], most + (2 << 20)) << size;
    }
    const uint64_t pages = 2 * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    EXPECT_NEAR(static_cast<double>(touched[SIZE_CLEARED]), SIZE_CLEARED / 2.0, pages);
    EXPECT_LT(looks, 20u) << "a block that grows by small steps is not looked at in each";
}

// The program goes on; the trace ends, says why, and knows what was touched until then.
TEST_F(ZtraceRecordsTest, StopsAfterADuration) {
    const uint64_t kSecond = 1000000000;
    for (const char *how : {"work", "idle"}) {
        path_ = TempFile(std::string(how) + ".ztrace");
        const Finished finished = Ztrace({"--duration=1", "-o", path_, DataFile(kProgram), how});
        EXPECT_EQ(finished.status, 7) << finished.err;
        EXPECT_NE(finished.err.find("ztrace: recording stopped after 1 s (--duration); the program "
                                    "went on\n"),
                  std::string::npos)
            << finished.err;
        Trace trace = Read(path_);
        EXPECT_EQ(trace.notes["stopped"], "after 1 s (--duration)");
        EXPECT_EQ(trace.notes.count("lost-events"), 0u);
        EXPECT_EQ(trace.Count(ZT_MALLOC, SIZE_LEFT), 1u) << how;
        EXPECT_EQ(trace.Count(ZT_MALLOC, SIZE_AFTER), 0u) << how;
        ASSERT_FALSE(trace.samples.empty());
        EXPECT_LT(trace.samples.back().time, kSecond * 3 / 2);
        if (how[0] == 'i') continue;
        EXPECT_GT(trace.Count(ZT_MALLOC, SIZE_SMALL), 10u);
        EXPECT_EQ(trace.events.back().op, ZT_TOUCHED);
        EXPECT_GE(trace.events.back().size, uint64_t{SIZE_LEFT} / 2);
        for (const zt_event &event : trace.events) {
            EXPECT_TRUE(event.op == ZT_TOUCHED || event.time < kSecond) << event.time;
        }
    }
}

// SIGUSR1 begins a recording that is paused, and SIGUSR2 stops any.
TEST_F(ZtraceRecordsTest, BeginsAndStopsAtSignals) {
    for (const bool paused : {true, false}) {
        path_ = TempFile(paused ? "paused.ztrace" : "not-paused.ztrace");
        std::vector<std::string> arguments = {"-o", path_, DataFile(kProgram), "ask-recorder"};
        if (paused) arguments.insert(arguments.begin(), "--paused");
        const Finished finished = Ztrace(arguments);
        ASSERT_EQ(finished.status, 7) << finished.err;
        Trace trace = Read(path_);
        EXPECT_EQ(trace.error, "");
        EXPECT_EQ(trace.Count(ZT_MALLOC, SIZE_PAUSED), paused ? 0u : 1u);
        EXPECT_EQ(trace.Count(ZT_MALLOC, SIZE_BEGUN), 1u);
        EXPECT_EQ(trace.Count(ZT_MALLOC, SIZE_AFTER), 0u);
        EXPECT_EQ(trace.notes["stopped"], "when ztrace got a signal");
        EXPECT_EQ(trace.notes["unknown-frees"], paused ? "1" : "");
        EXPECT_EQ(trace.notes["begun"].empty(), !paused);
        EXPECT_EQ(finished.err.find("began ") != std::string::npos, paused) << finished.err;
        // The block that lives is looked at when the recording stops, unless the program gets no
        // CPU for 0.1 s.
        uint64_t touched = 0;
        for (const zt_event &event : trace.events) {
            if (event.op == ZT_TOUCHED) touched = std::max(touched, event.size);
        }
        if (touched > SIZE_BEGUN) {
            EXPECT_GE(touched, uint64_t{SIZE_LEFT} / 2);
            EXPECT_LT(touched, uint64_t{SIZE_LEFT});
        }
        // Time begins with the recording.
        ASSERT_FALSE(trace.events.empty());
        if (!paused) {
            EXPECT_GE(trace.events.back().time, UINT64_C(900000000));
        }
        for (const zt_sample &sample : trace.samples) EXPECT_LT(sample.time, UINT64_C(60000000000));
    }
}

TEST_F(ZtraceRecordsTest, ARecordingThatStaysPausedIsEmpty) {
    const Finished finished = Ztrace({"--paused", "-o", path_, DataFile(kProgram), "each"});
    EXPECT_EQ(finished.status, 2);
    EXPECT_NE(finished.err.find("nothing was recorded: ztrace got no SIGUSR1 (--paused)\n"),
              std::string::npos)
        << finished.err;
    EXPECT_NE(access(path_.c_str(), F_OK), 0);
}

TEST_F(ZtraceRecordsTest, StopsAtASize) {
    const std::string most = "--max-size=1048576";
    const Finished finished = Ztrace({most, "-o", path_, DataFile(kProgram), "kill"});
    EXPECT_EQ(finished.status, 128 + 9) << finished.err;
    EXPECT_EQ(finished.out, "ready\n") << "it went on";
    EXPECT_NE(finished.err.find("ztrace: recording stopped at 1048576 bytes (--max-size); "),
              std::string::npos)
        << finished.err;
    Trace trace = Read(path_);
    EXPECT_EQ(trace.notes["stopped"], "at 1048576 bytes (--max-size)");
    EXPECT_EQ(trace.notes.count("lost-events"), 0u);
    EXPECT_EQ(trace.notes.count("lost-why"), 0u);
    // What the file holds besides its head and samples.
    EXPECT_EQ(trace.Calls(), (1048576u - 131072) / 262144 * (262144 / 32));
    const std::string raw = path_ + ".raw";
    EXPECT_EQ(Ztrace({most, "--force", "-o", path_, DataFile(kProgram), "kill-recorder"}).status,
              128 + 9);
    EXPECT_LE(ReadFile(raw).size(), 1048576u);
}

// Operators and functions of an allocator that the program is linked with do not call malloc.
TEST_F(ZtraceRecordsTest, RecordsALinkedAllocator) {
    const Finished finished = Ztrace({"-o", path_, DataFile("tests/tools/linked_program")});
    EXPECT_EQ(finished.status, 0) << finished.err;
    Trace trace = Read(path_);
    EXPECT_EQ(trace.error, "");
    const uint64_t recording_ns = std::stoul("0" + trace.notes["recording-ns"]);
    EXPECT_GT(recording_ns, 5u) << "the program makes over a thousand calls";
    EXPECT_LT(recording_ns, 100000u);
    trace.notes.erase("recording-ns");
    EXPECT_EQ(trace.notes,
              (std::map<std::string, std::string>{{"program", "linked_program"},
                                                  {"allocator", "libjemalloc_fake.so"}}));
    const struct {
        zt_op op;
        uint64_t size;
        int align_log2;
    } calls[] = {{ZT_MALLOC, SIZE_NEW, 0},
                 {ZT_ALIGNED, SIZE_ALIGNED_NEW, 8},
                 {ZT_MALLOC, SIZE_MALLOCX, 0},
                 {ZT_REALLOC, SIZE_RALLOCX, 0},
                 {ZT_ALIGNED, SIZE_ALIGNED_MALLOCX, 12},
                 {ZT_CALLOC, SIZE_ZERO_MALLOCX, 0},
                 {ZT_MALLOC, SIZE_LINKED_MALLOC, 0}};
    for (const auto &call : calls)
        EXPECT_EQ(trace.Count(call.op, call.size), size_t{LINKED_ROUNDS}) << call.size;
    size_t frees = 0;
    for (const zt_event &event : trace.events) {
        frees += event.op == ZT_FREE;
        for (const auto &call : calls) {
            EXPECT_TRUE(event.size != call.size || event.align_log2 == call.align_log2);
        }
    }
    EXPECT_GE(frees, 6u * LINKED_ROUNDS);
}

TEST_F(ZtraceRecordsTest, LeavesForkedChildrenOut) {
    for (const char *how : {"fork", "clone"}) {
        path_ = TempFile(std::string(how) + ".ztrace");
        Trace trace = Record(how);
        EXPECT_EQ(trace.Count(ZT_MALLOC, SIZE_BEFORE_FORK), 1u) << how;
        EXPECT_EQ(trace.Count(ZT_MALLOC, SIZE_AFTER_FORK), 1u) << how;
        EXPECT_EQ(trace.Count(ZT_MALLOC, SIZE_CHILD), 0u) << how;
    }
}

TEST_F(ZtraceRecordsTest, CountsForkedChildren) {
    for (const char *how : {"fork", "clone", "spawn", "each"}) {
        path_ = TempFile(std::string(how) + "-counted.ztrace");
        Finished finished = Ztrace({"-o", path_, DataFile(kProgram), how});
        EXPECT_EQ(finished.status, 0) << finished.err;
        EXPECT_EQ(
            finished.err.find("ztrace: 1 forked child was not recorded\n") != std::string::npos,
            how[0] != 'e')
            << how << ": " << finished.err;
        EXPECT_EQ(Read(path_).notes["children"], how[0] == 'e' ? "" : "1") << how;
    }
}

TEST_F(ZtraceRecordsTest, GoesOnAfterExec) {
    Trace trace = Record("exec");
    EXPECT_EQ(trace.Count(ZT_MALLOC, SIZE_BEFORE_EXEC), 1u);
    ExpectOneOfEach(trace);
    // The first program's blocks are freed before the second program allocates.
    size_t freed_at = 0, lost = 0;
    std::map<uint32_t, uint64_t> live;
    for (size_t i = 0; i < trace.events.size(); i++) {
        const zt_event &event = trace.events[i];
        if (event.op < ZT_FREE) live[event.object] = event.size;
        if (event.op == ZT_MALLOC && event.size == SIZE_MALLOC) lost = i;
        if (event.op == ZT_FREE && live[event.object] == SIZE_BEFORE_EXEC) freed_at = i;
    }
    EXPECT_GT(freed_at, 0u);
    EXPECT_LT(freed_at, lost);
}

TEST_F(ZtraceRecordsTest, SurvivesAnEmptiedEnvironment) {
    Trace trace = Record("clear-environment");
    EXPECT_EQ(trace.Count(ZT_MALLOC, SIZE_MALLOC), 100000u);
}

TEST_F(ZtraceRecordsTest, KeepsAllOfAProgramThatIsKilled) {
    for (const char *how : {"kill", "crash", "wait"}) {
        path_ = TempFile(std::string(how) + ".ztrace");
        int signal = how[0] == 'k' ? 9 : how[0] == 'c' ? 11 : 15;
        // The launcher passes SIGTERM on.
        Trace trace = Record(how, 128 + signal, how[0] == 'w');
        EXPECT_EQ(trace.Count(ZT_MALLOC, SIZE_KILLED), KILLED_EVENTS / 2u) << how;
    }
}

TEST_F(ZtraceRecordsTest, GivesTheStatusOfTheProgram) {
    Record("status", 7);
    EXPECT_EQ(Ztrace({"-o", TempFile("none.ztrace"), TempFile("no-such-program")}).status, 127);
    EXPECT_EQ(Ztrace({"-o", TempFile("none.ztrace"), DataFile("")}).status, 126);
    EXPECT_NE(access(TempFile("none.ztrace").c_str(), F_OK), 0);
    EXPECT_NE(access(TempFile("none.ztrace.raw").c_str(), F_OK), 0);
}

// What the program took is at the end, and so is what share of it the trace is about.
TEST_F(ZtraceRecordsTest, EndsWithWhatTheProgramTook) {
    const Finished finished = Ztrace({"-o", path_, DataFile(kProgram), "grow"});
    double requested = 0, memory = 0, cpu = 0;
    const size_t at = finished.err.find("ztrace: at most ");
    ASSERT_NE(at, std::string::npos) << finished.err;
    ASSERT_EQ(std::sscanf(finished.err.c_str() + at,
                          "ztrace: at most %lf MiB requested in live blocks; the program took at "
                          "most %lf MiB of memory (RssAnon), %lf s",
                          &requested, &memory, &cpu),
              3)
        << finished.err;
    EXPECT_NEAR(requested, GROWN / 1048576.0, 0.2);
    EXPECT_GE(memory, requested);
    EXPECT_GE(cpu, 0.1);
    const Finished small = Ztrace({"-o", path_ + ".small", DataFile(kProgram), "status"});
    EXPECT_NE(small.err.find(" KiB requested in live blocks"), std::string::npos) << small.err;
    EXPECT_EQ(Ztrace({"-qo", path_ + ".quiet", DataFile(kProgram), "status"}).err, "");
}

// Threads of a program that another one executed are others: ztrace says so.
TEST_F(ZtraceRecordsTest, TellsHowManyProgramsRanOneAfterTheOther) {
    for (const std::string how : {"threads", "exec"}) {
        const Finished finished = Ztrace({"-o", path_, "--force", DataFile(kProgram), how});
        EXPECT_EQ(finished.err.find(" of 2 programs, one after the other") != std::string::npos,
                  how == "exec")
            << finished.err;
    }
}

// What is not recorded is in the trace as well.
TEST_F(ZtraceRecordsTest, NotesWhatIsNotRecorded) {
    const Finished finished =
        Ztrace({"-o", path_, DataFile("tests/tools/own_malloc"), DataFile(kProgram), "status"});
    EXPECT_EQ(finished.status, 7) << finished.err;
    EXPECT_EQ(Read(path_).notes["not-recorded"].rfind("own_malloc has a malloc of its own;", 0), 0u)
        << Read(path_).notes["not-recorded"];
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
TEST_F(ZtraceRecordsTest, TellsFirstWhatWillNotBeRecorded) {
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

// The linker has no linker, but is not what the word "statically linked" means.
TEST_F(ZtraceRecordsTest, RecordsWhatTheDynamicLinkerStarts) {
    Dl_info linker = {};
    const void *base = reinterpret_cast<const void *>(getauxval(AT_BASE));
    if (!base || zmalloc_test::Emulated()) GTEST_SKIP() << "there is no linker of this machine's";
    ASSERT_NE(dladdr(base, &linker), 0);
    const Finished finished =
        Ztrace({"-q", "-o", path_, linker.dli_fname, DataFile(kProgram), "each"});
    EXPECT_EQ(finished.err, "");
    Trace trace = Read(path_);
    EXPECT_EQ(trace.error, "");
    EXPECT_EQ(trace.notes.count("not-recorded"), 0u) << trace.notes["not-recorded"];
    EXPECT_GT(trace.events.size(), 10u);
}

// A program may be any bytes: ztrace reads only bytes that are there.
TEST_F(ZtraceRecordsTest, LooksAtAnything) {
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
TEST_F(ZtraceRecordsTest, LeavesRestrictedProgramsAlone) {
    for (const char *how : {"seccomp-filter", "seccomp-by-prctl", "seccomp-strict"}) {
        path_ = TempFile(std::string(how) + ".ztrace");
        if (RunProgram({DataFile(kProgram), how}).status != 0) GTEST_SKIP() << "no " << how;
        EXPECT_EQ(Record(how).Count(ZT_MALLOC, SIZE_SMALL), KILLED_EVENTS + 1u) << how;
    }
    path_ = TempFile("asked.ztrace");
    EXPECT_EQ(Record("seccomp-asked").Count(ZT_MALLOC, SIZE_MALLOC), size_t{KILLED_EVENTS});
}

TEST_F(ZtraceRecordsTest, LeavesDescriptorsAlone) {
    EXPECT_EQ(Record("close-all").Count(ZT_MALLOC, SIZE_MALLOC), size_t{KILLED_EVENTS});
}

TEST_F(ZtraceRecordsTest, CountsEachOfManyChildrenOnce) {
    Finished finished = Ztrace({"-o", path_, DataFile(kProgram), "children"});
    EXPECT_EQ(finished.status, 0);
    EXPECT_NE(finished.err.find("ztrace: " + std::to_string(CHILDREN + 1) +
                                " forked children were not recorded\n"),
              std::string::npos)
        << finished.err;
}

TEST_F(ZtraceRecordsTest, IsNoCancellationPoint) {
    EXPECT_EQ(Record("cancel").Count(ZT_MALLOC, SIZE_MALLOC), size_t{KILLED_EVENTS});
}

// A worker of a remote engine may start tests with SIGPIPE ignored.
TEST_F(ZtraceRecordsTest, HandsOnHowSignalsAreTaken) {
    for (int number : {SIGXFSZ, SIGPIPE}) std::signal(number, SIG_DFL);
    Record("signals");
}

TEST_F(ZtraceRecordsTest, HandsOnThatChildrenAreIgnored) {
    Finished finished = RunProgram(
        {DataFile(kZtrace), "-o", path_, DataFile(kProgram), "children-ignored"}, {}, 0, true);
    EXPECT_EQ(finished.status, 0) << finished.err;
    EXPECT_EQ(Read(path_).Count(ZT_MALLOC, SIZE_MALLOC), 1u);
}

TEST_F(ZtraceRecordsTest, WrongArgumentsAreOneLine) {
    const std::vector<std::vector<std::string>> wrong = {{},
                                                         {"--no-such-option", "ls"},
                                                         {"--tick=0", "ls"},
                                                         {"--tick=x", "ls"},
                                                         {"--duration=0", "ls"},
                                                         {"--duration=1.5", "ls"},
                                                         {"--max-size=1048575", "ls"},
                                                         {"--max-size=1M", "ls"},
                                                         {"--duration=1", "--convert=x", "-o", "y"},
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
