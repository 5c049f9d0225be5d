// Writes compile_commands.json, by which clangd and other tools know how each file
// is compiled.
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "tools/common/cli.h"
#include "tools/common/run.h"
#include "tools/compile_commands/actions.h"

namespace {

using compile_commands::Command;

constexpr char kTool[] = "compile_commands";

constexpr char kHelp[] =
    "Usage: bazel run //tools:compile_commands -- [OPTION...] [TARGET...]\n"
    "\n"
    "Writes compile_commands.json at the top of the workspace, for clangd: how Bazel\n"
    "compiles the files of the targets (//... without any) and of what they depend on.\n"
    "\n"
    "  --bazel=PROGRAM  asks this Bazel; bazel without it\n"
    "  --config=NAME    as for bazel build; so are --malloc=, --platforms= and -c\n"
    "  --output=FILE    writes this file\n"
    "  --help           prints this\n"
    "\n"
    "Generated headers are there once the targets are built.\n";

struct Options {
    std::string bazel = "bazel", output;
    std::vector<std::string> flags, targets;
};

[[noreturn]] void Fail(const std::string &message) {
    cli_error(kTool, "%s", message.c_str());
    std::exit(CLI_USAGE);
}

bool Takes(const std::string &argument, const std::string &option, std::string *value) {
    if (argument.rfind(option + "=", 0) != 0) return false;
    *value = argument.substr(option.size() + 1);
    if (value->empty()) Fail(option + " needs a value");
    return true;
}

Options Parse(int argc, char **argv) {
    Options options;
    for (int i = 1; i < argc; i++) {
        const std::string argument = argv[i];
        if (argument == "--help") {
            std::fputs(kHelp, stdout);
            std::exit(std::fflush(stdout) == 0 ? 0 : CLI_USAGE);
        }
        if (Takes(argument, "--bazel", &options.bazel)) continue;
        if (Takes(argument, "--output", &options.output)) continue;
        if (argument == "-c") {
            if (++i == argc) Fail("-c needs a value: fastbuild, dbg or opt");
            options.flags.push_back(std::string("--compilation_mode=") + argv[i]);
        } else if (argument.rfind("--", 0) == 0) {
            options.flags.push_back(argument);
        } else if (argument.find_first_of("'\" \t\n") != std::string::npos || argument.empty() ||
                   argument[0] == '-') {
            Fail("not a target: " + argument + " (as in //zmalloc/... or @redis//:redis-server)");
        } else {
            options.targets.push_back(argument);
        }
    }
    if (options.targets.empty()) options.targets.push_back("//...");
    return options;
}

// What Bazel prints; it says itself what it does not like.
std::string Ask(const Options &options, const std::vector<std::string> &arguments) {
    std::vector<char *> command;
    command.push_back(const_cast<char *>(options.bazel.c_str()));
    for (const std::string &argument : arguments) {
        command.push_back(const_cast<char *>(argument.c_str()));
    }
    command.push_back(nullptr);
    char *output = nullptr;
    int status = 0;
    if (cli_run(command.data(), &output, &status) != 0) {
        Fail("cannot run " + options.bazel + ": " + std::strerror(errno));
    }
    const std::string text = output;
    std::free(output);
    if (status == 127) Fail("no program " + options.bazel + "; --bazel=PROGRAM names another");
    if (status != 0) {
        Fail(options.bazel + " " + arguments[0] + " failed, with status " + std::to_string(status));
    }
    return text;
}

std::string Info(const Options &options, const char *what) {
    const std::string text = Ask(options, {"info", what});
    return text.substr(0, text.find('\n'));
}

std::string Query(const std::vector<std::string> &targets) {
    std::string set;
    for (const std::string &target : targets) set += (set.empty() ? "" : " + ") + target;
    return "mnemonic(\"CppCompile\", deps(" + set + "))";
}

// In one piece or not at all: clangd may be reading it.
void Write(const std::string &path, const std::string &text) {
    const std::string beside = path + ".new";
    std::FILE *file = std::fopen(beside.c_str(), "w");
    bool written = file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
    if (file != nullptr && std::fclose(file) != 0) written = false;
    if (written && std::rename(beside.c_str(), path.c_str()) == 0) return;
    const std::string why = std::strerror(errno);
    std::remove(beside.c_str());
    Fail("cannot write " + path + ": " + why);
}

std::string OutputPath(const Options &options, const std::string &workspace) {
    if (options.output.empty()) return workspace + "/compile_commands.json";
    char resolved[CLI_PATH_SIZE];
    if (!cli_resolve(options.output.c_str(), resolved)) Fail("the path of --output is too long");
    return resolved;
}

}  // namespace

int main(int argc, char **argv) {
    const Options options = Parse(argc, argv);
    const char *workspace = std::getenv("BUILD_WORKSPACE_DIRECTORY");
    if (workspace == nullptr) Fail("start it with bazel run");
    const std::string path = OutputPath(options, workspace);
    if (chdir(workspace) != 0) Fail(std::string("cannot go to ") + workspace);

    const compile_commands::Folders folders = {workspace, Info(options, "execution_root"),
                                               Info(options, "output_base")};
    std::vector<std::string> aquery = {"aquery", "--output=textproto"};
    aquery.insert(aquery.end(), options.flags.begin(), options.flags.end());
    aquery.push_back(Query(options.targets));
    const std::vector<Command> commands =
        compile_commands::OnePerSource(compile_commands::ReadActions(Ask(options, aquery)));
    if (commands.empty()) Fail("nothing of it is compiled from C or C++");
    Write(path, ToJson(commands, folders));
    std::printf("%s: %zu files\n", path.c_str(), commands.size());
    return std::fflush(stdout) == 0 ? 0 : CLI_USAGE;
}
