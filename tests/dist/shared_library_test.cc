// The shared library of a package exports only public names, and is hardened.
#include <algorithm>
#include <cstdlib>
#include <regex>
#include <set>
#include <sstream>

#include "gtest/gtest.h"
#include "tests/object_file/object_file.h"

namespace {

using object_file::SharedLibrary;

std::string Given(const char *name) {
    const char *value = std::getenv(name);
    return value != nullptr ? value : "";
}

const bool kMacos = Given("ZMALLOC_OS") == "osx";

const std::string &Bytes() {
    static const std::string bytes = object_file::ReadFile(Given("ZMALLOC_SHARED"));
    return bytes;
}

const SharedLibrary &Library() {
    static const SharedLibrary library = object_file::SharedLibraryOf(Bytes());
    return library;
}

// The names that the library needs from other libraries.
std::set<std::string> Wanted() {
    std::set<std::string> wanted;
    for (const object_file::Symbol &symbol : object_file::Symbols(Bytes())) {
        if (!symbol.defined) wanted.insert(symbol.name.substr(0, symbol.name.find('@')));
    }
    return wanted;
}

// Zig's linker for macOS takes no list of exports, so two kinds of names are not hidden: weak names
// from the compiler's own library, and libc++'s operators new and delete.  (dlsym() there finds
// hidden names all the same: Zig puts them into the trie of exports.)
std::set<std::string> OfTheRunTime() {
    static const std::regex operators("_Z(nw|na|dl|da)\\w+");
    std::set<std::string> names;
    for (const object_file::Symbol &symbol : object_file::Symbols(Bytes())) {
        if (symbol.weak || std::regex_match(symbol.name, operators)) names.insert(symbol.name);
    }
    return names;
}

// The functions that a header declares and does not define.
void AddDeclared(const std::string &header, std::set<std::string> *names) {
    static const std::regex comment("/\\*[^]*?\\*/"), line("\\\\\n"), directive("#[^\n]*"),
        defined("static inline([^\n]*\\}|[^]*?\n\\})"),
        declared("(\\w+)\\((?:[^()]|\\([^()]*\\)\\([^()]*\\))*\\);|__typeof__\\(\\w+\\) (\\w+);");
    std::string text = object_file::ReadFile(header);
    for (const std::regex &gone : {comment, line, directive, defined}) {
        text = std::regex_replace(text, gone, "");
    }
    for (std::sregex_iterator at(text.begin(), text.end(), declared), end; at != end; ++at) {
        names->insert((*at)[(*at)[1].matched ? 1 : 2]);
    }
}

std::set<std::string> Declared() {
    std::set<std::string> names;
    std::istringstream headers(Given("ZMALLOC_HEADERS"));
    for (std::string header; headers >> header;) {
        if (header.substr(header.size() - 2) == ".h") AddDeclared(header, &names);
    }
    return names;
}

// Names for stack traces (zmalloc/core/traces.h) have a dot after the name of a public function.
bool IsForTraces(const std::string &name, const std::set<std::string> &declared) {
    const size_t dot = name.find('.');
    return dot != std::string::npos && declared.count(name.substr(0, dot)) != 0;
}

std::set<std::string> Without(std::set<std::string> names, const std::set<std::string> &others) {
    for (const std::string &other : others) names.erase(other);
    return names;
}

TEST(SharedLibrary, ExportsWhatTheHeadersDeclareAndNothingElse) {
    const std::set<std::string> declared = Declared();
    EXPECT_EQ(declared.count("zmalloc_set_oom_handler"), 1u);
    EXPECT_GT(declared.size(), 50u);
    std::set<std::string> exported(Library().exported.begin(), Library().exported.end());
    if (kMacos) {
        for (const std::string &name : OfTheRunTime()) exported.erase(name);
    }
    size_t for_traces = 0;
    for (auto name = exported.begin(); name != exported.end();) {
        const bool erased = IsForTraces(*name, declared);
        for_traces += erased;
        name = erased ? exported.erase(name) : std::next(name);
    }
    EXPECT_EQ(for_traces > 0, !kMacos);
    EXPECT_EQ(Without(exported, declared), std::set<std::string>());
    EXPECT_EQ(Without(declared, exported), std::set<std::string>());
}

TEST(SharedLibrary, HasAName) {
    EXPECT_EQ(Library().name, kMacos ? "@rpath/libzmalloc.0.dylib" : "libzmalloc.so.0");
}

TEST(SharedLibrary, IsHardened) {
    EXPECT_FALSE(Library().executes_stack);
    EXPECT_EQ(Wanted().count("__stack_chk_fail"), 1u);
    if (kMacos) return;  // the other properties exist in ELF only
    EXPECT_TRUE(Library().relro);
    EXPECT_TRUE(Library().binds_now);
    EXPECT_TRUE(Library().stays_loaded);
    EXPECT_FALSE(Library().relocates_text);
}

// glibc has functions that check the size of a buffer.  So has macOS, but Zig's headers for it do
// not use them.
TEST(SharedLibrary, ChecksBuffers) {
    if (Given("ZMALLOC_OS") != "linux" || Given("ZMALLOC_LIBC") == "musl") {
        GTEST_SKIP() << "this system's headers do not call them";
    }
    const std::set<std::string> wanted = Wanted();
    EXPECT_TRUE(std::any_of(wanted.begin(), wanted.end(), [](const std::string &name) {
        return name.size() > 4 && name.substr(name.size() - 4) == "_chk";
    }));
}

}  // namespace
