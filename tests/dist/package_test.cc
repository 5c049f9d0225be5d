// Uses a package: unpacks it somewhere, and builds programs with it by a plain compiler, with and
// without pkg-config, and by CMake.
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>

#include "tests/dist/tarball.h"
#include "tests/sbom/json.h"
#include "tests/tools/process.h"

namespace zmalloc_test {
namespace {

using ztrace_test::DataFile;
using ztrace_test::Finished;
using ztrace_test::ReadFile;
using ztrace_test::RunProgram;
using ztrace_test::TempFile;

std::string Given(const char *name) { return std::getenv(name); }

// The allocator's name, as zmalloc_allocator_name() tells it.
std::string Allocator() { return Given("ZMALLOC_ALLOCATOR"); }

// The folders of include/zmalloc/compat.
std::vector<std::string> Servers() {
    std::istringstream names(Given("ZMALLOC_SERVERS"));
    return {std::istream_iterator<std::string>(names), {}};
}

// The package's name: that of the tarball, without its ending.
std::string Name() {
    const std::string tarball = Given("ZMALLOC_PACKAGE");
    const size_t slash = tarball.rfind('/') + 1;
    return tarball.substr(slash, tarball.rfind(".tar.gz") - slash);
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
    // The release follows the allocator, unless that is the system's.
    const std::string release = Given("ZMALLOC_SOURCE").empty() ? "" : "-([0-9.]+|system)";
    EXPECT_TRUE(std::regex_match(
        Name(), std::regex("zmalloc-[0-9.]+-[a-z]+_(x86_64|aarch64|arm64|riscv64)-" +
                           Given("ZMALLOC_VARIANT") + release + "(-[a-z0-9_]+)*")))
        << Name();
    for (const Entry &entry : Entries()) EXPECT_EQ(entry.path.rfind(Name() + "/", 0), 0u);
}

TEST_F(Package, SaysWhatIsInside) {
    const json::Value info =
        json::Parse(ReadFile(TempFile("prefix") + "/lib/zmalloc/BUILD-INFO.json"));
    EXPECT_EQ(info["name"].text, Name());
    EXPECT_EQ(info["allocator"]["name"].text, Allocator());
    EXPECT_EQ(info["allocator"]["backend"].text, Given("ZMALLOC_VARIANT"));
    EXPECT_EQ(info["allocator"]["release"].text.empty(), Given("ZMALLOC_SOURCE").empty());
    EXPECT_NE(Name().find(info["platform"].text), std::string::npos) << info["platform"].text;
    EXPECT_NE(Name().find(info["version"].text), std::string::npos) << info["version"].text;
    EXPECT_EQ(info["guard"].text == "true", Name().find("-guard") != std::string::npos);
    EXPECT_TRUE(std::regex_search(info["compiler"].text, std::regex("[0-9]+\\.[0-9]+")))
        << info["compiler"].text;
    EXPECT_EQ(info["settings"]["guard"].text == "True", info["guard"].text == "true");
    std::vector<std::string> servers;
    for (const json::Value &server : info["compat"].list) servers.push_back(server.text);
    EXPECT_EQ(servers, Servers());
}

TEST_F(Package, BringsTheLicencesOfWhatIsInside) {
    std::set<std::string> licences;
    const std::string folder = "/share/licenses/zmalloc/";
    for (const Entry &entry : Entries()) {
        const size_t at = entry.path.find(folder);
        if (at != std::string::npos) licences.insert(entry.path.substr(at + folder.size()));
    }
    std::set<std::string> expected = {"LICENSE"};
    const std::string source = Given("ZMALLOC_SOURCE");
    if (!source.empty()) expected.insert("COPYING." + source);
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

// Memory that the allocator keeps for as long as the program runs is no leak.
TEST_F(Package, EndsCleanUnderAddressSanitizer) {
    NEEDS("cc", "pkg-config");
    const std::string compile = std::string(kCompile) + "C=\"$C -fsanitize=address\"\n";
    const std::string empty = "echo 'int main(void) { return 0; }' >empty.c\n$C empty.c -o empty\n";
    if (Shell(compile + empty + "./empty").status != 0) GTEST_SKIP() << "no AddressSanitizer";
    const Finished finished =
        Shell(compile +
              "printf '#include <zmalloc/zmalloc.h>\\n"
              "int main(void) { zfree(zmalloc(100)); return 0; }\\n' >clean.c\n"
              "$C clean.c -o clean $(pkg-config --cflags --libs zmalloc-static)\n"
              "./clean");
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
}

// Builds a program with the header of each server, by its name there, over the static library.
TEST_F(Package, WithTheHeadersOfServers) {
    NEEDS("cc", "pkg-config");
    for (const std::string &server : Servers()) {
        SCOPED_TRACE(server);
        const std::string config = "$(pkg-config --cflags --libs zmalloc-" + server + ")";
        ExpectRuns(Shell(std::string(kCompile) + "$C $consumer/compat.c -o compat " + config +
                         " -lpthread\n./compat"));
        const Finished tested =
            Shell(std::string(kCompile) + "$C -DREDIS_TEST $consumer/compat.c -o compat " + config +
                  " -lpthread\n./compat");
        EXPECT_EQ(tested.status, 0) << tested.out << tested.err;
        // syscheck.c asks for it, and includes no zmalloc.h.
        EXPECT_EQ(Shell("echo " + config).out.find("-DUSE_JEMALLOC") != std::string::npos,
                  Allocator() == "jemalloc");
    }
}

// The program prints the file that its malloc is in.
constexpr char kWhoseMalloc[] =
    "#define _GNU_SOURCE\n"
    "#include <dlfcn.h>\n"
    "#include <stdio.h>\n"
    "#include <stdlib.h>\n"
    "int main(void) {\n"
    "    Dl_info info;\n"
    "    free(realloc(malloc(100), 1000));\n"
    "    return dladdr(dlsym(RTLD_DEFAULT, \"malloc\"), &info) == 0 || puts(info.dli_fname) < 0;\n"
    "}\n";

TEST_F(Package, IsPreloaded) {
    NEEDS("cc");
    const std::string library = "$prefix/lib/libzmalloc_" + Given("ZMALLOC_VARIANT") + ".so";
    std::vector<std::string> libraries;
    for (const Entry &entry : Entries()) {
        const size_t at = entry.path.find("/lib/libzmalloc_");
        if (at != std::string::npos) libraries.push_back("$prefix" + entry.path.substr(at));
    }
    EXPECT_EQ(libraries, std::vector<std::string>{library});
    const Finished finished = Shell("cd $work\ncat >whose.c <<'E'\n" + std::string(kWhoseMalloc) +
                                    "E\ncc whose.c -o whose -ldl\n"
                                    "LD_PRELOAD=" +
                                    library + " ./whose; echo " + library + "\n");
    EXPECT_EQ(finished.status, 0);
    EXPECT_EQ(finished.err, "");
    const size_t half = finished.out.size() / 2;
    EXPECT_EQ(finished.out.substr(0, half), finished.out.substr(half)) << finished.out;
}

// Valkey's zmalloc.h gives zcalloc another name in the link, because a static zlib has one too.
TEST_F(Package, BesideAStaticZlib) {
    NEEDS("ar", "cc", "pkg-config");
    ExpectRuns(Shell(std::string(kCompile) +
                     "$C -c $consumer/like_zlib.c -o like_zlib.o && ar rc libz.a like_zlib.o\n"
                     "$C -DLIKE_ZLIB $consumer/compat.c -o zlib "
                     "$(pkg-config --cflags --libs zmalloc-valkey9) -L. -lz -lpthread\n./zlib"));
}

TEST_F(Package, NamesItsFunctionsInStackTraces) {
    NEEDS("cc", "pkg-config");
    for (const char *library : {"zmalloc", "zmalloc-static"}) {
        SCOPED_TRACE(library);
        ExpectRuns(Shell(std::string(kCompile) +
                         "$C -rdynamic $consumer/traces.c -o traces "
                         "$(pkg-config --cflags --libs " +
                         library + ") -lpthread\nLD_LIBRARY_PATH=$prefix/lib ./traces"));
        // glibc's free() is called last, so that zfree() leaves no frame.
        if (Allocator() == "libc") continue;
        const Finished crashed = Shell("LD_LIBRARY_PATH=$prefix/lib $work/traces crash");
        EXPECT_EQ(crashed.status, 0) << crashed.out << crashed.err;
    }
}

// ---- CMake --------------------------------------------------------------------

TEST_F(Package, WithCMake) {
    NEEDS("cc", "c++", "cmake", "make");
    const Finished built = Shell(
        "mkdir $work/cmake && cd $work/cmake\n"
        "(cmake $consumer -DCMAKE_PREFIX_PATH=$prefix \"-DSERVERS=$servers\" && make) >log 2>&1 "
        "||\n"
        "{ cat log; exit 1; }",
        {"servers=" + std::regex_replace(Given("ZMALLOC_SERVERS"), std::regex(" "), ";")});
    ASSERT_EQ(built.status, 0) << built.out << built.err;
    std::vector<std::string> programs = {"shared", "static"};
    for (const std::string &server : Servers()) programs.push_back(server);
    for (const std::string &program : programs) {
        SCOPED_TRACE(program);
        ExpectRuns(Shell("$work/cmake/c_" + program));
    }
    for (const char *program : {"cxx_shared", "cxx_static"}) {
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

// jemalloc needs more static TLS than glibc sets aside for libraries that are loaded later
// (docs/without-bazel.md).
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
