// zmeasure says what is wrong before anything runs.
#include <gtest/gtest.h>

#include "tests/tools/process.h"

namespace ztrace_test {
namespace {

const char kTool[] = "tools/zmeasure/without_charts";

std::string Planted() { return DataFile("tests/measure/planted"); }

Finished RunTool(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), DataFile(kTool));
    return RunProgram(arguments);
}

void ExpectOneLine(const Finished &finished) {
    EXPECT_EQ(finished.out, "");
    EXPECT_EQ(finished.err.rfind("zmeasure: ", 0), 0u) << finished.err;
    EXPECT_EQ(finished.err.find('\n'), finished.err.size() - 1) << finished.err;
}

TEST(ArgumentsTest, WhatIsWrongIsToldInOneLine) {
    const std::string text = TempFile("text.so"), folder = TempFile("");
    WriteFile(text, "no library");
    const std::vector<std::vector<std::string>> wrong = {
        {},
        {"--no-such-option", Planted()},
        {"--runs"},
        {"--runs=0", Planted()},
        {"--runs=1000", Planted()},
        {"--runs=x", Planted()},
        {"--warmup=-1", Planted()},
        {"--idle=1", Planted()},
        {"--idle=-1", "--load=true", Planted()},
        {"--idle=nan", "--load=true", Planted()},
        {"--ready=true", Planted()},
        {"--timeout=0", Planted()},
        {"--only=jemallok", Planted()},
        {"--only=", Planted()},
        {"--only=as-is", Planted()},
        {"--only=as-is,as-is", Planted()},
        {"--variant=jemallok", Planted()},
        {"--variant=libc,no setting", Planted()},
        {"--variant=jemalloc", Planted()},
        {"--variant=" + text, Planted()},
        {"--variant=" + folder, Planted()},
        {"--variant=/no/such/lib.so", Planted()},
        {"--variant=" + Planted(), Planted()},
        {"--metric=x", Planted()},
        {"--metric==(.)", Planted()},
        {"--metric=x=(", Planted()},
        {"--metric=x=y", Planted()},
        {"--metric=cpu_seconds=(.)", Planted()},
        {"--metric=x=(.)", "--metric=x=(.)", Planted()},
        {"--html=", Planted()},
        {"--html=" + folder, Planted()},
        {"--html=/no/such/folder/x.html", Planted()},
        {"--html=" + TempFile("page.html"), Planted()},  // this one has no charts
        {"/no/such/program"},
        {"no-such-program-in-path"},
        {folder},
        {DataFile("tests/measure/planted_static")},
        {DataFile("tests/tools/own_malloc")},
    };
    for (const std::vector<std::string> &arguments : wrong) {
        const Finished finished = RunTool(arguments);
        std::string shown;
        for (const std::string &argument : arguments) shown += argument + " ";
        SCOPED_TRACE(shown);
        EXPECT_EQ(finished.status, 2);
        ExpectOneLine(finished);
    }
}

TEST(ArgumentsTest, HelpGoesToStdout) {
    for (const char *option : {"--help", "-h"}) {
        const Finished finished = RunTool({option});
        EXPECT_EQ(finished.status, 0);
        EXPECT_EQ(finished.out.rfind("Usage: zmeasure", 0), 0u);
        EXPECT_EQ(finished.err, "");
    }
}

TEST(ArgumentsTest, WhatCannotBeRunIsNamed) {
    const std::string script = TempFile("not_executable");
    WriteFile(script, "#!/bin/sh\n");
    ASSERT_EQ(RunProgram({"/bin/chmod", "644", script}).status, 0);
    const std::vector<std::pair<std::string, std::string>> cases = {
        {script, "is not executable"},
        {TempFile(""), "is a folder"},
        {"/dev/null", "is no program"},
        {TempFile("nothing"), "there is no such program"},
    };
    for (const auto &[program, why] : cases) {
        const Finished finished = RunTool({program});
        EXPECT_EQ(finished.status, 2);
        ExpectOneLine(finished);
        EXPECT_NE(finished.err.find(": " + why + "\n"), std::string::npos) << finished.err;
    }
}

// A script is as its interpreter is.
TEST(ArgumentsTest, ScriptsAreFollowed) {
    const std::string script = TempFile("script");
    WriteFile(script, "#!" + DataFile("tests/measure/planted_static") + "\n");
    ASSERT_EQ(RunProgram({"/bin/chmod", "755", script}).status, 0);
    const Finished finished = RunTool({script});
    EXPECT_EQ(finished.status, 2);
    ExpectOneLine(finished);
    EXPECT_NE(finished.err.find("statically linked"), std::string::npos) << finished.err;
}

TEST(ArgumentsTest, AnInterpreterThatIsNotThereIsNamed) {
    const std::string script = TempFile("no_interpreter");
    for (const char *line :
         {"no-such-interpreter", " /no/such/interpreter -x", "/bin/sh\r", "/tmp"}) {
        WriteFile(script, "#!" + std::string(line) + "\nexit 0\n");
        ASSERT_EQ(RunProgram({"/bin/chmod", "755", script}).status, 0);
        const Finished finished = RunTool({script});
        EXPECT_EQ(finished.status, 2);
        ExpectOneLine(finished);
        EXPECT_NE(finished.err.find("its first line names "), std::string::npos) << finished.err;
    }
}

}  // namespace
}  // namespace ztrace_test
