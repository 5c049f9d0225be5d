// What zheap says of profiles of which the right answers are known.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "tests/sbom/json.h"
#include "tests/tools/process.h"

namespace ztrace_test {
namespace {

Finished Zheap(std::vector<std::string> arguments,
               const std::vector<std::string> &environment = {}) {
    arguments.insert(arguments.begin(), DataFile("tools/zheap/without_charts"));
    return RunProgram(arguments, environment);
}

// Writes the planted profile; returns its path.  `kind`: "", "grown" or "exact".
std::string Planted(const std::string &kind = "", const std::string &format = "pprof") {
    const std::string file = TempFile(format + kind);
    const Finished finished = RunProgram({DataFile("tests/zheap/planted"), format, file, kind});
    EXPECT_EQ(finished.status, 0) << finished.err;
    return file;
}

json::Value Json(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "--json");
    const Finished finished = Zheap(arguments);
    EXPECT_EQ(finished.status, 0) << finished.err;
    const json::Value value = json::Parse(finished.out);
    EXPECT_EQ(value.kind, json::Value::Kind::kObject) << finished.out;
    return value;
}

// The frames of the i-th stack, innermost first.
std::vector<json::Value> Frames(const json::Value &report, size_t i) {
    std::vector<json::Value> frames;
    for (const json::Value &number : report["stacks"].list.at(i)["frames"].list) {
        frames.push_back(report["frames"].list.at(std::stoul(number.text)));
    }
    return frames;
}

std::vector<std::string> Functions(const json::Value &report, size_t i) {
    std::vector<std::string> functions;
    for (const json::Value &frame : Frames(report, i)) functions.push_back(frame["function"].text);
    return functions;
}

// The innermost functions of the stacks, in their order.
std::vector<std::string> Order(const json::Value &report) {
    std::vector<std::string> order;
    for (size_t i = 0; i < report["stacks"].list.size(); i++) {
        order.push_back(Functions(report, i).at(0));
    }
    return order;
}

using Names = std::vector<std::string>;

// ---- Figures ------------------------------------------------------------------

TEST(ZheapTest, SortsStacksByWhatIsAsked) {
    const std::string file = Planted();
    EXPECT_EQ(Order(Json({file})),
              (Names{"fill_cache", "load_table", "open_session", "read_config", "parse_header"}));
    EXPECT_EQ(Order(Json({"--sort=waste", file}))[0], "open_session");
    EXPECT_EQ(Order(Json({"--sort=allocated", file}))[0], "parse_header");
    EXPECT_EQ(Order(Json({"--sort=allocated", "--top=2", file})).size(), 2u);
    EXPECT_EQ(Json({"--top=1", file})["frames"].list.size(), 3u);
}

TEST(ZheapTest, FindsFunctionsLinesLabelsAndFigures) {
    const json::Value report = Json({Planted()});
    EXPECT_EQ(report["rate"].text, "524288");
    EXPECT_EQ(report["all_stacks"].text, "5");
    EXPECT_TRUE(report["notes"].list.empty());
    const json::Value &stack = report["stacks"].list.at(0);
    EXPECT_EQ(Functions(report, 0), (Names{"fill_cache", "serve_requests", "planted_main"}));
    EXPECT_EQ(stack["label"].text, "cache");
    EXPECT_EQ(stack["now"]["live"].text, "67108864");
    EXPECT_EQ(stack["now"]["live_blocks"].text, "65536");
    EXPECT_EQ(stack["now"]["waste"].text, "1048576");
    EXPECT_EQ(stack["now"]["allocated"].text, "83886080");
    EXPECT_EQ(Frames(report, 0)[0]["source"].text.rfind("planted.cc:", 0), 0u);
    // An address that is in no mapping.
    EXPECT_EQ(Functions(report, 3).back(), "0x122");
    EXPECT_EQ(Frames(report, 3).back()["resolved"].text, "false");
}

TEST(ZheapTest, LeavesOutTheAllocatorsFrames) {
    const std::string file = Planted();
    EXPECT_EQ(Functions(Json({file}), 0).at(0), "fill_cache");
    EXPECT_EQ(Functions(Json({"--all-frames", file}), 0),
              (Names{"zm_inside", "zmalloc", "zcalloc_num", "fill_cache", "serve_requests",
                     "planted_main"}));
}

TEST(ZheapTest, PrintsTheTable) {
    const Finished finished = Zheap({"--top=2", Planted()});
    EXPECT_EQ(finished.status, 0);
    EXPECT_EQ(finished.err, "");
    for (const char *part :
         {"live: 76.1 MiB (+-8 %) in 70664 blocks", "   64.0 MiB  84%    1.0 MiB   4%",
          "fill_cache  planted.cc:", "label: cache", "... 3 more stacks, by live"}) {
        EXPECT_NE(finished.out.find(part), std::string::npos) << part << "\n" << finished.out;
    }
    EXPECT_EQ(finished.out.find("open_session"), std::string::npos);
}

// Blocks of the size of the rate, as load_table's, add less than small ones: sqrt(rate / bytes) is
// 8.1 % here.  Where every block is a sample, there is no error.
TEST(ZheapTest, TellsTheLikelyError) {
    EXPECT_NEAR(std::stod(Json({Planted()})["live_error"].text), 0.0794, 0.0002);
    const std::string file = Planted("exact");
    EXPECT_EQ(Json({file})["live_error"].text, "0.000000");
    EXPECT_NE(Zheap({file}).out.find("live: 76.1 MiB in 70664 blocks"), std::string::npos);
}

bool Has(const std::string &text, const std::string &part) {
    return text.find(part) != std::string::npos;
}

TEST(ZheapTest, LeavesOutStacksWithoutTheFigure) {
    const std::string old_file = Planted(), file = Planted("grown");
    const std::string live = Zheap({file}).out, waste = Zheap({"--sort=waste", old_file}).out;
    EXPECT_FALSE(Has(live, "parse_header")) << live;
    EXPECT_TRUE(Has(live, "... 1 stack without live bytes (--sort=allocated shows them)")) << live;
    EXPECT_FALSE(Has(live, "more stack")) << live;
    EXPECT_FALSE(Has(waste, "parse_header")) << waste;
    EXPECT_TRUE(Has(waste, "... 1 stack without waste")) << waste;
    EXPECT_TRUE(Has(Zheap({"--sort=allocated", file}).out, "parse_header"));
    EXPECT_FALSE(Has(Zheap({"--sort=allocated", file}).out, " without "));
    EXPECT_TRUE(Has(Zheap({"--top=2", file}).out, "... 3 more stacks, by live (--top=N shows N)"));
    // What had live bytes before and has none now has shrunk.
    const std::string compared = Zheap({"--diff", old_file, file}).out;
    EXPECT_TRUE(Has(compared, "parse_header")) << compared;
    EXPECT_FALSE(Has(compared, " without ")) << compared;
    EXPECT_EQ(Json({file})["stacks"].list.size(), 6u);  // all
}

TEST(ZheapTest, PrintsCollapsedStacks) {
    const Finished finished = Zheap({"--collapsed", "--sort=waste", Planted()});
    EXPECT_EQ(finished.out,
              "planted_main;serve_requests;open_session 25165824\n"
              "planted_main;serve_requests;fill_cache 1048576\n"
              "planted_main;read_config;load_table 4096\n"
              "0x122;planted_main;read_config 2048\n");
}

// The two profiles are of two runs: their addresses differ.
TEST(ZheapTest, ComparesTwoProfiles) {
    const std::string old_file = Planted(), file = Planted("grown");
    const json::Value report = Json({"--diff=" + old_file, file});
    EXPECT_EQ(report["all_stacks"].text, "6");
    EXPECT_EQ(Order(report), (Names{"open_session", "load_table", "fill_cache", "load_table",
                                    "read_config", "parse_header"}));
    const json::Value &grown = report["stacks"].list[0], &made = report["stacks"].list[1],
                      &gone = report["stacks"].list[5];
    EXPECT_EQ(grown["now"]["live"].text, "20971520");
    EXPECT_EQ(grown["old"]["live"].text, "4194304");
    EXPECT_EQ(made["now"]["live"].text, "2097152");
    EXPECT_EQ(made["old"]["live"].text, "0");
    EXPECT_EQ(gone["now"]["live"].text, "0");
    EXPECT_EQ(gone["old"]["live"].text, "8192");
    const Finished text = Zheap({"--diff", old_file, file});
    EXPECT_NE(text.out.find("live +18.0 MiB"), std::string::npos) << text.out;
    EXPECT_NE(text.out.find("+16.0 MiB"), std::string::npos) << text.out;
}

// ---- Symbols ---------------------------------------------------------------------

std::string CopyOfPlanted(const std::string &root) {
    const std::string path = DataFile("tests/zheap/planted");
    char *real = realpath(path.c_str(), nullptr);
    std::string copy = root;
    for (const char *at = real, *end; (end = strchr(at + 1, '/')) != nullptr; at = end) {
        copy += std::string(at, end);
        mkdir(copy.c_str(), 0700);
    }
    copy = root + real;
    WriteFile(copy, ReadFile(real));
    free(real);
    return copy;
}

TEST(ZheapTest, SaysThatAnotherProgramIsCompared) {
    const std::string other = TempFile("other_program"), file = TempFile("other.gz");
    WriteFile(other, ReadFile(DataFile("tests/zheap/planted")));
    chmod(other.c_str(), 0700);
    if (RunProgram({other, "pprof", file}).status != 0) GTEST_SKIP() << "it cannot be copied";
    const std::string note = "is of another program (" + other + ") than ";
    EXPECT_TRUE(Has(Zheap({"--diff=" + file, Planted()}).out, note));
    EXPECT_FALSE(Has(Zheap({"--diff=" + Planted(), Planted()}).out, "another program"));
}

// No file that zheap or its helpers open takes the number of a closed stream.
TEST(ZheapTest, SaysOnceThatItCannotPrint) {
    const Finished finished = RunProgram(
        {"/bin/sh", "-c", DataFile("tools/zheap/without_charts") + " " + Planted() + " >&-"});
    EXPECT_EQ(finished.status, 2);
    EXPECT_EQ(std::count(finished.err.begin(), finished.err.end(), '\n'), 1) << finished.err;
}

TEST(ZheapTest, LooksForFilesBelowTheRoot) {
    const std::string file = Planted(), root = TempFile("root");
    mkdir(root.c_str(), 0700);
    const json::Value without = Json({"--root=" + root, file});
    ASSERT_EQ(without["notes"].list.size(), 1u);
    EXPECT_NE(without["notes"].list[0].text.find("cannot be read"), std::string::npos);
    EXPECT_EQ(Order(without)[0].rfind("planted_binary+0x", 0), 0u) << Order(without)[0];
    CopyOfPlanted(root);
    EXPECT_EQ(Order(Json({"--root=" + root, file}))[0], "fill_cache");
}

TEST(ZheapTest, DoesNotUseAFileOfAnotherBuild) {
    const std::string file = Planted(), root = TempFile("other");
    mkdir(root.c_str(), 0700);
    const std::string copy = CopyOfPlanted(root);
    std::string bytes = ReadFile(copy);
    const std::string head("\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0", 16);
    const size_t note = bytes.find(head);
    if (note == std::string::npos) GTEST_SKIP() << "the linker gives no build id";
    bytes[note + head.size()] ^= 1;
    WriteFile(copy, bytes);
    const json::Value report = Json({"--root=" + root, file});
    ASSERT_EQ(report["notes"].list.size(), 1u);
    EXPECT_NE(report["notes"].list[0].text.find("build id"), std::string::npos);
    EXPECT_EQ(Order(report)[0].rfind("planted_binary+0x", 0), 0u);
}

TEST(ZheapTest, SaysThatThereIsNoSymbolizer) {
    const Finished finished = Zheap({Planted()}, {"PATH=/nonexistent"});
    EXPECT_EQ(finished.status, 0);
    EXPECT_NE(finished.out.find("neither llvm-symbolizer nor addr2line"), std::string::npos);
    EXPECT_NE(finished.out.find("planted_binary+0x"), std::string::npos);
}

// With addr2line alone.
TEST(ZheapTest, TakesAddr2line) {
    if (access("/usr/bin/addr2line", X_OK) != 0) GTEST_SKIP() << "no addr2line (binutils)";
    const std::string folder = TempFile("bin");
    mkdir(folder.c_str(), 0700);
    ASSERT_EQ(symlink("/usr/bin/addr2line", (folder + "/addr2line").c_str()), 0);
    const Finished finished = Zheap({Planted()}, {"PATH=" + folder});
    EXPECT_NE(finished.out.find("fill_cache  planted.cc:"), std::string::npos) << finished.out;
}

// A folder with what is in a folder of the machine, for PATH.
std::string FolderWith(const std::string &program) {
    const std::string folder = TempFile("only_" + program), from = "/usr/bin/" + program;
    mkdir(folder.c_str(), 0700);
    if (access(from.c_str(), X_OK) != 0) return "";
    (void)symlink(from.c_str(), (folder + "/" + program).c_str());
    return folder;
}

// A program without its symbols has the name of one function left.  addr2line gives that name to
// all functions behind it.
TEST(ZheapTest, GivesNoFunctionTheNameOfAnother) {
    if (access("/usr/bin/strip", X_OK) != 0) GTEST_SKIP() << "no strip (binutils)";
    const std::string file = Planted(), root = TempFile("stripped");
    mkdir(root.c_str(), 0700);
    ASSERT_EQ(RunProgram({"/usr/bin/strip", CopyOfPlanted(root)}).status, 0);
    for (const char *program : {"llvm-symbolizer", "addr2line"}) {
        const std::string folder = FolderWith(program);
        if (folder.empty()) continue;
        const json::Value report =
            json::Parse(Zheap({"--json", "--root=" + root, file}, {"PATH=" + folder}).out);
        // Without their names the allocator's three functions are not left out.
        const Names names = Functions(report, 0);
        ASSERT_EQ(names.size(), 6u) << program;
        for (size_t i = 0; i < names.size(); i++) {
            const std::string expected = i == 4 ? "serve_requests" : "planted_binary+0x";
            EXPECT_EQ(names[i].rfind(expected, 0), 0u) << program << ": " << names[i];
        }
        ASSERT_EQ(report["notes"].list.size(), 1u) << program;
        const std::string note = report["notes"].list[0].text;
        EXPECT_NE(note.find("debug symbols"), std::string::npos) << note;
    }
}

// LLVM 14 prints lines about each program of GCC 12.
TEST(ZheapTest, DoesNotPrintWhatTheSymbolizerSaysToStderr) {
    const std::string folder = TempFile("noisy"), program = folder + "/llvm-symbolizer";
    mkdir(folder.c_str(), 0700);
    WriteFile(program, "#!/bin/sh\necho 'error: address range table' >&2\nexit 3\n");
    ASSERT_EQ(chmod(program.c_str(), 0700), 0);
    const Finished finished = Zheap({Planted()}, {"PATH=" + folder});
    EXPECT_EQ(finished.status, 0);
    EXPECT_EQ(finished.err, "");
    EXPECT_NE(finished.out.find("llvm-symbolizer failed for "), std::string::npos) << finished.out;
}

// ---- What cannot be used -----------------------------------------------------------

void ExpectRefused(const std::vector<std::string> &arguments, const std::string &why) {
    const Finished finished = Zheap(arguments);
    EXPECT_EQ(finished.status, 2);
    EXPECT_EQ(finished.out, "");
    EXPECT_EQ(finished.err.rfind("zheap: ", 0), 0u) << finished.err;
    EXPECT_EQ(finished.err.find('\n'), finished.err.size() - 1) << finished.err;
    EXPECT_NE(finished.err.find(why), std::string::npos) << finished.err;
}

TEST(ZheapTest, RefusesWrongArguments) {
    const std::string file = Planted();
    ExpectRefused({}, "no profile is given");
    ExpectRefused({file, file}, "one profile too many");
    ExpectRefused({"--nosuch", file}, "unknown option --nosuch");
    ExpectRefused({"--sort=size", file}, "live, waste or allocated, not size");
    ExpectRefused({"--top=0", file}, "1 to 1000000, not 0");
    ExpectRefused({"--json", "--collapsed", file}, "exclude each other");
    ExpectRefused({"--top"}, "a value is missing");
    ExpectRefused({"--html=", file}, "needs the name of a file");
    ExpectRefused({"--html=/nonexistent/page.html", file}, "No such file");
    ExpectRefused({"--html=" + TempFile("page.html"), file}, "is not here; //tools/zheap has it");
}

TEST(ZheapTest, RefusesFilesThatAreNoProfile) {
    const std::string file = TempFile("bad"), good = Planted();
    ExpectRefused({"/nonexistent"}, "No such file");
    ExpectRefused({"/"}, "Is a directory");
    ExpectRefused({Planted("", "heap_v2")}, "no profile.proto");
    ExpectRefused({"--diff=/nonexistent", good}, "No such file");
    WriteFile(file, "");
    ExpectRefused({file}, "it is empty");
    const std::string bytes = ReadFile(good);
    WriteFile(file, bytes.substr(0, bytes.size() - 9));
    ExpectRefused({file}, "it is cut short");
    WriteFile(file, bytes + bytes);
    ExpectRefused({file}, "there is more behind its end");
    std::string changed = bytes;
    changed[bytes.size() / 2] ^= 1;
    WriteFile(file, changed);
    ExpectRefused({file}, "its checksum is wrong");
    WriteFile(file, std::string("\x1f\x8b\x08\0\0\0\0\0\0\xff\x05", 11));
    ExpectRefused({file}, "gzip -d");
    WriteFile(file, std::string("\x32\x00\x0a\x04\x08\x00\x10\x00", 8));
    ExpectRefused({file}, "no values of the type inuse_space");
}

TEST(ZheapTest, Help) {
    const Finished finished = Zheap({"--help"});
    EXPECT_EQ(finished.status, 0);
    EXPECT_EQ(finished.out.rfind("Usage: zheap", 0), 0u);
}

}  // namespace
}  // namespace ztrace_test
