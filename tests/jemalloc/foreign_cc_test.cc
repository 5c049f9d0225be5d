// jemalloc's own configure and make build the same library as Bazel.
#include <filesystem>
#include <regex>
#include <set>
#include <sstream>

#include "tests/object_file/object_file.h"
#include "tests/support.h"
#include "tests/tools/process.h"

namespace zmalloc_test {
namespace {

std::vector<std::string> Files(const char *variable) {
    std::istringstream paths(std::getenv(variable));
    return {std::istream_iterator<std::string>(paths), {}};
}

// The names of all config.* mallctls, as jemalloc's source has them.
std::vector<std::string> Configs() {
    const std::string source = object_file::ReadFile(Files("ZMALLOC_CTL_C").at(0));
    static const std::regex row(R"re(NAME\("(\w+)"\),\s*CTL\(config_)re");
    std::vector<std::string> names;
    for (std::sregex_iterator i(source.begin(), source.end(), row), end; i != end; ++i) {
        names.push_back((*i)[1]);
    }
    return names;
}

// Upstream asks nm which names to rename, and so renames names with the prefix once more.
std::string Renamed(const std::string &name) {
    return name.rfind("je_je_", 0) == 0 ? name.substr(3) : name;
}

// Bazel calls an archive that is always linked .lo.
bool IsArchive(const std::string &file) {
    const std::string extension = std::filesystem::path(file).extension();
    return extension == ".a" || extension == ".lo";
}

struct Build {
    std::string said;
    std::set<std::string> symbols;
};

Build Look(const char *variable) {
    Build build;
    for (const std::string &file : Files(variable)) {
        if (IsArchive(file)) {
            const std::string bytes = object_file::ReadFile(file);
            for (const object_file::Member &member : object_file::Members(bytes)) {
                for (const object_file::Symbol &symbol : object_file::Symbols(member.bytes)) {
                    if (symbol.global && symbol.defined) build.symbols.insert(Renamed(symbol.name));
                }
            }
        } else if (file.rfind("/describe") == file.size() - 9) {
            std::vector<std::string> command = {file};
            for (const std::string &name : Configs()) command.push_back(name);
            const ztrace_test::Finished finished = ztrace_test::RunProgram(command);
            EXPECT_EQ(finished.status, 0) << finished.err;
            build.said = finished.out;
        }
    }
    return build;
}

const Build &Native() {
    static const Build build = Look("ZMALLOC_NATIVE");
    return build;
}

const Build &Foreign() {
    static const Build build = Look("ZMALLOC_FOREIGN_CC");
    return build;
}

bool Says(const std::string &line) {
    return ("\n" + Foreign().said).find("\n" + line) != std::string::npos;
}

// Version, every config.*, page, quantum and all size classes.
TEST(ForeignCc, SaysTheSameOfItself) { EXPECT_EQ(Native().said, Foreign().said); }

TEST(ForeignCc, SaysAllThatWasAsked) {
    EXPECT_GE(Configs().size(), 12u);
    for (const std::string &name : Configs()) EXPECT_TRUE(Says("config." + name + " ")) << name;
    EXPECT_TRUE(Says("version 5."));
    EXPECT_TRUE(Says("arenas.bin.0.size 8\n"));
    EXPECT_TRUE(Says("config.cache_oblivious 0\n"));
    EXPECT_TRUE(Says("config.stats 1\n"));
}

TEST(ForeignCc, HasTheSameSymbols) { EXPECT_EQ(Native().symbols, Foreign().symbols); }

TEST(ForeignCc, HasItsSymbolsAndOurs) {
    for (const char *name : {"je_malloc", "je_mallctl", "je_malloc_with_usize",
                             "je_get_defrag_hint", "je_arena_malloc_hard"}) {
        EXPECT_EQ(Foreign().symbols.count(name), 1u) << name;
    }
}

}  // namespace
}  // namespace zmalloc_test
