// compare runs every allocator, and each run names its own.
#include <gtest/gtest.h>

#include <csignal>
#include <sstream>

#include "tests/emulated.h"
#include "tests/tools/process.h"

namespace ztrace_test {
namespace {

const char kCompare[] = "tools/zreplay/compare";
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
    WriteFile(svg, "as it was");
    WriteFile(text, "no trace");
    EXPECT_EQ(RunProgram({DataFile(kCompare), "--svg=" + svg, text}).status, 2);
    EXPECT_EQ(ReadFile(svg), "as it was");
}

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
             {text}, {"--no-such-option"}, {"a", "b"}, {"--touch=x"}, {"--svg"}}) {
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
