// ztrace --stacks records the call stacks of a sample of the allocations.
#include <algorithm>
#include <regex>

#include "tests/tools/stacked_program.h"
#include "tests/tools/ztrace.h"

namespace ztrace_test {
namespace {

// The stacks of a trace, each as the names of the modules of its frames, the innermost first.
struct Stacks {
    bool known = false;
    uint64_t rate = 0;
    std::vector<std::vector<std::string>> stacks;
    std::map<uint32_t, size_t> events;  // by the number of the stack
    size_t calls = 0;                   // allocations and reallocs
};

std::string BaseName(const std::string &path) { return path.substr(path.rfind('/') + 1); }

std::vector<std::string> ModulesOf(const zt_stacks &stacks, const zt_stack &stack) {
    std::vector<std::string> names;
    for (uint32_t i = 0; i < stack.depth; i++) {
        const zt_frame &frame = stacks.frame[stacks.frame_of[stack.first + i]];
        names.push_back(frame.module == ZT_NO_MODULE ? "?"
                                                     : BaseName(stacks.module[frame.module].path));
    }
    return names;
}

Stacks ReadStacks(const std::string &path) {
    Stacks found;
    zt_error error;
    zt_reader *reader = zt_reader_open(path.c_str(), &error);
    zt_event event;
    while (reader && zt_read(reader, &event) > 0) {
        found.calls += event.op <= ZT_REALLOC;
        if (event.stack) found.events[event.stack - 1]++;
    }
    EXPECT_STREQ(error.text, "");
    const zt_stacks *stacks = reader ? zt_reader_stacks(reader) : nullptr;
    found.known = stacks != nullptr;
    for (uint32_t i = 0; stacks && i < stacks->stacks; i++) {
        found.stacks.push_back(ModulesOf(*stacks, stacks->stack[i]));
    }
    if (stacks) found.rate = stacks->rate;
    zt_reader_close(reader);
    return found;
}

class ZtraceStacksTest : public ZtraceTest {
  protected:
    void SetUp() override {
        ZtraceTest::SetUp();
        if (zmalloc_test::Emulated()) GTEST_SKIP() << "an emulator's stack is another";
    }

    // Records a program with stacks of up to 16 frames.
    Finished RecordStacks(std::vector<std::string> command, const std::string &depth = "16") {
        command.insert(command.begin(), {"--stacks=" + depth, "-o", path_});
        return Ztrace(command);
    }

    // Each stack has frames, and of all these the module is known.
    static void ExpectKnown(const Stacks &stacks) {
        EXPECT_TRUE(stacks.known);
        EXPECT_FALSE(stacks.stacks.empty());
        for (const auto &[number, count] : stacks.events) {
            ASSERT_LT(number, stacks.stacks.size());
            EXPECT_FALSE(stacks.stacks[number].empty()) << number;
            for (const std::string &module : stacks.stacks[number]) {
                EXPECT_NE(module, "?");
                EXPECT_EQ(module.find("libztrace"), std::string::npos);
            }
        }
    }

    // The bytes (in MiB) and blocks that zreplay gives for a function, in the n-th of its tables.
    static std::pair<double, double> Row(const std::string &text, const std::string &table,
                                         const std::string &function) {
        const size_t at = text.find(table);
        EXPECT_NE(at, std::string::npos) << text;
        const std::regex row("([0-9.]+) MiB +[0-9.]+ % +([0-9]+)  " + function + "\\b");
        std::smatch match;
        const std::string rest = at == std::string::npos ? "" : text.substr(at);
        if (!std::regex_search(rest, match, row)) {
            ADD_FAILURE() << function << " is not in " << rest;
            return {0, 0};
        }
        return {std::stod(match[1]), std::stod(match[2])};
    }
};

constexpr double kMib = 1 << 20;

// The figures are those of the program, within what a sample can tell: here 4 standard deviations
// are 11 %.
TEST_F(ZtraceStacksTest, TellWhatEachFunctionHolds) {
    const Finished recorded = RecordStacks({DataFile("tests/tools/stacked_program")});
    ASSERT_EQ(recorded.status, 0) << recorded.err;
    const Finished told = RunProgram({DataFile("tools/zreplay/zreplay"), "--stat", path_});
    ASSERT_EQ(told.status, 0) << told.err;
    const std::string live = "live at the peak: ", allocated = "allocated, reallocs included: ";

    const auto cache = Row(told.out, live, "fill_cache");
    EXPECT_NEAR(cache.first, CACHE_BLOCKS * CACHE_SIZE / kMib, 0.11 * cache.first);
    EXPECT_NEAR(cache.second, CACHE_BLOCKS, 0.11 * CACHE_BLOCKS);
    const auto table = Row(told.out, live, "load_table");
    EXPECT_NEAR(table.first, TABLE_BLOCKS * TABLE_SIZE / kMib, 0.1);
    EXPECT_EQ(table.second, TABLE_BLOCKS);
    const auto buffer = Row(told.out, live, "grow_buffer");
    EXPECT_NEAR(buffer.first, GROWN_STEPS_OF_BUFFER * BUFFER_STEP / kMib, 0.1);
    EXPECT_EQ(buffer.second, 1);

    const auto requests = Row(told.out, allocated, "serve_requests");
    EXPECT_NEAR(requests.first, 1.0 * REQUESTS * REQUEST_SIZE / kMib, 0.06 * requests.first);
    const double steps = GROWN_STEPS_OF_BUFFER * (GROWN_STEPS_OF_BUFFER + 1) / 2.0;
    EXPECT_NEAR(Row(told.out, allocated, "grow_buffer").first, steps * BUFFER_STEP / kMib, 10);
    const std::string between =
        told.out.substr(told.out.find(live), told.out.find(allocated) - told.out.find(live));
    // It keeps nothing; but a request may be served at the peak, and a sample stands for some KiB.
    EXPECT_FALSE(std::regex_search(between, std::regex("MiB[^\n]*  serve_requests")));
}

TEST_F(ZtraceStacksTest, AreInTheJson) {
    ASSERT_EQ(RecordStacks({DataFile("tests/tools/stacked_program")}).status, 0);
    const Finished told =
        RunProgram({DataFile("tools/zreplay/zreplay"), "--stat", "--json", path_});
    ASSERT_EQ(told.status, 0) << told.err;
    for (const char *part : {"\"call_stacks\": {", "\"rate\": 32768",
                             "\"function\": \"fill_cache\"", "\"now\": {\"live\": "}) {
        EXPECT_NE(told.out.find(part), std::string::npos) << part;
    }
}

TEST_F(ZtraceStacksTest, AreNoDeeperThanAsked) {
    for (const size_t depth : {1u, 2u}) {
        path_ = TempFile("deep-" + std::to_string(depth) + ".ztrace");
        ASSERT_EQ(RecordStacks({DataFile(kProgram), "threads"}, std::to_string(depth)).status, 0);
        const Stacks stacks = ReadStacks(path_);
        ExpectKnown(stacks);
        size_t deepest = 0;
        for (const auto &stack : stacks.stacks) deepest = std::max(deepest, stack.size());
        EXPECT_EQ(deepest, depth);
    }
}

// The innermost frame is that of the caller.
TEST_F(ZtraceStacksTest, BeginWithTheCaller) {
    ASSERT_EQ(RecordStacks({DataFile(kProgram), "kill"}).status, 128 + 9);
    const Stacks stacks = ReadStacks(path_);
    ExpectKnown(stacks);
    EXPECT_EQ(stacks.rate, 32768u);
    size_t most = 0;
    for (const auto &[number, count] : stacks.events) {
        if (count <= most) continue;
        most = count;
        EXPECT_EQ(stacks.stacks[number].front(), "traced_program");
    }
    // Of blocks of 70050 bytes 88 % have one.
    EXPECT_NEAR(static_cast<double>(most), 0.882 * KILLED_EVENTS / 2, 0.02 * KILLED_EVENTS / 2);
}

// Addresses of the program that was there before do not count.
TEST_F(ZtraceStacksTest, GoOnAfterExec) {
    for (int round = 0; round < 5; round++) {
        ASSERT_EQ(RecordStacks({"--force", DataFile(kProgram), "exec"}).status, 0);
        const Stacks stacks = ReadStacks(path_);
        ExpectKnown(stacks);
        bool found = false;
        for (const auto &stack : stacks.stacks) {
            found = found || std::count(stack.begin(), stack.end(), "traced_program") >= 2;
        }
        EXPECT_TRUE(found);
    }
}

// The program allocates little, so there may be no sample in it.
TEST_F(ZtraceStacksTest, AreInTheTracesOfChildren) {
    bool of_parent = false, of_child = false;
    for (int round = 0; round < 20 && !(of_parent && of_child); round++) {
        const Finished finished = RecordStacks({"--follow", "--force", DataFile(kProgram), "fork"});
        ASSERT_EQ(finished.status, 0) << finished.err;
        for (const std::string &path : {path_, path_ + ".1"}) {
            const Stacks stacks = ReadStacks(path);
            if (stacks.events.empty()) continue;
            ExpectKnown(stacks);
            (path == path_ ? of_parent : of_child) = true;
        }
    }
    EXPECT_TRUE(of_parent);
    EXPECT_TRUE(of_child);
}

TEST_F(ZtraceStacksTest, AreThereOnlyIfAskedFor) {
    ASSERT_EQ(Ztrace({"-o", path_, DataFile(kProgram), "each"}).status, 0);
    const Stacks stacks = ReadStacks(path_);
    EXPECT_FALSE(stacks.known);
    EXPECT_TRUE(stacks.events.empty());
    EXPECT_EQ(ReadFile(path_)[8], 2) << "a version that older readers know";
}

TEST_F(ZtraceStacksTest, LoseNothing) {
    for (const char *what : {"each", "short-threads", "cancel"}) {
        path_ = TempFile(std::string(what) + "-stacks.ztrace");
        const Finished finished = RecordStacks({DataFile(kProgram), what});
        EXPECT_EQ(finished.status, 0) << finished.err;
        EXPECT_EQ(finished.err.find("lost"), std::string::npos) << finished.err;
        if (what[0] == 'e') ExpectOneOfEach(Read(path_));
    }
}

TEST_F(ZtraceStacksTest, WrongDepthsAreOneLine) {
    for (const char *depth : {"0", "65", "x", ""}) {
        const Finished finished = RecordStacks({DataFile(kProgram), "each"}, depth);
        EXPECT_EQ(finished.status, 2);
        EXPECT_EQ(finished.err, "ztrace: --stacks takes a number from 1 to 64, not " +
                                    std::string(depth) + " (see ztrace --help)\n");
    }
}

}  // namespace
}  // namespace ztrace_test
