// From what `bazel aquery` prints to a compile_commands.json.
#ifndef TOOLS_COMPILE_COMMANDS_ACTIONS_H_
#define TOOLS_COMPILE_COMMANDS_ACTIONS_H_

#include <string>
#include <string_view>
#include <vector>

namespace compile_commands {

// A compilation: its arguments, the compiler first.
using Command = std::vector<std::string>;

// Where Bazel has what a command names from its execution root.
struct Folders {
    std::string workspace;       // sources
    std::string execution_root;  // bazel-out, what is built
    std::string output_base;     // external, other repositories
};

// The compilations in the output of `bazel aquery --output=textproto`.
std::vector<Command> ReadActions(std::string_view textproto);

// The file that a command compiles; "" when it says none.
std::string SourceOf(const Command &command);

// One command for each source file: of several, the one of a plain build rather than
// of a transition or of a tool for the build itself.
std::vector<Command> OnePerSource(const std::vector<Command> &commands);

// The database, for a clangd that runs in the workspace.
std::string ToJson(const std::vector<Command> &commands, const Folders &folders);

}  // namespace compile_commands

#endif  // TOOLS_COMPILE_COMMANDS_ACTIONS_H_
