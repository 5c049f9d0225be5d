// Files built for a platform are for that platform, and call the functions that it has.
#include <algorithm>
#include <cstdlib>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/object_file/object_file.h"

namespace {

using object_file::Target;

std::string Given(const char *name) {
    const char *value = std::getenv(name);
    return value != nullptr ? value : "";
}

std::vector<std::string> Words(const std::string &text) {
    std::istringstream stream(text);
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(word);
    return words;
}

bool On(const char *os) { return Given("ZMALLOC_OS") == os; }

// The version at the end of "aarch64-macos.11.0" or "x86_64-linux-gnu.2.31".
std::string VersionOfTriple() {
    const std::string triple = Given("ZMALLOC_TRIPLE");
    return triple.substr(triple.find('.') + 1);
}

void ExpectOurs(const Target &target) {
    EXPECT_EQ(target.format, On("osx") ? "Mach-O" : "ELF");
    EXPECT_EQ(target.machine, Given("ZMALLOC_MACHINE"));
    if (On("osx")) {
        EXPECT_EQ(target.system, "macos");
        EXPECT_EQ(target.minimum, VersionOfTriple());
    } else if (On("freebsd")) {
        EXPECT_EQ(target.system, "freebsd");
    }
}

// The names that are needed from elsewhere: none of these symbols defines them.
std::set<std::string> Wanted(const std::vector<object_file::Symbol> &symbols) {
    std::set<std::string> defined, wanted;
    for (const object_file::Symbol &symbol : symbols) {
        // A version may follow a name.
        (symbol.defined ? defined : wanted).insert(symbol.name.substr(0, symbol.name.find('@')));
    }
    for (const std::string &name : defined) wanted.erase(name);
    return wanted;
}

struct Call {
    const char *name;
    std::vector<std::string> systems;
};

void ExpectCalls(const std::set<std::string> &wanted, const std::vector<Call> &calls) {
    for (const Call &call : calls) {
        const bool here =
            std::count(call.systems.begin(), call.systems.end(), Given("ZMALLOC_OS")) != 0;
        EXPECT_EQ(wanted.count(call.name), here) << call.name;
    }
}

// zmalloc over the libc.
TEST(Library, IsForThePlatform) {
    std::vector<object_file::Symbol> symbols;
    int members = 0;
    for (const std::string &path : Words(Given("ZMALLOC_LIBRARIES"))) {
        SCOPED_TRACE(path);
        const std::string library = object_file::ReadFile(path);
        for (const object_file::Member &member : object_file::Members(library)) {
            SCOPED_TRACE(member.name);
            ExpectOurs(object_file::TargetOf(member.bytes));
            for (object_file::Symbol &symbol : object_file::Symbols(member.bytes)) {
                symbols.push_back(std::move(symbol));
            }
            members++;
        }
    }
    EXPECT_GE(members, 6);
    ExpectCalls(Wanted(symbols), {
                                     {"malloc", {"linux", "osx", "freebsd"}},
                                     {"malloc_size", {"osx"}},
                                     {"malloc_usable_size", {"linux", "freebsd"}},
                                     {"task_info", {"osx"}},
                                     {"sysctl", {"freebsd"}},
                                 });
}

class Binary : public testing::TestWithParam<std::string> {};

std::string NameOf(const testing::TestParamInfo<std::string> &path) {
    std::string name = path.param.substr(path.param.rfind('/') + 1);
    return name;
}

INSTANTIATE_TEST_SUITE_P(All, Binary, testing::ValuesIn(Words(Given("ZMALLOC_BINARIES"))), NameOf);

TEST_P(Binary, IsForThePlatform) {
    const std::string binary = object_file::ReadFile(GetParam());
    const Target target = object_file::TargetOf(binary);
    ExpectOurs(target);
    if (On("osx")) {
        EXPECT_EQ(target.libraries, "/usr/lib/libSystem.B.dylib ");
    } else if (Given("ZMALLOC_LIBC") == "musl") {
        EXPECT_EQ(target.libraries, "") << "it is not static";
    } else {
        EXPECT_NE(target.libraries.find("libc.so."), std::string::npos) << target.libraries;
    }
}

// "GLIBC_2.4" comes before "GLIBC_2.31".
std::vector<int> Parts(const std::string &version) {
    std::string text = version;
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c < '0' || c > '9'; }, ' ');
    std::vector<int> parts;
    for (const std::string &word : Words(text)) parts.push_back(std::stoi(word));
    return parts;
}

// The binary runs on the oldest libc that the table promises.
TEST_P(Binary, NeedsNoNewerLibc) {
    if (!On("linux") || Given("ZMALLOC_LIBC") == "musl") GTEST_SKIP() << "no symbol versions";
    const std::vector<std::string> versions =
        object_file::NeededVersions(object_file::ReadFile(GetParam()));
    EXPECT_FALSE(versions.empty());
    for (const std::string &version : versions) {
        if (version.rfind("GLIBC_", 0) != 0) continue;
        EXPECT_LE(Parts(version), Parts(VersionOfTriple())) << version;
    }
}

// features_test calls these functions where zmalloc/features.h says that they are there.
TEST_P(Binary, CallsWhatTheSystemHas) {
    if (NameOf({GetParam(), 0}) != "features_test") GTEST_SKIP() << "it calls none of them";
    // A static binary has all that it calls.
    if (Given("ZMALLOC_LIBC") == "musl") GTEST_SKIP() << "the binary is static";
    ExpectCalls(Wanted(object_file::Symbols(object_file::ReadFile(GetParam()))),
                {
                    {"epoll_create1", {"linux"}},
                    {"kqueue", {"osx", "freebsd"}},
                });
}

}  // namespace
