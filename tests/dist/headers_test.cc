// Compiles every public header alone, by GCC and by Clang, under each standard of C and C++, with
// the warnings that people turn on, and among macros that they define.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "tests/tools/process.h"

namespace zmalloc_test {
namespace {

using ztrace_test::DataFile;
using ztrace_test::Finished;
using ztrace_test::RunProgram;
using ztrace_test::TempFile;
using ztrace_test::WriteFile;

Finished Shell(const std::string &script) { return RunProgram({"/bin/sh", "-euc", script}); }

std::vector<std::string> Words(const std::string &text) {
    std::istringstream stream(text);
    return {std::istream_iterator<std::string>(stream), {}};
}

bool EndsWith(const std::string &text, const std::string &end) {
    return text.size() >= end.size() &&
           text.compare(text.size() - end.size(), end.size(), end) == 0;
}

std::string Folder(const std::string &path) { return path.substr(0, path.rfind('/')); }

constexpr char kWarnings[] =
    " -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wundef -Wcast-qual"
    " -Wcast-align -Wredundant-decls -Wmissing-declarations -Werror -fsyntax-only";
constexpr char kWarningsOfC[] = " -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition";
constexpr char kWarningsOfCxx[] = " -Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual";

// Macros with the names of attributes, without underscores; defined before all includes.
constexpr char kAttributeMacros[] = R"(
#define noinline __attribute__((noinline))
#define always_inline inline __attribute__((always_inline))
#define noreturn my_noreturn
#define nodiscard my_nodiscard
#define nonnull my_nonnull
#define unused my_unused
#define packed my_packed
#define cold my_cold
#define hot my_hot
#define pure my_pure
#define weak my_weak
#define hidden my_hidden
)";

constexpr char kStandardHeaders[] = R"(
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
)";

constexpr char kStandardHeadersOfCxx17[] = R"(
#include <limits>
#include <memory>
#include <memory_resource>
#include <utility>
)";

// Macros with names that the standard headers declare or use; defined after those headers.
constexpr char kFunctionMacros[] = R"(
#define malloc(size) my_malloc(size)
#define calloc(num, size) my_calloc(num, size)
#define realloc(ptr, size) my_realloc(ptr, size)
#define free(ptr) my_free(ptr)
#define strdup(text) my_strdup(text)
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
)";

// Macros with more names of attributes, and with names of parameters and variables.  jemalloc's own
// header would not compile with them.
constexpr char kNameMacros[] = R"(
#undef malloc
#define malloc my_malloc
#define alloc_size my_alloc_size
#define visibility my_visibility
#define push my_push
#define pop my_pop
#define ptr (my_ptr->x)
#define ptrs (my_ptr->x)
#define num (my_ptr->x)
#define usable (my_ptr->x)
#define old_usable (my_ptr->x)
#define alignment (my_ptr->x)
#define s (my_ptr->x)
#define flags (my_ptr->x)
#define arena (my_ptr->x)
#define field (my_ptr->x)
#define pid (my_ptr->x)
#define i (my_ptr->x)
#define res (my_ptr->x)
#define enable (my_ptr->x)
#define buffer (my_ptr->x)
#define format (my_ptr->x)
#define copy (my_ptr->x)
#define block (my_ptr->x)
#define object (my_ptr->x)
#define objects (my_ptr->x)
#define other (my_ptr->x)
)";

// Uses templates and macros, so that the compiler expands them.
constexpr char kUses[] = R"(
int not_empty(void);
#ifdef ZMALLOC_FLAG_LG_ALIGN
int with_flags(void);
int with_flags(void) { return ZMALLOC_FLAG_LG_ALIGN(sizeof(long)) | ZMALLOC_FLAG_ZERO; }
#endif
#ifdef ZMALLOC_ZMALLOC_HPP_
template class zm::allocator<int>;
template zm::unique_ptr<long> zm::make_unique<long>(long &&);
template zm::unique_ptr<long[]> zm::make_unique<long[]>(std::size_t);
#endif
)";

struct Language {
    std::string name, gcc, clang;
    std::vector<std::string> standards;
};

const Language kC = {"c", "gcc", "clang", {"c11", "c2x"}};
const Language kCxx = {"c++",
                       "g++",
                       "clang++",
                       {"c++11", "c++17", "c++20", "c++2b", "c++17 -fno-exceptions -fno-rtti"}};

bool OfCxx17(const std::string &header) { return EndsWith(header, ".hpp"); }

bool OverJemalloc() {
    return std::string(std::getenv("ZMALLOC_VARIANT")).rfind("jemalloc", 0) == 0;
}

class Headers : public testing::TestWithParam<const char *> {
  protected:
    static void SetUpTestSuite() {
        const Finished unpacked =
            Shell("mkdir " + Top() + " && tar -xzf " + DataFile(std::getenv("ZMALLOC_PACKAGE")) +
                  " -C " + Top() + " --strip-components=1");
        ASSERT_EQ(unpacked.status, 0) << unpacked.err;
    }

    static std::string Top() { return TempFile("prefix"); }

    // The names of the headers, as a program includes them.
    static std::vector<std::string> All() {
        const std::string include = Top() + "/include";
        std::vector<std::string> all =
            Words(Shell("cd " + include + " && find * -name '*.h' -o -name '*.hpp'").out);
        // jemalloc's own header comes from upstream.
        all.erase(std::remove(all.begin(), all.end(), "zmalloc/compat/jemalloc/jemalloc.h"),
                  all.end());
        for (const std::string &file : Inline()) {
            if (EndsWith(file, "/inline.h")) all.push_back(file);
        }
        return all;
    }

    // inline.h, where it is of use, and the headers that it includes; in this project's folders.
    static std::vector<std::string> Inline() { return Words(std::getenv("ZMALLOC_INLINE")); }

    static std::string IncludePath() {
        std::string path = " -I" + Top() + "/include -isystem " + Top() + "/include/zmalloc/compat";
        if (!Inline().empty()) {
            path += " -I" + DataFile("") +
                    " '-DZM_INLINE_HEADER=\"zmalloc/allocator/jemalloc/inline_calls.h\"'";
        }
        for (const std::string &file : Inline()) path += " -I" + Folder(DataFile(file));
        return path;
    }

    // The name of the compiler (clang, clang-19, ...), or "" when there is none.
    static std::string Compiler(const Language &language) {
        const std::string name = GetParam() == std::string("gcc") ? language.gcc : language.clang;
        return Shell("for v in '' -22 -21 -20 -19 -18 -17 -16 -15 -14; do command -v " + name +
                     "$v && break; done | tr -d '\\n'")
            .out;
    }

    // Compiles each header in a file of its own, included twice, after its macros.
    template <typename Macros>
    static void Compile(const Language &language, const std::string &standard, Macros macros) {
        const bool is_c = language.name == "c";
        std::string command = Compiler(language) + " -x " + language.name + " -std=" + standard +
                              kWarnings + (is_c ? kWarningsOfC : kWarningsOfCxx) + IncludePath();
        for (const std::string &header : All()) {
            if (OfCxx17(header) && (is_c || standard == "c++11")) continue;
            std::string source = header + "." + language.name;
            std::replace(source.begin(), source.end(), '/', '_');
            const std::string include = "#include <" + header + ">\n";
            WriteFile(TempFile(source), macros(header) + include + include + kUses);
            command += " " + TempFile(source);
        }
        const Finished compiled = Shell(command);
        EXPECT_EQ(compiled.status, 0) << GetParam() << " -std=" << standard << "\n"
                                      << compiled.err.substr(0, 4000);
    }
};

TEST_P(Headers, CompileAlone) {
    if (Compiler(kC).empty()) GTEST_SKIP() << "no " << GetParam() << " on this machine";
    ASSERT_GT(All().size(), 9u);
    for (const Language &language : {kC, kCxx}) {
        for (const std::string &standard : language.standards) {
            Compile(language, standard, [](const std::string &) { return std::string(); });
        }
    }
}

TEST_P(Headers, CompileAmongMacros) {
    if (Compiler(kC).empty()) GTEST_SKIP() << "no " << GetParam() << " on this machine";
    const auto macros = [](const std::string &header) {
        std::string before = std::string(kAttributeMacros) + kStandardHeaders;
        if (OfCxx17(header)) before += kStandardHeadersOfCxx17;
        before += kFunctionMacros;
        const bool has_jemallocs = header.find("/compat/") != std::string::npos && OverJemalloc();
        if (has_jemallocs) return before;
        before += kNameMacros;
        // stats.h has a struct with a member of this name.
        return EndsWith(header, "stats.h") ? before : before + "#define size (my_ptr->x)\n";
    };
    Compile(kC, "gnu11", macros);
    Compile(kCxx, "gnu++17", macros);
}

INSTANTIATE_TEST_SUITE_P(By, Headers, testing::Values("gcc", "clang"),
                         [](const auto &info) { return std::string(info.param); });

}  // namespace
}  // namespace zmalloc_test
