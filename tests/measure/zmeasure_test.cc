// zmeasure finds what is planted, and nothing else.
#include <gtest/gtest.h>

#include <cmath>
#include <csignal>
#include <cstdlib>

#include "tests/sbom/json.h"
#include "tests/tools/process.h"

namespace ztrace_test {
namespace {

const char kTool[] = "tools/zmeasure/without_charts";
constexpr double kMiB = 1048576;

std::string Planted() { return DataFile("tests/measure/planted"); }

Finished RunTool(std::vector<std::string> arguments,
                 const std::vector<std::string> &environment = {}) {
    arguments.insert(arguments.begin(), DataFile(kTool));
    return RunProgram(arguments, environment);
}

// Runs with --json; what it printed is a document.
json::Value Measure(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "--json");
    const Finished finished = RunTool(arguments);
    EXPECT_EQ(finished.status, 0) << finished.err;
    json::Value report = json::Parse(finished.out);
    EXPECT_EQ(report.kind, json::Value::Kind::kObject) << finished.out;
    return report;
}

const json::Value &Figure(const json::Value &report, size_t column, const std::string &name) {
    return report["columns"].list.at(column)["figures"][name];
}

double Median(const json::Value &report, size_t column, const std::string &name) {
    const std::string &text = Figure(report, column, name)["median"].text;
    return text.empty() || text == "null" ? NAN : std::strtod(text.c_str(), nullptr);
}

std::string Word(const json::Value &report, size_t column, const std::string &name) {
    return Figure(report, column, name)["difference"]["word"].text;
}

bool Notes(const json::Value &report, const std::string &text) {
    for (const json::Value &note : report["notes"].list) {
        if (note.text.find(text) != std::string::npos) return true;
    }
    return false;
}

TEST(ZmeasureTest, FindsWhatASettingAdds) {
    const json::Value report =
        Measure({"--runs=5", "--only=as-is,libc", "--variant=libc,GROW=50",
                 "--variant=as-is,OTHER=1", "--metric=+rate=rate: ([0-9.]+)", Planted()});
    const double base = Median(report, 0, "peak_rss_bytes");
    EXPECT_GT(base, 20 * kMiB);
    EXPECT_LT(base, 26 * kMiB);
    EXPECT_NEAR(Median(report, 2, "peak_rss_bytes") - base, 50 * kMiB, 4 * kMiB);
    EXPECT_NEAR(Median(report, 2, "peak_rss_anon_bytes") - base, 50 * kMiB, 4 * kMiB);
    EXPECT_EQ(Word(report, 2, "peak_rss_bytes"), "worse");
    EXPECT_EQ(Word(report, 3, "peak_rss_bytes"), "no clear difference");
    EXPECT_EQ(Median(report, 0, "rate"), 100.5);  // the last one that is printed
    EXPECT_EQ(Median(report, 2, "rate"), 50.5);
    EXPECT_EQ(Word(report, 2, "rate"), "worse");
    EXPECT_EQ(Word(report, 3, "rate"), "no clear difference");
    EXPECT_EQ(report["columns"].list[1]["failed"].text, "null");
    EXPECT_NE(report["sentence"].text.find("RSS, peak: worse: libc,GROW=50 2"), std::string::npos)
        << report["sentence"].text;
    EXPECT_NE(
        report["sentence"].text.find("above as-is; no clear difference of the others (less than "),
        std::string::npos)
        << report["sentence"].text;
    // What it prints tells whether something was preloaded.
    EXPECT_TRUE(Notes(report, "libc: the program printed something else"));
    EXPECT_FALSE(Notes(report, "as-is,OTHER=1: the program printed"));
}

TEST(ZmeasureTest, SaysWhichIsBest) {
    const Finished finished =
        RunTool({"--json", "--runs=5", "--warmup=0", "--only=as-is", "--variant=as-is,GROW=1",
                 "--variant=as-is,GROW=30", "--variant=as-is,GROW=62", "--variant=as-is,GROW=90",
                 Planted()},
                {"GROW=60"});
    ASSERT_EQ(finished.status, 0) << finished.err;
    const json::Value report = json::Parse(finished.out);
    EXPECT_EQ(Word(report, 1, "peak_rss_bytes"), "better");
    EXPECT_EQ(Word(report, 2, "peak_rss_bytes"), "better");
    EXPECT_EQ(Word(report, 3, "peak_rss_bytes"), "no clear difference");  // 2 %
    EXPECT_EQ(Word(report, 4, "peak_rss_bytes"), "worse");
    const std::string &sentence = report["sentence"].text;
    EXPECT_NE(sentence.find("below as-is, best of them as-is,GROW=1; worse: as-is,GROW=90 "),
              std::string::npos)
        << sentence;
    EXPECT_NE(sentence.find("above as-is; no clear difference of as-is,GROW=62 (less than "),
              std::string::npos)
        << sentence;
}

// Its sentence is long: none of it is lost.
TEST(ZmeasureTest, ManyColumnsWithLongNames) {
    std::vector<std::string> arguments = {"--runs=5", "--warmup=0", "--only=as-is"};
    for (int i = 10; i < 20; i++) {
        arguments.push_back("--variant=as-is,GROW=" + std::to_string(i) +
                            ",X=" + std::string(450, 'x'));
    }
    arguments.push_back(Planted());
    const std::string sentence = Measure(arguments)["sentence"].text;
    EXPECT_NE(sentence.find("as-is,GROW=19,X="), std::string::npos);
    EXPECT_NE(sentence.find("malloc: its part"), std::string::npos);
    EXPECT_EQ(sentence.back(), '.');
}

// Part, low and high.
std::vector<double> MallocPart(const json::Value &report) {
    std::vector<double> numbers;
    for (const char *name : {"part", "low", "high"}) {
        const std::string &text = report["malloc_cpu_part"][name].text;
        numbers.push_back(text == "null" ? NAN : std::strtod(text.c_str(), nullptr));
    }
    return numbers;
}

TEST(ZmeasureTest, SaysWhatMallocTakes) {
    for (const char *what : {"allocate", "allocate-in-thread", "allocate-in-child"}) {
        const json::Value report =
            Measure({"--runs=1", "--warmup=0", "--only=as-is,libc", Planted(), what});
        const std::vector<double> part = MallocPart(report);
        const std::string &unknown = report["malloc_cpu_part"]["unknown"].text;
        SCOPED_TRACE(what + (": " + unknown));
        if (unknown.find("busy") != std::string::npos) continue;
        if (unknown.find("waited for a processor") != std::string::npos) continue;
        EXPECT_LT(part[1], 0.5);
        EXPECT_LT(part[0], part[2]);
        EXPECT_GT(part[2], 0.35);
        // It is 0.45: reading the clock takes time, too.  The bounds are four standard errors of
        // the fewest looks away.  On a busy machine it says that it is less sure.
        EXPECT_NEAR(part[0], 0.45, part[2] - part[1] < 0.35 ? 0.15 : 0.5);
    }
    const std::vector<double> part =
        MallocPart(Measure({"--runs=1", "--warmup=0", "--only=as-is,libc", Planted(), "burn"}));
    EXPECT_FALSE(part[2] >= 0.05) << part[2];  // it may be unknown
}

// Where it cannot be measured, nothing is said: in a short run, without the library in all or some
// of the processes, in a static program.
TEST(ZmeasureTest, WhatMallocTakesMayBeUnknown) {
    const std::string planted_static = DataFile("tests/measure/planted_static");
    const std::vector<std::vector<std::string>> unknown = {
        {Planted()},
        {Planted(), "exec", Planted(), "burn"},
        {"/bin/sh", "-c", "GROW=50 $1 long & $1 exec $1 burn; wait", "sh", Planted()},
        {planted_static, "burn"},
    };
    for (const std::vector<std::string> &command : unknown) {
        std::vector<std::string> arguments = {"--runs=1", "--warmup=0", "--only=as-is",
                                              "--variant=as-is,OTHER=1"};
        arguments.insert(arguments.end(), command.begin(), command.end());
        SCOPED_TRACE(testing::PrintToString(command));
        const json::Value report = Measure(arguments);
        EXPECT_TRUE(std::isnan(MallocPart(report)[0])) << MallocPart(report)[0];
        EXPECT_NE(report["malloc_cpu_part"]["unknown"].text, "null");
        EXPECT_NE(report["sentence"].text.find("part of the CPU time is unknown ("),
                  std::string::npos);
    }
}

// The last number of the last line that has one.
TEST(ZmeasureTest, MetricsAreFoundInLongOutput) {
    const std::string file = TempFile("output");
    std::string text;
    for (int i = 0; i < 90000; i++) text += "rate: " + std::to_string(i) + (i % 7 ? " " : "\n");
    WriteFile(file, text + "\nrate: x\n");
    const json::Value report =
        Measure({"--runs=1", "--warmup=0", "--only=as-is", "--variant=as-is,OTHER=1",
                 "--metric=rate=rate: ([0-9]+)", "--metric=first=^rate: ([0-9]+)",
                 "--metric=none=no: ([0-9]+)", "/bin/cat", file});
    EXPECT_EQ(Median(report, 0, "rate"), 89999);
    EXPECT_EQ(Median(report, 0, "first"), 89993);
    EXPECT_TRUE(std::isnan(Median(report, 0, "none")));
}

TEST(ZmeasureTest, NamesThoseThatAreEqual) {
    const Finished finished = RunTool({"--runs=5", "--only=as-is", "--variant=as-is,GROW=1,A=1",
                                       "--variant=as-is,GROW=1,A=2", Planted()},
                                      {"GROW=60"});
    EXPECT_EQ(finished.status, 0) << finished.err;
    const size_t at = finished.out.find("\nRSS, peak: better: as-is,GROW=1,A=1 7");
    ASSERT_NE(at, std::string::npos) << finished.out;
    const std::string line = finished.out.substr(at + 1, finished.out.find('\n', at + 1) - at - 1);
    EXPECT_EQ(line.substr(line.size() - 13), " below as-is.") << line;
}

// A shell is not linked with what its child loads.  The child is there for long enough to be seen.
TEST(ZmeasureTest, SaysWhichAllocatorTheProgramLoads) {
    const std::string library = DataFile("malloc/libzmalloc_mimalloc.so");
    const Finished finished =
        RunTool({"--json", "--runs=1", "--warmup=0", "--only=as-is,libc", "/bin/sh", "-c",
                 "LD_PRELOAD=" + library + " " + Planted() + " long"});
    EXPECT_EQ(finished.status, 1);  // there is no second column, and nothing was compared
    const json::Value report = json::Parse(finished.out);
    EXPECT_TRUE(Notes(report, "the program loads libzmalloc_"));
    EXPECT_NE(report["columns"].list[1]["failed"].text.find("ran without the library"),
              std::string::npos);
}

TEST(ZmeasureTest, FewRunsSayNothing) {
    const json::Value report =
        Measure({"--runs=3", "--only=as-is", "--variant=as-is,GROW=50", Planted()});
    EXPECT_EQ(Word(report, 1, "peak_rss_bytes"), "not judged");
    EXPECT_NE(report["sentence"].text.find("cannot tell"), std::string::npos);
}

TEST(ZmeasureTest, ChildrenCount) {
    const json::Value report =
        Measure({"--runs=1", "--warmup=0", "--only=as-is,libc", Planted(), "child"});
    for (size_t column : {0u, 1u}) {
        EXPECT_GT(Median(report, column, "cpu_seconds"), 0.2);
        const double peak = Median(report, column, "peak_rss_bytes");
        if (std::isnan(peak)) continue;  // the machine was too busy to see it
        // What the child shares with its parent counts once.
        EXPECT_GT(peak, 78 * kMiB);
        EXPECT_LT(peak, 96 * kMiB);
    }
    EXPECT_TRUE(Notes(report, "several processes"));
}

TEST(ZmeasureTest, ServersAreLoadedIdledAndEnded) {
    const json::Value report =
        Measure({"--runs=1", "--warmup=0", "--only=as-is,jemalloc", "--ready=kill -0 $ZMEASURE_PID",
                 "--load=echo 'rate: 12'; sleep 0.3", "--idle=0.2", "--metric=rate=rate: (.*)$",
                 Planted(), "serve"});
    for (size_t column : {0u, 1u}) {
        EXPECT_EQ(Median(report, column, "rate"), 12);
        EXPECT_GT(Median(report, column, "wall_seconds"), 0.29);
        EXPECT_GT(Median(report, column, "after_load_rss_bytes"), 20 * kMiB);
        EXPECT_GT(Median(report, column, "after_idle_rss_bytes"), 20 * kMiB);
    }
}

TEST(ZmeasureTest, DaemonsAreTheProgram) {
    const json::Value report = Measure(
        {"--runs=1", "--warmup=0", "--only=as-is,libc", "--load=sleep 0.5", Planted(), "daemon"});
    for (size_t column : {0u, 1u}) {
        EXPECT_GT(Median(report, column, "after_load_rss_bytes"), 48 * kMiB);
    }
}

TEST(ZmeasureTest, WhoIgnoresSigtermIsKilled) {
    const json::Value report =
        Measure({"--runs=1", "--warmup=0", "--only=as-is", "--variant=as-is,GROW=1", "--load=true",
                 Planted(), "stubborn"});
    EXPECT_TRUE(Notes(report, "did not end on SIGTERM"));
}

TEST(ZmeasureTest, ACrashHasNoFigures) {
    const json::Value report =
        Measure({"--runs=1", "--only=as-is,libc", "--variant=libc,CRASH=1", Planted()});
    EXPECT_NE(report["columns"].list[2]["failed"].text.find("signal 11"), std::string::npos);
    EXPECT_TRUE(std::isnan(Median(report, 2, "peak_rss_bytes")));
    EXPECT_FALSE(std::isnan(Median(report, 1, "peak_rss_bytes")));
    EXPECT_TRUE(Notes(report, "libc,CRASH=1 has no figures"));
}

TEST(ZmeasureTest, AnotherStatusHasNoFigures) {
    const json::Value report = Measure({"--runs=1", "--only=as-is", "--variant=as-is,OTHER=1",
                                        "--variant=as-is,GROW=1", Planted(), "status"});
    EXPECT_EQ(report["columns"].list[1]["failed"].text, "null");
    EXPECT_NE(report["columns"].list[2]["failed"].text.find("status 4"), std::string::npos);
}

// A program that is started without the environment runs without the library.
TEST(ZmeasureTest, APreloadThatDidNotTakeHasNoFigures) {
    for (const std::string &program : {Planted(), DataFile("tests/measure/planted_static")}) {
        const json::Value report = Measure({"--runs=1", "--only=as-is,jemalloc",
                                            "--variant=as-is,GROW=0", Planted(), "exec", program});
        EXPECT_NE(report["columns"].list[1]["failed"].text, "null");
        EXPECT_TRUE(std::isnan(Median(report, 1, "peak_rss_bytes")));
        EXPECT_FALSE(std::isnan(Median(report, 0, "peak_rss_bytes")));
    }
}

TEST(ZmeasureTest, ErrorsOfTheProgramAndTheLoad) {
    const std::vector<std::vector<std::string>> wrong = {
        {"--only=as-is,libc", "--load=false", Planted(), "serve"},
        {"--only=as-is,libc", "--load=echo why >&2; exit 3", Planted(), "serve"},
        {"--only=as-is,libc", "--load=no-such-command", Planted(), "serve"},
        {"--only=as-is,libc", "--load=true", Planted()},
        {"--only=as-is,libc", "--timeout=0.3", Planted(), "serve"},
        {"--only=as-is,libc", "--timeout=1", "--load=sleep 100", Planted(), "serve"},
    };
    for (const std::vector<std::string> &arguments : wrong) {
        const Finished finished = RunTool(arguments);
        SCOPED_TRACE(arguments[1]);
        EXPECT_EQ(finished.status, 1);
        EXPECT_EQ(finished.out, "");
        EXPECT_EQ(finished.err.rfind("zmeasure: as-is: ", 0), 0u) << finished.err;
        EXPECT_EQ(finished.err.find('\n'), finished.err.size() - 1) << finished.err;
    }
}

TEST(ZmeasureTest, TheTableNamesEachColumn) {
    const Finished finished = RunTool({"--runs=1", "--warmup=0", "--only=as-is,libc",
                                       "--variant=libc,MALLOC_ARENA_MAX=1,GROW=1", Planted()});
    ASSERT_EQ(finished.status, 0) << finished.err;
    EXPECT_EQ(finished.err, "");  // progress is for terminals
    EXPECT_NE(finished.out.find("libc[3] is libc,MALLOC_ARENA_MAX=1,GROW=1"), std::string::npos)
        << finished.out;
    EXPECT_NE(finished.out.find("RSS, peak, MiB"), std::string::npos);
    // One run is not judged, and has no marks.
    EXPECT_NE(finished.out.find("unmarked: no clear difference, or not judged."),
              std::string::npos);
    EXPECT_NE(finished.out.find("Noise: "), std::string::npos);
}

// Settings of jemalloc reach it by both of its names.
TEST(ZmeasureTest, SettingsReachTheProgram) {
    const std::string script = TempFile("environment");
    WriteFile(script, "#!/bin/sh\nsleep 0.1\necho \"conf $MALLOC_CONF,$JE_MALLOC_CONF.\"\n");
    ASSERT_EQ(RunProgram({"/bin/chmod", "755", script}).status, 0);
    const json::Value report =
        Measure({"--runs=1", "--warmup=0", "--only=as-is",
                 "--variant=jemalloc,MALLOC_CONF=dirty_decay_ms:7,muzzy_decay_ms:7",
                 "--metric=usual=conf dirty_decay_ms:(7),muzzy_decay_ms:7,",
                 "--metric=own=,dirty_decay_ms:(7),muzzy_decay_ms:7\\.", script});
    EXPECT_EQ(Median(report, 1, "usual"), 7);
    EXPECT_EQ(Median(report, 1, "own"), 7);
}

TEST(ZmeasureTest, LeavesNoProcessBehind) {
    for (int signal : {SIGTERM, SIGINT, SIGKILL}) {
        EXPECT_TRUE(EndsWithItsChildren(
            {DataFile(kTool), "--only=as-is,libc", Planted(), "serve-in-child"}, 3, signal))
            << signal;
        EXPECT_TRUE(EndsWithItsChildren(
            {DataFile(kTool), "--only=as-is,libc", "--load=sleep 100", Planted(), "serve-in-child"},
            3, signal))
            << signal;
    }
}

}  // namespace
}  // namespace ztrace_test
