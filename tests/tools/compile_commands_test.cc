#include <gtest/gtest.h>

#include "tests/emulated.h"
#include "tests/tools/process.h"
#include "tools/compile_commands/actions.h"

namespace compile_commands {
namespace {

using ztrace_test::DataFile;
using ztrace_test::Finished;
using ztrace_test::ReadFile;
using ztrace_test::RunProgram;
using ztrace_test::TempFile;
using ztrace_test::WriteFile;

std::string Action(const std::string &mnemonic, const Command &command) {
    std::string text = "actions {\n  target_id: 1\n  mnemonic: \"" + mnemonic + "\"\n";
    for (const std::string &argument : command) text += "  arguments: \"" + argument + "\"\n";
    return text + "  environment_variables {\n    key: \"PATH\"\n  }\n}\n";
}

TEST(ReadActions, TakesCompilationsAlone) {
    const std::string text = "artifacts {\n  id: 1\n}\n" + Action("CppLink", {"gcc", "-o", "x"}) +
                             Action("CppCompile", {"gcc", "-c", "a.c"}) +
                             Action("CppCompile", {"gcc", "-c", "b.c"}) +
                             "targets {\n  label: \"//a\"\n}\n";
    EXPECT_EQ(ReadActions(text),
              (std::vector<Command>{{"gcc", "-c", "a.c"}, {"gcc", "-c", "b.c"}}));
    EXPECT_TRUE(ReadActions("").empty());
    EXPECT_TRUE(ReadActions("actions {\n  mnemonic: \"CppCompile\"\n  arguments: \"cut").empty());
}

// As Bazel 4 prints it.
TEST(ReadActions, NeedsNoIndentation) {
    EXPECT_EQ(ReadActions("artifacts {\nid: 1\n}\nactions {\narguments: \"gcc\"\n"
                          "environment_variables {\nkey: \"PATH\"\n}\narguments: \"-c\"\n"
                          "mnemonic: \"CppCompile\"\n}\n"),
              (std::vector<Command>{{"gcc", "-c"}}));
}

TEST(ReadActions, KnowsTheirQuotes) {
    const std::string text = Action("CppCompile", {R"(-DS=\"a b\")", R"(\\\'\n\303\244\07)"});
    EXPECT_EQ(ReadActions(text), (std::vector<Command>{{"-DS=\"a b\"", "\\'\n\303\244\a"}}));
}

TEST(OnePerSource, PrefersAPlainBuild) {
    const Command plain = {"gcc", "-Ibazel-out/k8-fastbuild/bin", "-c", "a.c"},
                  changed = {"gcc", "-Ibazel-out/k8-fastbuild-ST-1/bin", "-c", "a.c"},
                  tool = {"gcc", "-Ibazel-out/k8-opt-exec-2/bin", "-c", "a.c"},
                  old_tool = {"gcc", "-Ibazel-out/host/bin", "-c", "a.c"},
                  other = {"gcc", "-c", "b.c"}, assembles_nothing = {"gcc", "-E", "c.c"};
    EXPECT_EQ(OnePerSource({tool, changed, plain, other, old_tool, assembles_nothing}),
              (std::vector<Command>{plain, other}));
    EXPECT_EQ(OnePerSource({old_tool, changed, tool}), (std::vector<Command>{changed}));
}

TEST(ToJson, FindsWhatIsNotInTheWorkspace) {
    const Folders folders = {"/home/w", "/cache/execroot/w", "/cache"};
    const Command command = {"external/zig/cc",
                             "-iquote",
                             "external/jemalloc",
                             "-Iexternal/x/include",
                             "-isystembazel-out/k8/bin",
                             "--sysroot=external/freebsd",
                             "-iquote",
                             ".",
                             "-DNAME=\"a\\b\"",
                             "-Izmalloc/external/no",
                             "-fno-canonical-system-headers",
                             "-c",
                             "zmalloc/zmalloc.c"};
    EXPECT_EQ(ToJson({command}, folders),
              "[\n  {\"directory\": \"/home/w\", \"file\": \"zmalloc/zmalloc.c\", \"arguments\": ["
              "\"/cache/external/zig/cc\", \"-iquote\", \"/cache/external/jemalloc\", "
              "\"-I/cache/external/x/include\", \"-isystem/cache/execroot/w/bazel-out/k8/bin\", "
              "\"--sysroot=/cache/external/freebsd\", \"-iquote\", \".\", "
              "\"-DNAME=\\\"a\\\\b\\\"\", \"-Izmalloc/external/no\", \"-c\", "
              "\"zmalloc/zmalloc.c\"]}\n]\n");
}

// ---- The tool, over a Bazel that is none ------------------------------------

class ToolTest : public testing::Test {
  protected:
    void SetUp() override {
        if (!zmalloc_test::CanStartPrograms()) GTEST_SKIP() << "it starts that Bazel";
    }
};

Finished RunTool(const std::vector<std::string> &arguments, const std::string &bazel = "") {
    std::vector<std::string> command = {DataFile("tools/compile_commands/compile_commands")};
    const std::string program = TempFile("bazel");
    if (!bazel.empty()) {
        WriteFile(program, "#!/bin/sh\n" + bazel);
        EXPECT_EQ(RunProgram({"/bin/chmod", "+x", program}).status, 0);
        command.push_back("--bazel=" + program);
    }
    command.insert(command.end(), arguments.begin(), arguments.end());
    return RunProgram(command, {"BUILD_WORKSPACE_DIRECTORY=" + TempFile("")});
}

TEST_F(ToolTest, WritesTheDatabase) {
    WriteFile(TempFile("actions"), Action("CppCompile", {"gcc", "-c", "a.c"}));
    const Finished finished = RunTool({"--config=clang", "-c", "opt", "//a", "@b//c"},
                                      "echo \"$@\" >>" + TempFile("asked") +
                                          "\ncase $1 in info) echo /$2 ;; aquery) cat " +
                                          TempFile("actions") + ";; esac");
    EXPECT_EQ(finished.status, 0) << finished.err;
    EXPECT_NE(finished.out.find("compile_commands.json: 1 files\n"), std::string::npos);
    const std::string asked = ReadFile(TempFile("asked"));
    EXPECT_NE(asked.find("aquery --output=textproto --config=clang --compilation_mode=opt "
                         "mnemonic(\"CppCompile\", deps(//a + @b//c))\n"),
              std::string::npos)
        << asked;
    EXPECT_NE(ReadFile(TempFile("compile_commands.json")).find("\"file\": \"a.c\""),
              std::string::npos);
}

void ExpectRefused(const Finished &finished, const std::string &why) {
    EXPECT_EQ(finished.status, 2) << finished.err;
    EXPECT_EQ(finished.out, "");
    EXPECT_EQ(finished.err.substr(0, finished.err.find('\n') + 1), finished.err);
    EXPECT_EQ(finished.err.rfind("compile_commands: ", 0), 0u) << finished.err;
    EXPECT_NE(finished.err.find(why), std::string::npos) << finished.err;
}

TEST_F(ToolTest, RefusesBadInput) {
    ExpectRefused(RunTool({"--bazel=/no/such/bazel"}), "no program /no/such/bazel");
    ExpectRefused(RunTool({"--bazel="}), "--bazel needs a value");
    ExpectRefused(RunTool({"-c"}), "fastbuild, dbg or opt");
    ExpectRefused(RunTool({"-x"}), "not a target: -x");
    ExpectRefused(RunTool({"//a b"}), "not a target: //a b");
    ExpectRefused(RunTool({}, "exit 7"), "failed, with status 7");
    ExpectRefused(RunTool({}, "exit 0"), "nothing of it is compiled");
    const std::string one =
        "[ $1 = info ] || printf 'actions {\\n  mnemonic: \"CppCompile\"\\n"
        "  arguments: \"-c\"\\n  arguments: \"a.c\"\\n}\\n'";
    ExpectRefused(RunTool({"--output=/no/such/folder/x"}, one),
                  "cannot write /no/such/folder/x: No such");
}

TEST_F(ToolTest, Helps) {
    const Finished finished = RunTool({"--help"});
    EXPECT_EQ(finished.status, 0);
    EXPECT_EQ(finished.out.rfind("Usage: ", 0), 0u);
}

}  // namespace
}  // namespace compile_commands
