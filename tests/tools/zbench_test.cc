// Tests the output of zbench and instructions, and when they fail.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

#include "tests/emulated.h"
#include "tests/tools/process.h"

namespace ztrace_test {
namespace {

const size_t kVariants = VARIANT_COUNT;
// The layers over raw: zmalloc, and over jemalloc the inline calls.
const size_t kLayers = kVariants + 1;
// Those that are counted: also malloc by its name.
const size_t kCounted = kLayers + kVariants;

size_t Count(const std::string &text, const std::string &part) {
    size_t count = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        count++;
    }
    return count;
}

Finished Zbench(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(),
                     {DataFile("tools/zbench/zbench_tool"), "--repetitions=2", "--min-time=1"});
    return RunProgram(arguments);
}

// Runs instructions with a fake valgrind, in which each layer adds `over` instructions.
Finished Instructions(const std::string &over, std::vector<std::string> arguments) {
    std::string folder = TempFile("bin");
    mkdir(folder.c_str(), 0700);
    const std::string link = folder + "/valgrind";
    if (symlink(DataFile("tests/tools/fake_valgrind.sh").c_str(), link.c_str()) != 0) {
        EXPECT_EQ(errno, EEXIST);  // a run before made it
    }
    arguments.insert(arguments.begin(), DataFile("tools/zbench/instructions_tool"));
    return RunProgram(arguments, {"PATH=" + folder + ":" + getenv("PATH"), "FAKE_OVER=" + over});
}

std::string Budgets(const std::string &text) {
    std::string path = TempFile("budgets.txt");
    WriteFile(path, text);
    return "--budgets=" + path;
}

void ExpectOneLine(const std::string &tool, const Finished &finished) {
    EXPECT_EQ(finished.status, 2);
    EXPECT_EQ(finished.out, "");
    EXPECT_EQ(finished.err.rfind(tool + ": ", 0), 0u) << finished.err;
    EXPECT_EQ(finished.err.find('\n'), finished.err.size() - 1) << finished.err;
}

// Both start other programs.
class ZbenchTest : public testing::Test {
  protected:
    void SetUp() override {
        if (!zmalloc_test::CanStartPrograms()) GTEST_SKIP() << "it starts other programs";
    }
};

using InstructionsTest = ZbenchTest;

TEST_F(ZbenchTest, TimesEveryAllocatorBesideRaw) {
    Finished finished = Zbench({"--filter=/pair/64$"});
    ASSERT_EQ(finished.status, 0) << finished.err;
    EXPECT_EQ(Count(finished.out, " raw "), 1u) << finished.out;
    EXPECT_EQ(Count(finished.out, " x"), kLayers) << finished.out;
    EXPECT_EQ(Count(finished.out, " \n"), 0u) << finished.out;
    Finished json = Zbench({"--json", "--filter=/pair/64$"});
    EXPECT_EQ(Count(json.out, "\"layer\": \"zmalloc\""), kVariants) << json.out;
    EXPECT_EQ(Count(json.out, "\"ratio\": null"), kVariants) << json.out;
}

// Each kind of measurement, those of several threads among them.
TEST_F(ZbenchTest, RunsAll) {
    Finished finished = Zbench({"--repetitions=1", "--filter=^libc/"});
    ASSERT_EQ(finished.status, 0) << finished.err;
    for (const char *op : {"pair ", "free_with_size ", "calloc ", "batch ", "realloc_in_place ",
                           "realloc_grow ", "threads              64", "producer_consumer ",
                           "thread_churn ", "used_memory          64", "used_memory_after 10000"}) {
        EXPECT_GE(Count(finished.out, op), 1u) << op;
    }
}

TEST_F(ZbenchTest, ErrorsAreOneLine) {
    for (const char *wrong : {"--repetitions=0", "--min-time=x", "--filter=(", "--filter=nosuch",
                              "--no-such-option", "--filter", "more"}) {
        ExpectOneLine("zbench", Zbench({wrong}));
    }
    EXPECT_EQ(Zbench({"--help"}).out.rfind("Usage: zbench ", 0), 0u);
}

TEST_F(InstructionsTest, WithinTheirBudget) {
    Finished finished = Instructions("8", {});
    ASSERT_EQ(finished.status, 0) << finished.out << finished.err;
    EXPECT_NE(finished.out.find("are within it\n"), std::string::npos) << finished.out;
    EXPECT_EQ(Count(finished.out, "!"), 0u);
    EXPECT_EQ(Count(finished.out, " \n"), 0u);
    // One table has each operation and size with a budget.
    for (const char *op : {"pair                 16 ", "pair              16384 ",
                           "free_with_size    16384 ", "calloc ", "batch ", "realloc_in_place "}) {
        EXPECT_GE(Count(finished.out, op), 1u) << op;
    }
}

TEST_F(InstructionsTest, OverTheirBudgetItFails) {
    std::string budgets = Budgets("# of two\njemalloc zmalloc 20\nlibc zmalloc 19\n");
    Finished finished = Instructions("20", {budgets, "--filter=/pair/64"});
    EXPECT_EQ(finished.status, 1) << finished.err;
    EXPECT_NE(finished.out.find("1 of 2 figures that have a budget exceed it"), std::string::npos);
    EXPECT_EQ(Count(finished.out, "+20.0!"), 1u) << finished.out;
    Finished json = Instructions("20", {budgets, "--json", "--filter=/pair/64"});
    EXPECT_EQ(json.status, 1);
    EXPECT_EQ(Count(json.out, "\"over_raw\": 20.0, \"budget\": 19, \"exceeds\": true"), 1u);
    EXPECT_EQ(Count(json.out, "\"over_raw\": 20.0, \"budget\": 20, \"exceeds\": false"), 1u);
    EXPECT_EQ(Count(json.out, "\"over_raw\": 20.0, \"budget\": null"), kCounted - 2);
    EXPECT_EQ(Instructions("21", {budgets, "--filter=^jemalloc/pair/64"}).status, 1);
    // An exception counts only for its own call; a layer that saves instructions is within any
    // budget.
    const std::string exception = Budgets("jemalloc zmalloc 19\njemalloc zmalloc 20 pair/64\n");
    EXPECT_EQ(Instructions("20", {exception, "--filter=^jemalloc/pair/64"}).status, 0);
    EXPECT_EQ(Instructions("20", {exception, "--filter=^jemalloc/pair/128"}).status, 1);
    EXPECT_EQ(Instructions("-30", {budgets, "--filter=/pair/64"}).status, 0);
}

// Without a filter, a figure that has no budget is reported, and so is a budget without a figure.
TEST_F(InstructionsTest, NothingGoesUnchecked) {
    std::string all;
    for (const std::string variant : {VARIANT_NAMES}) {
        if (variant != "libc") all += variant + " zmalloc 20\n";
        all += variant + " zone 0\n" + variant + " malloc 20\n";
    }
    all += "jemalloc inline 20\n";
    Finished finished = Instructions("8", {Budgets(all)});
    EXPECT_EQ(finished.status, 1);
    EXPECT_NE(finished.err.find("no budget for libc zmalloc pair/64\n"), std::string::npos);
    EXPECT_EQ(finished.err.find("tcmalloc"), std::string::npos) << finished.err;
    EXPECT_EQ(Instructions("8", {Budgets(all + "libc zmalloc 20\n")}).status, 0);
    for (const char *line : {"libc inline 5", "libc zmalloc 5 pairs/64"}) {
        std::string wrong = line;
        wrong.erase(wrong.find(" 5"), 2);
        finished = Instructions("8", {Budgets(all + "libc zmalloc 20\n" + line + "\n")});
        EXPECT_EQ(finished.status, 1) << line;
        EXPECT_NE(finished.err.find("not measured: " + wrong + "\n"), std::string::npos)
            << finished.err;
    }
}

TEST_F(InstructionsTest, DrawsEachLayer) {
    std::string svg = TempFile("overhead.svg");
    Finished finished = Instructions("7", {"--filter=/pair/64", "--svg=" + svg});
    ASSERT_EQ(finished.status, 0) << finished.err;
    EXPECT_EQ(Count(ReadFile(svg), ">+7</text>"), kLayers);
    EXPECT_EQ(Count(ReadFile(svg), ">Redis 8.0.6</text>"), 1u);
}

TEST_F(InstructionsTest, ErrorsAreOneLine) {
    for (const char *text :
         {"", "jemalloc zmalloc\n", "jemalloc zmalloc 5 6\n", "jemalloc zmalloc 5 pair/\n",
          "jemalloc zmalloc 5 /64\n", "jemalloc zmalloc 5 pair/64 6\n",
          "jemalloc zmalloc 5 pair/64\njemalloc zmalloc 6 pair/64\n", "x zmalloc 5\n",
          "jemalloc x 5\n", "jemalloc zmalloc -5\n", "jemalloc zmalloc 5x\n",
          "jemalloc zmalloc 5\njemalloc zmalloc 6\n"}) {
        ExpectOneLine("instructions", Instructions("1", {Budgets(text)}));
    }
    for (const std::string &wrong :
         {"--budgets=" + TempFile("missing"), "--budgets=" + TempFile("."), std::string("--svg="),
          "--svg=" + TempFile("no-such-folder/x.svg"), std::string("--filter=("),
          std::string("--filter=nosuch"), std::string("--no-such-option"), std::string("more")}) {
        ExpectOneLine("instructions", Instructions("1", {wrong}));
    }
    EXPECT_EQ(Instructions("1", {"--help"}).out.rfind("Usage: instructions ", 0), 0u);
}

TEST_F(InstructionsTest, CountsThatAreMissingAreTold) {
    ExpectOneLine("instructions", Instructions("nothing", {"--filter=/pair/64"}));
    std::string program = DataFile("tools/zbench/instructions_tool");
    Finished finished = RunProgram({program}, {"PATH=" + TempFile("empty")});
    ExpectOneLine("instructions", finished);
    EXPECT_NE(finished.err.find("valgrind"), std::string::npos) << finished.err;
}

}  // namespace
}  // namespace ztrace_test
