// A package in use: unpacked somewhere, and programs built with it by a plain
// compiler with and without pkg-config, and by CMake.
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <set>

#include "tests/dist/tarball.h"
#include "tests/tools/process.h"

namespace zmalloc_test {
namespace {

using ztrace_test::DataFile;
using ztrace_test::Finished;
using ztrace_test::ReadFile;
using ztrace_test::RunProgram;
using ztrace_test::TempFile;

std::string Given(const char *name) { return std::getenv(name); }

std::string Variant() { return Given("ZMALLOC_VARIANT"); }

// What zmalloc_allocator_name() says.
std::string Allocator() {
    const std::string variant = Variant();
    return variant.substr(0,
                          variant.rfind("tcmalloc", 0) == 0 ? variant.size() : variant.find('_'));
}

Finished Shell(const std::string &script, std::vector<std::string> environment = {}) {
    for (const char *name : {"prefix", "work", "consumer"}) {
        const std::string value =
            name == std::string("consumer") ? DataFile("tests/dist/consumer") : TempFile(name);
        environment.push_back(std::string(name) + "=" + value);
    }
    environment.push_back("PKG_CONFIG_PATH=" + TempFile("prefix") + "/lib/pkgconfig");
    return RunProgram({"/bin/sh", "-euc", script}, environment);
}

std::string Missing(const std::vector<std::string> &programs) {
    for (const std::string &program : programs) {
        if (Shell("command -v " + program).status != 0) return program;
    }
    return "";
}

#define NEEDS(...)                                                                    \
    do {                                                                              \
        const std::string missing = Missing({__VA_ARGS__});                           \
        if (!missing.empty()) GTEST_SKIP() << "no " << missing << " on this machine"; \
    } while (0)

// The test programs print which allocator they have.
void ExpectRuns(const Finished &finished) {
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    EXPECT_EQ(finished.out, Allocator() + "\n") << finished.err;
}

constexpr char kCompile[] =
    "cd $work\n"
    "C='cc -std=c11 -Wall -Wextra -Wpedantic -Werror'\n"
    "CXX='c++ -std=c++17 -Wall -Wextra -Wpedantic -Werror'\n";

class Package : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        const Finished unpacked =
            Shell("mkdir $prefix $work && tar -xzf " + DataFile(Given("ZMALLOC_PACKAGE")) +
                  " -C $prefix --strip-components=1");
        ASSERT_EQ(unpacked.status, 0) << unpacked.err;
    }
};

// ---- The tarball ------------------------------------------------------------

std::vector<Entry> Entries() {
    const Finished unzipped = Shell("gzip -dc " + DataFile(Given("ZMALLOC_PACKAGE")));
    EXPECT_EQ(unzipped.status, 0) << unzipped.err;
    return EntriesOf(unzipped.out);
}

TEST_F(Package, SaysNothingOfWhoPackedItWhen) {
    const std::vector<Entry> entries = Entries();
    ASSERT_GT(entries.size(), 10u);
    for (const Entry &entry : entries) {
        EXPECT_EQ(entry.user + entry.group + entry.modified, 0u) << entry.path;
        EXPECT_EQ(entry.user_name + entry.group_name, "") << entry.path;
        EXPECT_EQ(entry.mode, entry.link.empty() ? 0644u : 0777u) << entry.path;
    }
    EXPECT_TRUE(std::is_sorted(entries.begin(), entries.end(),
                               [](const Entry &a, const Entry &b) { return a.path < b.path; }));
    EXPECT_EQ(ReadFile(DataFile(Given("ZMALLOC_PACKAGE"))).substr(4, 4), std::string(4, '\0'))
        << "gzip's own time";
}

TEST_F(Package, LiesInOneFolderOfItsName) {
    const std::string tarball = Given("ZMALLOC_PACKAGE");
    const size_t slash = tarball.rfind('/') + 1;
    const std::string name = tarball.substr(slash, tarball.rfind(".tar.gz") - slash);
    EXPECT_TRUE(std::regex_match(
        name, std::regex("zmalloc-[0-9.]+-[a-z]+_(x86_64|aarch64|arm64|riscv64)-" + Variant())))
        << name;
    for (const Entry &entry : Entries()) EXPECT_EQ(entry.path.rfind(name + "/", 0), 0u);
}

TEST_F(Package, BringsTheLicencesOfWhatIsInside) {
    std::set<std::string> licences;
    const std::string folder = "/share/licenses/zmalloc/";
    for (const Entry &entry : Entries()) {
        const size_t at = entry.path.find(folder);
        if (at != std::string::npos) licences.insert(entry.path.substr(at + folder.size()));
    }
    std::set<std::string> expected = {"LICENSE"};
    if (Allocator() == "jemalloc") expected.insert("COPYING.jemalloc");
    if (Allocator().rfind("tcmalloc", 0) == 0) expected.insert("COPYING.gperftools");
    EXPECT_EQ(licences, expected);
}

TEST_F(Package, HasTheVersionOfTheModule) {
    const std::string module = ReadFile(DataFile("MODULE.bazel"));
    std::smatch version;
    ASSERT_TRUE(std::regex_search(module, version, std::regex("\n    version = \"([0-9.]+)\"")));
    const std::string config = ReadFile(TempFile("prefix") + "/lib/pkgconfig/zmalloc.pc");
    EXPECT_NE(config.find("\nVersion: " + version[1].str() + "\n"), std::string::npos);
}

// ---- A compiler ---------------------------------------------------------------

TEST_F(Package, WithACompilerAlone) {
    NEEDS("cc", "c++");
    for (const char *program : {"$C $consumer/program.c", "$CXX $consumer/program.cc"}) {
        ExpectRuns(Shell(std::string(kCompile) + program +
                         " -o plain -I$prefix/include -L$prefix/lib -lzmalloc -lpthread\n"
                         "LD_LIBRARY_PATH=$prefix/lib ./plain"));
    }
}

TEST_F(Package, WithPkgConfig) {
    NEEDS("cc", "c++", "pkg-config");
    for (const char *program : {"$C $consumer/program.c", "$CXX $consumer/program.cc"}) {
        for (const char *library : {"zmalloc", "zmalloc-static"}) {
            SCOPED_TRACE(std::string(program) + " with " + library);
            ExpectRuns(Shell(std::string(kCompile) + program + " -o with_" + library +
                             " $(pkg-config --cflags --libs " + library +
                             ") -lpthread\n"
                             "LD_LIBRARY_PATH=$prefix/lib ./with_" +
                             library));
        }
    }
    EXPECT_EQ(Shell("ldd $work/with_zmalloc-static").out.find("libzmalloc"), std::string::npos);
}

// The one that servers have, by its name there, over the static library.
TEST_F(Package, WithTheHeadersOfServers) {
    NEEDS("cc");
    for (const char *server : {"redis7", "redis8", "valkey8", "valkey9"}) {
        SCOPED_TRACE(server);
        ExpectRuns(
            Shell(std::string(kCompile) +
                  "$C $consumer/compat.c -o compat $prefix/lib/libzmalloc.a -I$prefix/include "
                  "-I$prefix/include/zmalloc/compat -I$prefix/include/zmalloc/compat/" +
                  server + " -lpthread -ldl -lm -lstdc++\n./compat"));
    }
}

// ---- CMake --------------------------------------------------------------------

TEST_F(Package, WithCMake) {
    NEEDS("cc", "c++", "cmake", "make");
    const Finished built = Shell(
        "mkdir $work/cmake && cd $work/cmake\n"
        "(cmake $consumer -DCMAKE_PREFIX_PATH=$prefix && make) >log 2>&1 || { cat log; exit 1; }");
    ASSERT_EQ(built.status, 0) << built.out << built.err;
    for (const char *program : {"c_shared", "c_static", "cxx_shared", "cxx_static"}) {
        SCOPED_TRACE(program);
        ExpectRuns(Shell(std::string("$work/cmake/") + program));
    }
}

TEST_F(Package, CMakeTakesNoOtherVersion) {
    NEEDS("cmake");
    for (const char *other : {"0.0.9", "0.1.1", "0.2", "1.0"}) {
        const Finished refused =
            Shell("cmake -DCMAKE_PREFIX_PATH=$prefix -DWANTED=$wanted -P $consumer/other.cmake",
                  {std::string("wanted=") + other});
        EXPECT_EQ(refused.status, 0) << refused.err;
        EXPECT_EQ(refused.out, "-- considered 0.1.0, found 0\n") << other;
    }
}

// ---- dlopen ---------------------------------------------------------------------

// jemalloc keeps more in static TLS than glibc sets aside for libraries that come
// later (docs/without-bazel.md).
TEST_F(Package, LoadedLater) {
    NEEDS("cc");
    const std::string load = std::string(kCompile) +
                             "$C $consumer/load.c -o load -ldl\n"
                             "./load $prefix/lib/libzmalloc.so";
    if (Allocator() == "jemalloc") {
        const Finished refused = Shell(load);
        EXPECT_EQ(refused.status, 1);
        EXPECT_NE(refused.err.find("static TLS"), std::string::npos) << refused.err;
        ExpectRuns(Shell(load, {"GLIBC_TUNABLES=glibc.rtld.optional_static_tls=4096"}));
        ExpectRuns(Shell("LD_PRELOAD=$prefix/lib/libzmalloc.so $work/load libzmalloc.so.0"));
    } else {
        ExpectRuns(Shell(load));
    }
}

}  // namespace
}  // namespace zmalloc_test
