// No global symbol of our static libraries clashes with a program's: hidden
// ones count as well, for static linking knows no hiding.
#include <cxxabi.h>

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

std::string Demangled(const std::string &name) {
    int status;
    char *text = abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status);
    std::string result = status == 0 ? text : name;
    std::free(text);
    return result;
}

// gperftools' documented API, kept beside its overlay: expressions that match
// from the start of a demangled name.
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

bool IsAllowed(const std::string &library, const std::string &name) {
    if (name.rfind("DW.ref.", 0) == 0) return true;  // Clang's, hidden, for exceptions
    if (kMemorySanitizer && name == "__msan_track_origins") return true;
    // Bazel puts more before the name of another repository, from version 6 on.
    const bool external = library.rfind("../", 0) == 0;
    if (external && Has(library, "gperftools")) return IsGperftools(name);
    if (external && Has(library, "jemalloc")) return name.rfind("je_", 0) == 0;
    return IsOurs(name);
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

// That the above looked at all there is.
TEST(Symbols, LibrariesOfTheVariantAreThere) {
    std::set<std::string> names;
    for (const Library &library : Libraries()) {
        for (const auto &[name, member] : library.symbols) names.insert(name);
    }
    for (const char *name : {"zmalloc", "zm_os_rss", "zm_thread_slot", "get_proc_stat_ll"}) {
        EXPECT_EQ(names.count(name), 1u) << name;
    }
    EXPECT_EQ(names.count("je_malloc"), Over("jemalloc"));
    EXPECT_EQ(names.count("tc_malloc"), Over("tcmalloc") || Over("tcmalloc_minimal"));
    EXPECT_EQ(names.count("HeapProfilerStart"), Over("tcmalloc"));
}

TEST(Symbols, OthersWouldBeRefused) {
    for (const char *name : {"malloc", "malloc_init", "getenv_safe", "_ZN8SpinLockC1Ev"}) {
        EXPECT_FALSE(IsAllowed("zmalloc/libzmalloc.a", name)) << name;
        EXPECT_FALSE(IsAllowed("../jemalloc/libjemalloc.a", name)) << name;
    }
    EXPECT_FALSE(IsAllowed("../_main~sources~jemalloc/libjemalloc.a", "malloc_init"));
    EXPECT_TRUE(IsAllowed("../_main~sources~jemalloc/libjemalloc.a", "je_malloc"));
    EXPECT_FALSE(IsAllowed("../gperftools/libtcmalloc.lo", "_ZN8SpinLockC1Ev"));
    EXPECT_FALSE(IsAllowed("../gperftools/libtcmalloc.lo", "zmalloc"));
    EXPECT_TRUE(IsAllowed("../gperftools/libtcmalloc.lo", "tc_malloc"));
    EXPECT_FALSE(IsAllowed("../gperftools_foreign_cc/libtcmalloc.a", "_ZN8SpinLockC1Ev"));
    EXPECT_TRUE(IsAllowed("../gperftools_foreign_cc/libtcmalloc.a", "tc_malloc"));
}

}  // namespace
}  // namespace zmalloc_test
