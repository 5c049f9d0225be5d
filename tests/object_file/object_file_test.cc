#include "tests/object_file/object_file.h"

#include <ar.h>

#include <cstdio>
#include <map>
#include <stdexcept>

#include "gtest/gtest.h"
#include "tests/emulated.h"

// One symbol of each kind.
extern "C" {
int object_file_test_global() { return 1; }
__attribute__((weak)) int object_file_test_weak() { return 2; }
__attribute__((used, noinline)) static int object_file_test_local() { return 3; }
}

namespace object_file {
namespace {

TEST(Symbols, OfThisBinary) {
    // A linker may drop functions that nobody calls.
    volatile int sum = object_file_test_global() + object_file_test_weak();
    sum = sum + object_file_test_local();
    const std::string binary = ReadFile(zmalloc_test::Self());
    std::map<std::string, Symbol> symbols;
    for (const Symbol &symbol : Symbols(binary)) symbols[symbol.name] = symbol;
    const Symbol &global = symbols.at("object_file_test_global");
    EXPECT_TRUE(global.defined && global.global && !global.weak);
    const Symbol &weak = symbols.at("object_file_test_weak");
    EXPECT_TRUE(weak.defined && weak.global && weak.weak);
    const Symbol &local = symbols.at("object_file_test_local");
    EXPECT_TRUE(local.defined && !local.global && !local.weak);
    // A name of the libc, with or without a version after it.
    auto foreign = symbols.lower_bound("__libc_start_main");
    ASSERT_NE(foreign, symbols.end());
    EXPECT_EQ(foreign->first.rfind("__libc_start_main", 0), 0u);
    // A static binary defines it itself.
    EXPECT_EQ(foreign->second.defined, TargetOf(binary).libraries.empty());
    EXPECT_TRUE(symbols.at("main").defined);
}

std::string Member(const std::string &name, const std::string &bytes) {
    char header[sizeof(ar_hdr) + 1];
    std::snprintf(header, sizeof header, "%-16s%-12d%-6d%-6d%-8o%-10zu`\n", name.c_str(), 0, 0, 0,
                  0644, bytes.size());
    return header + bytes + (bytes.size() % 2 != 0 ? "\n" : "");
}

TEST(Members, NamesShortAndLong) {
    const std::string library = ARMAG + Member("/", "index") +
                                Member("//", "a_long_name.o/\nb.o/\n") + Member("short.o/", "one") +
                                Member("/0", "two!") + Member("/15", "") + Member("last.o/", "4");
    const std::vector<object_file::Member> members = Members(library);
    ASSERT_EQ(members.size(), 4u);
    EXPECT_EQ(members[0].name, "short.o");
    EXPECT_EQ(members[0].bytes, "one");
    EXPECT_EQ(members[1].name, "a_long_name.o");
    EXPECT_EQ(members[1].bytes, "two!");
    EXPECT_EQ(members[2].name, "b.o");
    EXPECT_EQ(members[2].bytes, "");
    EXPECT_EQ(members[3].name, "last.o");
}

TEST(Members, NoneInAnEmptyLibrary) { EXPECT_TRUE(Members(ARMAG).empty()); }

TEST(Damage, IsAnError) {
    EXPECT_THROW(Members(""), std::runtime_error);
    EXPECT_THROW(Members("!<thin>\n"), std::runtime_error);
    EXPECT_THROW(Members(ARMAG + Member("x.o/", "abcd").substr(0, 62)), std::runtime_error);
    EXPECT_THROW(Members(ARMAG + Member("/99", "abcd")), std::runtime_error);
    EXPECT_THROW(Members(ARMAG + std::string(60, 'x')), std::runtime_error);
    EXPECT_THROW(Symbols(""), std::runtime_error);
    EXPECT_THROW(SharedLibraryOf(""), std::runtime_error);
    EXPECT_THROW(SharedLibraryOf(std::string(1000, 'x')), std::runtime_error);
    EXPECT_THROW(Symbols(std::string(1000, 'x')), std::runtime_error);
    EXPECT_THROW(ReadFile("/no/such/file"), std::runtime_error);
}

// A header in which all numbers are wrong gives an error, not a crash.
TEST(Damage, InAnyFieldOfTheHeader) {
    const std::string binary = ReadFile(zmalloc_test::Self());
    const size_t magic = 4, header = 64;
    for (size_t at = magic; at < header; at++) {
        std::string damaged = binary;
        damaged[at] = static_cast<char>(~damaged[at]);
        try {
            Symbols(damaged);
        } catch (const std::runtime_error &) {
        }
    }
    for (size_t length = binary.size(); length > 0; length = length * 9 / 10) {
        EXPECT_THROW(Symbols(std::string_view(binary).substr(0, length - 1)), std::runtime_error);
    }
}

}  // namespace
}  // namespace object_file
