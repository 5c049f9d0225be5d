// compare runs every allocator, and each is what it says.
#include <gtest/gtest.h>

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

// The first part of the trace that ships: enough, and quick.
std::string ShortTrace() {
    std::string path = TempFile("cut.ztrace");
    WriteFile(path, ReadFile(DataFile(kTrace)).substr(0, 300000));
    return path;
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

TEST(CompareTest, OneTableMarksTheBest) {
    if (!zmalloc_test::CanStartPrograms()) GTEST_SKIP() << "compare starts the replays";
    // Whoever started it may ignore its children.
    Finished finished = RunProgram({DataFile(kCompare), "--rounds=1", ShortTrace()}, {}, 0, true);
    ASSERT_EQ(finished.status, 0) << finished.err;
    EXPECT_EQ(Count(finished.err, "\n"), 1u) << finished.err;  // about the truncation
    for (const char *row : {"used, MiB", "RSS, MiB", "RSS / requested", "all, ns",
                            "all, ratio to raw", "bytes leaked"}) {
        EXPECT_GE(Count(finished.out, row), 1u) << row;
    }
    size_t head = finished.out.find("jemalloc");
    ASSERT_NE(head, std::string::npos);
    EXPECT_EQ(Count(finished.out.substr(head, finished.out.find('\n', head) - head), " libc"), 2u);
    size_t at = finished.out.find("all, ns");
    EXPECT_GE(Count(finished.out.substr(at, finished.out.find('\n', at) - at), "*"), 1u);
    EXPECT_GE(Count(finished.out, "unknown"), 2u);
    EXPECT_EQ(Count(finished.out, " \n"), 0u);
}

// What each allocator counts in its own way has no best.
TEST(CompareTest, MarksOnlyWhatIsComparable) {
    if (!zmalloc_test::CanStartPrograms()) GTEST_SKIP() << "compare starts the replays";
    Finished finished = RunProgram({DataFile(kCompare), "--rounds=1", ShortTrace()});
    std::istringstream lines(finished.out);
    std::string line;
    size_t marked = 0, unmarked = 0;
    while (std::getline(lines, line) && line.rfind("* ", 0) != 0) {
        bool star = line.find('*') != std::string::npos;
        for (const char *row : {"  RSS", "  resident, ", "  all, ns", "  free, ns"}) {
            if (line.rfind(row, 0) != 0) continue;
            EXPECT_TRUE(star) << line;
            marked++;
        }
        for (const char *row : {"  requested", "  used", "  allocated", "  active", "  retained",
                                "  resident / allocated"}) {
            if (line.rfind(row, 0) != 0) continue;
            EXPECT_FALSE(star) << line;
            unmarked++;
        }
    }
#ifdef __linux__
    EXPECT_EQ(marked, 8u);
#else
    EXPECT_GT(marked, 0u);
#endif
    EXPECT_GE(unmarked, 10u);
    EXPECT_NE(finished.out.find("after a time (jemalloc: 10 s)"), std::string::npos);
}

// Before the replays, and with nothing left behind.
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
