// No global symbol of our static libraries clashes with a program's.  Hidden symbols count as well,
// because static linking ignores visibility.
#include <cxxabi.h>

#include <algorithm>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "tests/object_file/object_file.h"
#include "tests/support.h"

namespace zmalloc_test {
namespace {

struct Library {
    std::string path;
    // Defined global symbols, and which member has each.
    std::vector<std::pair<std::string, std::string>> symbols;
};

std::vector<Library> ReadLibraries() {
    std::vector<Library> libraries;
    std::ifstream paths("tests/symbols/archives.txt");
    std::string path;
    while (std::getline(paths, path)) {
        Library library{path, {}};
        const std::string bytes = object_file::ReadFile(path);
        for (const object_file::Member &member : object_file::Members(bytes)) {
            for (const object_file::Symbol &symbol : object_file::Symbols(member.bytes)) {
                if (!symbol.global || !symbol.defined) continue;
                library.symbols.emplace_back(symbol.name, member.name);
            }
        }
        libraries.push_back(library);
    }
    return libraries;
}

const std::vector<Library> &Libraries() {
    static const std::vector<Library> libraries = ReadLibraries();
    return libraries;
}

bool Has(const std::string &text, const char *part) { return text.find(part) != std::string::npos; }

// Our own: zmalloc's name space, and the names that Redis chose.
bool IsOurs(const std::string &name) {
    static const std::set<std::string> redis = {"extend_to_usable", "get_proc_stat_ll",
                                                "jemalloc_purge", "set_jemalloc_bg_thread"};
    return name[0] == 'z' || redis.count(name) != 0;
}

// A name of zmalloc/core/traces.h, which no program can have.
bool IsInTraces(const std::string &name) { return name[0] == 'z' && Has(name, "."); }

std::string Demangled(const std::string &name) {
    int status;
    char *text = abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status);
    std::string result = status == 0 ? text : name;
    std::free(text);
    return result;
}

// gperftools' documented API, kept beside its overlay: each expression matches from the start of a
// demangled name.
bool IsGperftools(const std::string &name) {
    static const std::vector<std::regex> allowed = [] {
        std::vector<std::regex> expressions;
        std::istringstream lines(object_file::ReadFile("third_party/gperftools/api_symbols.txt"));
        std::string line;
        while (std::getline(lines, line)) {
            if (line.empty() || line[0] == '#') continue;
            expressions.emplace_back(line, std::regex::ECMAScript | std::regex::optimize);
        }
        return expressions;
    }();
    const std::string demangled = Demangled(name);
    for (const std::regex &expression : allowed) {
        if (std::regex_search(demangled, expression, std::regex_constants::match_continuous)) {
            return true;
        }
    }
    return false;
}

// Within the allocator's name space, as the symbols in its row show it: je_, mi_.
bool IsAllocators(const std::string &name) {
    for (std::string_view symbol : Variant().symbols) {
        const size_t underscore = std::min(symbol.find('_'), symbol.size() - 1);
        if (name.rfind(symbol.substr(0, underscore + 1), 0) == 0) return true;
    }
    return false;
}

bool IsAllowed(const std::string &library, const std::string &name) {
    if (name.rfind("DW.ref.", 0) == 0) return true;  // Clang's, hidden, for exceptions
    if (kMemorySanitizer && name == "__msan_track_origins") return true;
    if (name == "_.stapsdt.base") return true;  // of all probes of a program, hidden
    if (IsInTraces(name)) return true;
    // Bazel 6 and later put more before the name of another repository.
    const bool external = library.rfind("../", 0) == 0;
    if (external && Has(library, "gperftools")) return IsGperftools(name);
    return external ? IsAllocators(name) : IsOurs(name);
}

TEST(Symbols, AreWithinTheirNameSpaces) {
    for (const Library &library : Libraries()) {
        EXPECT_FALSE(library.symbols.empty()) << library.path;
        for (const auto &[name, member] : library.symbols) {
            EXPECT_TRUE(IsAllowed(library.path, name))
                << library.path << "(" << member << "): " << Demangled(name);
        }
    }
}

// The test above looked at every library: names of each kind are there.
TEST(Symbols, LibrariesOfTheVariantAreThere) {
    std::set<std::string> names;
    for (const Library &library : Libraries()) {
        for (const auto &[name, member] : library.symbols) names.insert(name);
    }
    for (const char *name : {"zmalloc", "zm_os_rss", "zm_thread_slot", "get_proc_stat_ll"}) {
        EXPECT_EQ(names.count(name), 1u) << name;
    }
    for (std::string_view name : Variant().symbols) {
        EXPECT_EQ(names.count(std::string(name)), 1u) << name;
    }
    for (std::string_view name : Variant().other_symbols) {
        EXPECT_EQ(names.count(std::string(name)), 0u) << name;
    }
}

TEST(Symbols, OthersWouldBeRefused) {
    for (const char *library :
         {"zmalloc/libzmalloc.a", "../sources/lib.a", "../_main~sources~jemalloc/lib.a"}) {
        for (const char *name : {"malloc", "malloc_init", "getenv_safe", "_ZN8SpinLockC1Ev"}) {
            EXPECT_FALSE(IsAllowed(library, name)) << library << ": " << name;
        }
        for (std::string_view symbol : Variant().symbols) {
            const std::string name(symbol);
            // An allocator whose source is ours has names of ours, in a library of ours.
            const bool belongs = IsOurs(name) || library[0] == '.';
            EXPECT_EQ(IsAllowed(library, name), belongs) << library << ": " << name;
            EXPECT_FALSE(IsAllowed(library, "_" + name)) << library << ": " << name;
        }
    }
    for (const char *library : {"../gperftools/lib.lo", "../gperftools_foreign_cc/lib.a"}) {
        EXPECT_FALSE(IsAllowed(library, "_ZN8SpinLockC1Ev")) << library;
        EXPECT_FALSE(IsAllowed(library, "zmalloc")) << library;
        EXPECT_TRUE(IsAllowed(library, "tc_malloc")) << library;
    }
}

}  // namespace
}  // namespace zmalloc_test
