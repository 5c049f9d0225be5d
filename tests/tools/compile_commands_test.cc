// compile_commands over a script in place of Bazel.
#include <gtest/gtest.h>

#include "tests/emulated.h"
#include "tests/tools/process.h"

namespace ztrace_test {
namespace {

using Command = std::vector<std::string>;

std::string Action(const std::string &mnemonic, const Command &command) {
    std::string text = "{\"targetId\": 1, \"mnemonic\": \"" + mnemonic + "\", \"arguments\": [";
    for (size_t i = 0; i < command.size(); i++) text += (i ? ", \"" : "\"") + command[i] + "\"";
    return text + "]}";
}

class CompileCommandsTest : public testing::Test {
  protected:
    void SetUp() override {
        if (!zmalloc_test::CanStartPrograms()) GTEST_SKIP() << "it starts that Bazel";
        if (RunProgram({"/bin/sh", "-c", "command -v jq"}).status != 0) GTEST_SKIP() << "no jq";
    }
};

Finished RunTool(const std::vector<std::string> &arguments, const std::string &bazel = "") {
    std::vector<std::string> command = {DataFile("tools/compile_commands")};
    const std::string program = TempFile("bazel");
    if (!bazel.empty()) {
        WriteFile(program, "#!/bin/sh\n" + bazel);
        EXPECT_EQ(RunProgram({"/bin/chmod", "+x", program}).status, 0);
        command.push_back("--bazel=" + program);
    }
    command.insert(command.end(), arguments.begin(), arguments.end());
    return RunProgram(command, {"BUILD_WORKSPACE_DIRECTORY=" + TempFile("")});
}

// The tool's output when Bazel prints these actions, with the output base /cache.
std::string Database(const std::vector<std::string> &actions) {
    std::string json = "{\"artifacts\": [{\"id\": 1}], \"actions\": [";
    for (size_t i = 0; i < actions.size(); i++) json += (i ? ", " : "") + actions[i];
    WriteFile(TempFile("actions"), json + "], \"targets\": [{\"id\": 1}]}");
    const Finished finished = RunTool({"--config=clang", "-c", "opt", "//a", "@b//c"},
                                      "echo \"$@\" >" + TempFile("asked") +
                                          "\ncase $1$2 in infooutput_base) echo /cache ;; info*) "
                                          "echo /cache/execroot/w ;; *) cat " +
                                          TempFile("actions") + ";; esac");
    EXPECT_EQ(finished.status, 0) << finished.err;
    EXPECT_NE(finished.out.find("compile_commands.json: "), std::string::npos);
    return ReadFile(TempFile("compile_commands.json"));
}

TEST_F(CompileCommandsTest, WritesTheCompilationsAlone) {
    const std::string json =
        Database({Action("CppLink", {"gcc", "-o", "x"}), Action("CppCompile", {"gcc", "-c", "a.c"}),
                  Action("CppCompile", {"gcc", "-E", "c.c"}), Action("Middleman", {}),
                  Action("CppCompile", {"gcc", "-c", "b.c"})});
    const std::string folder = TempFile("");
    const std::string directory =
        "  {\"directory\":\"" + folder.substr(0, folder.size() - 1) + "\",\"file\":";
    EXPECT_EQ(json, "[\n" + directory + "\"a.c\",\"arguments\":[\"gcc\",\"-c\",\"a.c\"]},\n" +
                        directory + "\"b.c\",\"arguments\":[\"gcc\",\"-c\",\"b.c\"]}\n]\n");
    EXPECT_EQ(ReadFile(TempFile("asked")),
              "aquery --output=jsonproto --config=clang --compilation_mode=opt "
              "mnemonic(\"CppCompile\", deps(//a + @b//c))\n");
}

// When a file has several commands, the tool takes the one of a plain build.
TEST_F(CompileCommandsTest, PrefersAPlainBuild) {
    const std::string plain = Action("CppCompile", {"plain", "-Ibazel-out/k8/bin", "-c", "a.c"}),
                      changed =
                          Action("CppCompile", {"gcc", "-Ibazel-out/k8-ST-1/bin", "-c", "a.c"}),
                      tool =
                          Action("CppCompile", {"gcc", "-Ibazel-out/k8-exec-2/bin", "-c", "a.c"}),
                      old_tool = Action("CppCompile", {"gcc", "-Ibazel-out/host/bin", "-c", "a.c"});
    for (const auto &[actions, compiler] :
         std::vector<std::pair<std::vector<std::string>, std::string>>{
             {{tool, changed, plain, old_tool}, "plain"}, {{plain, changed}, "plain"}}) {
        const std::string json = Database(actions);
        EXPECT_NE(json.find("[\"" + compiler + "\","), std::string::npos) << json;
        EXPECT_EQ(json.find("ST-1"), std::string::npos) << json;
    }
    EXPECT_NE(Database({old_tool, changed, tool}).find("ST-1"), std::string::npos);
}

TEST_F(CompileCommandsTest, FindsWhatIsNotInTheWorkspace) {
    const std::string json = Database({Action(
        "CppCompile", {"external/zig/cc", "-iquote", "external/jemalloc", "-Iexternal/x/include",
                       "-isystembazel-out/k8/bin", "--sysroot=external/freebsd", "-iquote", ".",
                       R"(-DNAME=\"a\\b\")", "-Izmalloc/external/no",
                       "-fno-canonical-system-headers", "-c", "external/x/x.c"})});
    EXPECT_NE(json.find(R"("file":"/cache/external/x/x.c","arguments":["/cache/external/zig/cc",)"
                        R"("-iquote","/cache/external/jemalloc","-I/cache/external/x/include",)"
                        R"("-isystem/cache/execroot/w/bazel-out/k8/bin",)"
                        R"("--sysroot=/cache/external/freebsd","-iquote",".",)"
                        R"("-DNAME=\"a\\b\"","-Izmalloc/external/no","-c",)"
                        R"("/cache/external/x/x.c"])"),
              std::string::npos)
        << json;
}

void ExpectRefused(const Finished &finished, const std::string &why) {
    EXPECT_EQ(finished.status, 2) << finished.err;
    EXPECT_EQ(finished.out, "");
    EXPECT_EQ(finished.err.substr(0, finished.err.find('\n') + 1), finished.err);
    EXPECT_EQ(finished.err.rfind("compile_commands: ", 0), 0u) << finished.err;
    EXPECT_NE(finished.err.find(why), std::string::npos) << finished.err;
}

TEST_F(CompileCommandsTest, RefusesBadInput) {
    ExpectRefused(RunTool({"--bazel=/no/such/bazel"}), "no program /no/such/bazel");
    ExpectRefused(RunTool({"--bazel="}), "--bazel needs a value");
    ExpectRefused(RunTool({"-c"}), "fastbuild, dbg or opt");
    ExpectRefused(RunTool({"-x"}), "not a target: -x");
    ExpectRefused(RunTool({"//a b"}), "not a target: //a b");
    ExpectRefused(RunTool({}, "exit 7"), "failed, with status 7");
    ExpectRefused(RunTool({}, "echo /; [ $1 = info ] || exit 7"), "aquery failed, with status 7");
    ExpectRefused(RunTool({}, "echo /"), "does not print JSON");
    const std::string nothing = "[ $1 = info ] && echo / || echo '{}'";
    ExpectRefused(RunTool({}, nothing), "nothing of it is compiled");
    ExpectRefused(RunTool({"--output=/no/such/folder/x"}, nothing),
                  "cannot write /no/such/folder/x");
    EXPECT_EQ(ReadFile(TempFile("compile_commands.json.new")), "");
}

TEST_F(CompileCommandsTest, Helps) {
    const Finished finished = RunTool({"--help"});
    EXPECT_EQ(finished.status, 0);
    EXPECT_EQ(finished.out.rfind("Usage: ", 0), 0u);
}

}  // namespace
}  // namespace ztrace_test
