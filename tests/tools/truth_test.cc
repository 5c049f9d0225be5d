// A replay needs the memory that the program needs.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <future>
#include <map>
#include <sstream>
#include <vector>

#include "tests/tools/process.h"

namespace ztrace_test {
namespace {

const double kMiB = 1 << 20;

// What a replay over an allocator prints.
std::string Replay(const std::string &variant, const std::string &trace,
                   const std::string &option) {
    const Finished finished = RunProgram(
        {DataFile("tools/zreplay/zreplay_" + variant), "--json", option, "--rounds=1", trace});
    EXPECT_EQ(finished.status, 0) << finished.err;
    return finished.out;
}

double Number(const std::string &json, const std::string &name) {
    const std::string key = "\"" + name + "\": ";
    const size_t at = json.find(key);
    return at == std::string::npos ? 0 : std::strtod(json.c_str() + at + key.size(), nullptr);
}

std::string Record(const std::string &program, const std::string &name) {
    std::string trace = TempFile(name);
    const Finished recorded =
        RunProgram({DataFile("tools/ztrace/ztrace"), "-o", trace, DataFile(program)});
    EXPECT_EQ(recorded.status, 0) << recorded.err;
    return trace;
}

// The recording of a threaded program, replayed over the allocator that the program had.
TEST(Truth, ThreadsAreReplayedByThreads) {
    const std::string program = "tests/tools/threaded_program";
    const Finished plain = RunProgram({DataFile(program)});
    ASSERT_EQ(plain.status, 0) << plain.err;
    const std::string trace = Record(program, "threaded.ztrace");
    const auto replayed = [&](const std::string &skew) {
        const std::string json = Replay("libc", trace, skew);
        return (Number(json, "rss_most_sampled") - Number(json, "rss_fixed")) / kMiB;
    };
    const double truth = std::strtod(plain.out.c_str(), nullptr) / kMiB;
    ASSERT_GT(truth, 30);
    EXPECT_NEAR(replayed("--skew=1000"), truth, truth / 10);
    EXPECT_NEAR(replayed("--skew=1"), truth, truth / 10);
    // One thread uses one arena: a tenth less at least.
    EXPECT_LT(replayed("--skew=0"), truth * 0.9);
}

// As long as a thread lives, others use no part of its arena.  Ended after its last call, a third
// more memory is taken.
TEST(Truth, ThreadsEndWhereTheyEnded) {
    const std::string program = "tests/tools/late_program";
    const Finished plain = RunProgram({DataFile(program)});
    ASSERT_EQ(plain.status, 0) << plain.err;
    const std::string trace = Record(program, "late.ztrace");
    const double truth = std::strtod(plain.out.c_str(), nullptr) / kMiB;
    const double got = Number(Replay("libc", trace, "--touch=pages"), "rss_most_sampled") / kMiB;
    ASSERT_GT(truth, 20);
    EXPECT_NEAR(got, truth, truth * 0.15);
}

struct Memory {
    double most, end;  // in MiB
};

// The program itself over the allocator.
Memory Real(const std::string &program, const std::string &variant) {
    const Finished finished = RunProgram(
        {DataFile(program)}, {"LD_PRELOAD=" + DataFile("malloc/libzmalloc_" + variant + ".so")});
    EXPECT_EQ(finished.status, 0) << finished.err;
    Memory memory = {};
    std::istringstream(finished.out) >> memory.most >> memory.end;
    return {memory.most / kMiB, memory.end / kMiB};
}

std::string Least(const std::map<std::string, Memory> &all, double Memory::*figure) {
    const auto least = std::min_element(all.begin(), all.end(), [&](const auto &a, const auto &b) {
        return a.second.*figure < b.second.*figure;
    });
    return least->first;
}

// Over one allocator a part of what is freed is given back while the program has little to do.
TEST(Truth, MemoryIsGivenBackWhereTheProgramGaveItBack) {
    const std::string program = "tests/tools/idle_program";
    std::map<std::string, std::future<Memory>> running;
    for (const char *variant : {TRUTH_VARIANTS}) {
        running[variant] = std::async(std::launch::async, Real, program, variant);
    }
    const std::string trace = Record(program, "idle.ztrace");
    std::map<std::string, Memory> truth, replayed;
    for (auto &[variant, run] : running) {
        truth[variant] = run.get();
        const std::string json = Replay(variant, trace, "--touch=pages");
        replayed[variant] = {Number(json, "rss_most_sampled") / kMiB,
                             Number(json, "end_rss") / kMiB};
        const Memory &real = truth[variant], &got = replayed[variant];
        printf("%-20s most %6.2f, replayed %6.2f; end %6.2f, replayed %6.2f\n", variant.c_str(),
               real.most, got.most, real.end, got.end);
        ASSERT_GT(real.most, 60);
        EXPECT_NEAR(got.most, real.most, real.most / 10) << variant;
        EXPECT_NEAR(got.end, real.end, real.end / 10) << variant;
    }
    EXPECT_LT(truth["jemalloc"].end, truth["jemalloc"].most * 0.8);
    EXPECT_GT(truth["jemalloc"].end, truth["jemalloc"].most * 0.2);
    // The least in truth is the least in the replay, or as good.
    EXPECT_LT(replayed[Least(truth, &Memory::end)].end,
              replayed[Least(replayed, &Memory::end)].end * 1.1);
}

// At each time at which the recording looked at the program, the replay over its allocator has as
// much, at most of them: on a busy machine single looks are late.
TEST(Truth, TheReplaysCurveIsThatOfTheProgram) {
    const std::string trace = Record("tests/tools/threaded_program", "curve.ztrace");
    const std::string json = Replay("libc", trace, "--timeline");
    const std::string key = "\"program_timeline\": [";
    const size_t begin = json.find(key);
    ASSERT_NE(begin, std::string::npos) << json;
    std::istringstream line(json.substr(begin + key.size()));
    std::vector<double> differences;
    double ms, program, replay, last_ms = -1;
    char mark;
    while (line >> mark && mark != ']') {
        if (mark == ',') line >> mark;  // between two samples
        ASSERT_TRUE(line >> ms >> mark >> program >> mark >> replay >> mark) << json;
        EXPECT_GE(ms, last_ms);
        last_ms = ms;
        if (program > 10 * kMiB) differences.push_back(std::abs(replay / program - 1));
    }
    ASSERT_GT(differences.size(), 10u);
    std::sort(differences.begin(), differences.end());
    EXPECT_LT(differences[differences.size() / 2], 0.1);
}

// The program writes to a third of its memory at most.  An allocator that writes beside each block
// needs more.
TEST(Truth, WhatTheProgramDoesNotWriteToIsNotInTheReplay) {
    const std::string program = "tests/tools/sparse_program";
    const std::string trace = Record(program, "sparse.ztrace");
    for (const char *variant : {TRUTH_VARIANTS}) {
        const Memory truth = Real(program, variant);
        const double got =
            Number(Replay(variant, trace, "--touch=pages"), "rss_most_sampled") / kMiB;
        printf("%-20s %6.2f, replayed %6.2f\n", variant, truth.most, got);
        EXPECT_LT(truth.most, 75) << variant;  // of 86
        EXPECT_NEAR(got, truth.most, truth.most / 10) << variant;
    }
}

}  // namespace
}  // namespace ztrace_test
