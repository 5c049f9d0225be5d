// compare runs every allocator, and each run names its own.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <sstream>

#include "tests/emulated.h"
#include "tests/tools/process.h"

namespace ztrace_test {
namespace {

const char kCompare[] = "tools/zreplay/compare_without_charts";
const size_t kVariants = VARIANT_COUNT;
const char kTrace[] = "tools/zreplay/traces/redis.ztrace";

size_t Count(const std::string &text, const std::string &part) {
    size_t count = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        count++;
    }
    return count;
}

// The first part of the trace that ships: it is enough, and quick.  Its name has characters that
// cannot be printed.
std::string ShortTrace() {
    std::string path = TempFile("cut\"\xff\n.ztrace");
    WriteFile(path, ReadFile(DataFile(kTrace)).substr(0, 200000));
    return path;
}

// The table, for all tests that read it.  The process that starts compare may ignore its children.
const Finished &Table() {
    static const Finished table =
        RunProgram({DataFile(kCompare), "--rounds=1", ShortTrace()}, {}, 0, true);
    return table;
}

TEST(CompareTest, RunsEveryAllocator) {
    if (!zmalloc_test::CanStartPrograms()) GTEST_SKIP() << "compare starts the replays";
    std::string svg = TempFile("memory.svg");
    Finished finished =
        RunProgram({DataFile(kCompare), "--json", "--rounds=1", "--svg=" + svg, ShortTrace()});
    ASSERT_EQ(finished.status, 0) << finished.err;
    EXPECT_GE(Count(finished.out, "\"allocator\": \"jemalloc\""), 1u);
    EXPECT_EQ(Count(finished.out, "\"allocator\": \"tcmalloc\""), 1u);
    EXPECT_EQ(Count(finished.out, "\"allocator\": \"tcmalloc_minimal\""), 1u);
    EXPECT_EQ(Count(finished.out, "\"allocator\": \"libc\""), 2u);
    EXPECT_EQ(Count(finished.out, "\"leaked\": 0\n"), kVariants);
    EXPECT_EQ(Count(ReadFile(svg), "<polyline"), kVariants + 1);
}

TEST(CompareTest, OneTableAndAVerdict) {
    if (!zmalloc_test::CanStartPrograms()) GTEST_SKIP() << "compare starts the replays";
    const Finished &finished = Table();
    ASSERT_EQ(finished.status, 0) << finished.err;
    EXPECT_EQ(Count(finished.err, "\n"), 1u) << finished.err;  // about the truncation
    EXPECT_EQ(finished.out.rfind("cut\"??.ztrace: ", 0), 0u) << finished.out;
    for (const char *row : {"used, MiB", "RSS, MiB", "RSS / requested", "RSS, the most", "all, ns",
                            "all, ratio to raw", "bytes leaked", "verdict\n  memory  ",
                            "after a time (jemalloc: 10 s)"}) {
        EXPECT_GE(Count(finished.out, row), 1u) << row;
    }
    size_t head = finished.out.find("jemalloc");
    ASSERT_NE(head, std::string::npos);
    EXPECT_EQ(Count(finished.out.substr(head, finished.out.find('\n', head) - head), " libc"), 2u);
    EXPECT_GE(Count(finished.out, "unknown"), 2u);
    EXPECT_EQ(Count(finished.out, " \n"), 0u);
}

// A named pipe that can be read once: before its reader sees the end, it is gone.
TEST(CompareTest, ReadsTheTraceOnce) {
    if (!zmalloc_test::CanStartPrograms()) GTEST_SKIP() << "compare starts the replays";
    const std::string pipe = TempFile("pipe.ztrace"), bytes = ReadFile(ShortTrace());
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    const pid_t writer = fork();
    if (writer == 0) {
        std::ofstream to(pipe, std::ios::binary);
        to << bytes << std::flush;
        _exit(unlink(pipe.c_str()));
    }
    const Finished finished =
        RunProgram({DataFile(kCompare), "--rounds=1", "--only=libc,jemalloc,mimalloc", pipe});
    kill(writer, SIGKILL);
    waitpid(writer, nullptr, 0);
    EXPECT_EQ(finished.status, 0) << finished.err;
    EXPECT_EQ(finished.out.find("left out"), std::string::npos) << finished.out;
}

TEST(CompareTest, LeavesTheDecodedTraceInTmpdir) {
    if (!zmalloc_test::CanStartPrograms()) GTEST_SKIP() << "compare starts the replays";
    const std::string folder = TempFile("tmpdir");
    const std::vector<std::string> command = {DataFile(kCompare), "--rounds=1",
                                              "--only=libc,jemalloc", ShortTrace()};
    const Finished without = RunProgram(command, {"TMPDIR=" + folder});
    EXPECT_EQ(without.status, 0);
    EXPECT_NE(without.err.find("compare: each column decodes the trace: no temporary file in " +
                               folder + ": No such file or directory\n"),
              std::string::npos)
        << without.err;
    ASSERT_EQ(mkdir(folder.c_str(), 0700), 0);
    const Finished finished = RunProgram(command, {"TMPDIR=" + folder});
    EXPECT_EQ(finished.status, 0);
    EXPECT_EQ(Count(finished.err, "\n"), 1u) << finished.err;  // about the truncation
    EXPECT_EQ(rmdir(folder.c_str()), 0) << "a file is left";
}

// Rows that each allocator counts in its own way are not marked.  verdict_test tests the other
// rows.
TEST(CompareTest, MarksOnlyWhatIsComparable) {
    if (!zmalloc_test::CanStartPrograms()) GTEST_SKIP() << "compare starts the replays";
    std::istringstream lines(Table().out);
    std::string line;
    size_t unmarked = 0;
    while (std::getline(lines, line) && line.rfind("* ", 0) != 0) {
        bool star = line.find('*') != std::string::npos;
        for (const char *row : {"  requested", "  used", "  allocated", "  active", "  retained",
                                "  resident / allocated"}) {
            if (line.rfind(row, 0) != 0) continue;
            EXPECT_FALSE(star) << line;
            unmarked++;
        }
    }
    EXPECT_GE(unmarked, 10u);
}

// compare says so before the replays, and leaves no file behind.
TEST(CompareTest, PicturesThatCannotBeWrittenAreToldFirst) {
    std::string missing = TempFile("no-such-folder/memory.svg");
    for (const std::string &svg : {std::string(), TempFile(""), TempFile("new/"), missing}) {
        Finished finished = RunProgram({DataFile(kCompare), "--svg=" + svg, ShortTrace()});
        EXPECT_EQ(finished.status, 2) << svg;
        EXPECT_EQ(finished.out, "");
        EXPECT_EQ(finished.err.rfind("compare: ", 0), 0u) << finished.err;
        EXPECT_EQ(finished.err.find('\n'), finished.err.size() - 1) << finished.err;
    }
#ifdef __linux__
    EXPECT_EQ(RunProgram({DataFile(kCompare), "--svg=/proc/memory.svg", ShortTrace()}).out, "");
#endif
    std::string svg = TempFile("kept.svg"), text = TempFile("text.ztrace");
    WriteFile(svg, "<svg>as it was</svg>");
    WriteFile(text, "no trace");
    const Finished finished = RunProgram({DataFile(kCompare), "--svg=" + svg, text});
    EXPECT_EQ(finished.status, 2);
    EXPECT_NE(finished.err.find("not a trace"), std::string::npos) << finished.err;
    EXPECT_EQ(ReadFile(svg), "<svg>as it was</svg>");
}

// Who forgets the name of the picture keeps the trace.
TEST(CompareTest, ATraceIsNotReplacedByAPicture) {
    const std::string trace = TempFile("own.ztrace"), before = ReadFile(ShortTrace());
    WriteFile(trace, before);
    for (const char *option : {"--svg", "--html"}) {
        const Finished finished = RunProgram({DataFile(kCompare), "--rounds=1", option, trace});
        EXPECT_EQ(finished.status, 2);
        EXPECT_EQ(finished.out, "");
        EXPECT_EQ(finished.err, "compare: " + trace +
                                    ": exists, and is neither a page nor a picture; " + option +
                                    "=FILE names another\n");
        EXPECT_EQ(ReadFile(trace), before);
    }
}

// The value under a key of the n-th object.
std::string Value(const std::string &json, size_t n, const std::string &key) {
    const std::string before = "\"" + key + "\": ";
    size_t at = json.find(before);
    for (size_t i = 0; i < n && at != std::string::npos; i++) at = json.find(before, at + 1);
    if (at == std::string::npos) return "missing";
    at += before.size();
    return json.substr(at, json.find_first_of(",\n", at) - at);
}

// The picture stays XML, and the name within it.
TEST(CompareTest, ThePictureNamesAnyColumn) {
    if (!zmalloc_test::CanStartPrograms()) GTEST_SKIP() << "compare starts the replays";
    const std::string svg = TempFile("names.svg");
    const Finished finished =
        RunProgram({DataFile(kCompare), "--rounds=1", "--only=libc", "--variant=libc,SETTING=<&>",
                    "--variant=libc,MALLOC_ARENA_MAX=1", "--svg=" + svg, ShortTrace()});
    ASSERT_EQ(finished.status, 0) << finished.err;
    const std::string picture = ReadFile(svg);
    EXPECT_NE(picture.find(">libc,SETTING=&#60;&#38;&#62;</text>"), std::string::npos) << picture;
    EXPECT_NE(picture.find(">libc,MALL&#8230;_ARENA_MAX=1</text>"), std::string::npos) << picture;
}

TEST(CompareTest, TakesTheColumnsThatAreAskedFor) {
    if (!zmalloc_test::CanStartPrograms()) GTEST_SKIP() << "compare starts the replays";
    const std::string setting = "jemalloc,MALLOC_CONF=retain:false,narenas:1";
    const Finished finished =
        RunProgram({DataFile(kCompare), "--json", "--rounds=1", "--only=libc,jemalloc",
                    "--variant=" + setting, ShortTrace()});
    ASSERT_EQ(finished.status, 0) << finished.err;
    EXPECT_EQ(Count(finished.out, "\"variant\": "), 3u);
    EXPECT_EQ(Value(finished.out, 0, "variant"), "\"libc\"");
    EXPECT_EQ(Value(finished.out, 1, "variant"), "\"jemalloc\"");
    EXPECT_EQ(Value(finished.out, 2, "allocator"), "\"jemalloc\"");
    EXPECT_NE(finished.out.find("\"settings\": [\"MALLOC_CONF=retain:false,narenas:1\"]"),
              std::string::npos);
    EXPECT_GT(std::stod(Value(finished.out, 1, "end_retained")), 0);
    EXPECT_EQ(Value(finished.out, 2, "end_retained"), "0");
}

#if defined(__GLIBC__) && defined(__linux__)
TEST(CompareTest, TakesLibraries) {
    if (!zmalloc_test::CanStartPrograms()) GTEST_SKIP() << "compare starts the replays";
    if (zmalloc_test::Emulated()) GTEST_SKIP() << "the emulator is not emulated";
    const Finished finished =
        RunProgram({DataFile(kCompare), "--json", "--rounds=1", "--only=jemalloc,libc",
                    "--variant=" + DataFile("malloc/libzmalloc_jemalloc.so"),
                    "--variant=" + DataFile("malloc/libzmalloc_libc.so"), ShortTrace()});
    ASSERT_EQ(finished.status, 0) << finished.err;
    ASSERT_EQ(Value(finished.out, 2, "variant"), "\"libzmalloc_jemalloc.so\"");
    ASSERT_EQ(Value(finished.out, 3, "variant"), "\"libzmalloc_libc.so\"");
    // The library's memory, and not the libc's.
    const auto rss = [&](size_t i) { return std::stod(Value(finished.out, i, "peak_rss")); };
    EXPECT_NEAR(rss(2), rss(0), rss(0) / 10);
    EXPECT_NEAR(rss(3), rss(1), rss(1) / 10);
    // Nobody knows whose statistics they would be.
    EXPECT_NE(Value(finished.out, 1, "peak_allocated"), "null");
    for (const char *unknown : {"peak_allocated", "end_active", "end_resident", "end_retained"}) {
        EXPECT_EQ(Value(finished.out, 2, unknown), "null") << unknown;
        EXPECT_EQ(Value(finished.out, 3, unknown), "null") << unknown;
    }
}

TEST(CompareTest, SaysWhichColumnCannotBeHad) {
    if (!zmalloc_test::CanStartPrograms()) GTEST_SKIP() << "compare starts the replays";
    if (zmalloc_test::Emulated()) GTEST_SKIP() << "the emulator is not emulated";
    const Finished broken =
        RunProgram({DataFile(kCompare), "--rounds=1", "--only=libc,tcmalloc",
                    "--variant=" + DataFile("tests/tools/libbroken_malloc.so"), ShortTrace()});
    EXPECT_EQ(broken.status, 1);
    EXPECT_NE(broken.out.find("\nlibbroken_malloc.so is left out: its replay "), std::string::npos)
        << broken.out;
    EXPECT_NE(broken.out.find("verdict"), std::string::npos);
    EXPECT_NE(broken.err.find("libbroken_malloc.so is left out"), std::string::npos);
}
#endif

// Neither a replay nor a round of one stays behind.
TEST(CompareTest, LeavesNoProcessBehind) {
#ifdef __linux__
    if (!zmalloc_test::CanStartPrograms()) GTEST_SKIP() << "compare starts the replays";
    if (zmalloc_test::Emulated()) GTEST_SKIP() << "the emulator is the parent";
    for (int signal : {SIGTERM, SIGKILL}) {
        EXPECT_TRUE(
            EndsWithItsChildren({DataFile(kCompare), "--rounds=1000", ShortTrace()}, 2, signal))
            << signal;
    }
#endif
}

TEST(CompareTest, ErrorsAreToldOnce) {
    std::string text = TempFile("text.ztrace");
    WriteFile(text, "no trace");
    for (const std::vector<std::string> &arguments : std::vector<std::vector<std::string>>{
             {text},
             {"--no-such-option"},
             {"a", "b"},
             {"--touch=x"},
             {"--svg"},
             {"--html=" + TempFile("page.html")},  // this one has no charts
             {"--only="},
             {"--only=jemalloc,nosuch"},
             {"--only=libc,libc"},
             {"--variant=nosuch"},
             {"--variant=libc"},
             {"--variant=libc,no setting"},
             {"--variant=" + text},
             {"--variant=/no/such/lib.so"}}) {
        std::vector<std::string> command = {DataFile(kCompare)};
        command.insert(command.end(), arguments.begin(), arguments.end());
        Finished finished = RunProgram(command);
        EXPECT_EQ(finished.status, 2);
        EXPECT_EQ(finished.out, "");
        EXPECT_EQ(finished.err.rfind("compare: ", 0), 0u) << finished.err;
        EXPECT_EQ(finished.err.find('\n'), finished.err.size() - 1) << finished.err;
    }
}

}  // namespace
}  // namespace ztrace_test
