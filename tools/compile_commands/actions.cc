#include "tools/compile_commands/actions.h"

#include <algorithm>
#include <cstdio>
#include <map>

namespace compile_commands {
namespace {

// Bazel gives it to GCC; a clangd that finds it says so in every file.
constexpr char kOfGccAlone[] = "-fno-canonical-system-headers";

bool StartsWith(std::string_view text, std::string_view start) {
    return text.substr(0, start.size()) == start;
}

bool Has(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

int Octal(char c) { return c >= '0' && c <= '7' ? c - '0' : -1; }

// The string that a quoted one, as in C, stands for.
std::string Unquoted(std::string_view quoted) {
    std::string text;
    for (size_t i = 0; i < quoted.size(); i++) {
        if (quoted[i] != '\\' || i + 1 == quoted.size()) {
            text += quoted[i];
            continue;
        }
        const char c = quoted[++i];
        if (Octal(c) < 0) {
            text += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
            continue;
        }
        int value = 0;
        for (int digits = 0; digits < 3 && i < quoted.size() && Octal(quoted[i]) >= 0; digits++) {
            value = value * 8 + Octal(quoted[i++]);
        }
        i--;
        text += static_cast<char>(value);
    }
    return text;
}

// The value of a line `NAME: "VALUE"`; false for other lines.
bool ReadField(std::string_view line, std::string_view name, std::string *value) {
    if (!StartsWith(line, name) || !StartsWith(line.substr(name.size()), ": \"")) return false;
    const std::string_view quoted = line.substr(name.size() + 3);
    *value = Unquoted(quoted.substr(0, quoted.rfind('"')));
    return true;
}

// The less, the more a build by hand looks like it.
int Strangeness(const Command &command) {
    int strangeness = 0;
    for (const std::string &argument : command) {
        if (Has(argument, "-exec-") || Has(argument, "bazel-out/host/")) return 2;
        if (Has(argument, "-ST-")) strangeness = 1;
    }
    return strangeness;
}

// Where a path from the execution root is found for good: sources in the workspace,
// which is where clangd takes relative paths to start.
std::string Resolved(const std::string &path, const Folders &folders) {
    if (StartsWith(path, "external/")) return folders.output_base + "/" + path;
    if (StartsWith(path, "bazel-out/")) return folders.execution_root + "/" + path;
    return path;
}

// The same for an argument that is a path, or an option with one behind it.
std::string ResolvedArgument(const std::string &argument, const Folders &folders) {
    size_t at = 0;
    for (const char *option : {"-I", "-iquote", "-isystem", "-idirafter", "-include", "-F"}) {
        const std::string_view text = option;
        if (StartsWith(argument, text) && argument.size() > text.size() && at < text.size()) {
            at = text.size();
        }
    }
    const size_t equals = argument.find('=');
    if (at == 0 && StartsWith(argument, "-") && equals != std::string::npos) at = equals + 1;
    return argument.substr(0, at) + Resolved(argument.substr(at), folders);
}

std::string Quoted(std::string_view text) {
    std::string json = "\"";
    for (const char c : text) {
        char escape[8] = {c, '\0'};
        if (c == '"' || c == '\\') {
            std::snprintf(escape, sizeof escape, "\\%c", c);
        } else if (static_cast<unsigned char>(c) < 0x20) {
            std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
        }
        json += escape;
    }
    return json + "\"";
}

}  // namespace

// Bazel 7 indents what is nested, Bazel 4 does not: the braces tell.
std::vector<Command> ReadActions(std::string_view textproto) {
    std::vector<Command> commands;
    Command command;
    bool compiles = false;
    int depth = 0;
    while (!textproto.empty()) {
        const size_t end = textproto.find('\n');
        std::string_view line = textproto.substr(0, end);
        textproto.remove_prefix(end == std::string_view::npos ? textproto.size() : end + 1);
        line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
        std::string value;
        if (depth == 0) {
            command.clear();
            compiles = false;
        }
        if (line == "}") {
            if (--depth == 0 && compiles) commands.push_back(command);
        } else if (!line.empty() && line.back() == '{') {
            depth++;
        } else if (depth == 1 && ReadField(line, "mnemonic", &value)) {
            compiles = value == "CppCompile";
        } else if (depth == 1 && ReadField(line, "arguments", &value)) {
            command.push_back(value);
        }
    }
    return commands;
}

std::string SourceOf(const Command &command) {
    for (size_t i = 0; i + 1 < command.size(); i++) {
        if (command[i] == "-c") return command[i + 1];
    }
    return "";
}

std::vector<Command> OnePerSource(const std::vector<Command> &commands) {
    std::map<std::string, const Command *> chosen;
    for (const Command &command : commands) {
        const std::string source = SourceOf(command);
        if (source.empty()) continue;
        const Command *&before = chosen[source];
        if (before == nullptr || Strangeness(command) < Strangeness(*before)) before = &command;
    }
    std::vector<Command> result;
    for (const auto &[source, command] : chosen) result.push_back(*command);
    return result;
}

std::string ToJson(const std::vector<Command> &commands, const Folders &folders) {
    std::string json = "[";
    for (const Command &command : commands) {
        json += json.size() == 1 ? "\n  {" : ",\n  {";
        json += "\"directory\": " + Quoted(folders.workspace) +
                ", \"file\": " + Quoted(Resolved(SourceOf(command), folders)) +
                ", \"arguments\": [";
        const char *between = "";
        for (const std::string &argument : command) {
            if (argument == kOfGccAlone) continue;
            json += between + Quoted(ResolvedArgument(argument, folders));
            between = ", ";
        }
        json += "]}";
    }
    return json + "\n]\n";
}

}  // namespace compile_commands
