// zreplay on traces that are known, by the allocator it was built with.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <sstream>

#include "tests/emulated.h"
#include "tests/sanitized.h"
#include "tests/tools/process.h"
#include "tests/tools/trace_file.h"
#include "tests/variant.h"
#include "zmalloc/zmalloc.h"

namespace ztrace_test {
namespace {

const char kZreplay[] = "tools/zreplay/zreplay";

// Rounds are forked processes.  In a forked process ThreadSanitizer does not know which of an
// allocator's locks are held, and reports the allocator.
bool ThreadsAreReported() {
    return zmalloc_test::kThreadSanitizer && std::string(zmalloc_allocator_name()) != "libc";
}

Finished Zreplay(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {DataFile(kZreplay), "--rounds=1"});
    if (ThreadsAreReported()) arguments.insert(arguments.begin() + 1, "--skew=0");
    return RunProgram(arguments);
}

zt_event Event(zt_op op, uint64_t size, uint8_t align_log2 = 0) {
    zt_event event = {};
    event.op = static_cast<uint8_t>(op);
    event.size = size;
    event.align_log2 = align_log2;
    return event;
}

zt_event Free(uint32_t object) {
    zt_event event = {};
    event.op = ZT_FREE;
    event.object = object;
    return event;
}

// 64 MiB in blocks of 64 KiB, half of them freed again.
std::vector<zt_event> HalfFreed() {
    std::vector<zt_event> events;
    for (int i = 0; i < 1024; i++) events.push_back(Event(i % 2 ? ZT_MALLOC : ZT_CALLOC, 65536));
    for (uint32_t i = 0; i < 1024; i += 2) events.push_back(Free(i));
    return events;
}

std::string Save(const std::string &name, std::vector<zt_event> events) {
    std::string path = TempFile(name);
    zt_options options = {};
    options.block_events = 100;
    WriteFile(path, WriteTrace(events, options));
    return path;
}

// The value under a key of the flat object that --json prints.
std::string Value(const std::string &json, const std::string &key) {
    std::string before = "\"" + key + "\": ";
    size_t at = json.find(before);
    if (at == std::string::npos) return "missing";
    at += before.size();
    return json.substr(at, json.find_first_of(",\n", at) - at);
}

double Number(const std::string &json, const std::string &key) {
    return std::strtod(Value(json, key).c_str(), nullptr);
}

TEST(ZreplayTest, ReportsWhatTheTraceHolds) {
    const double kMiB = 1 << 20;
    Finished finished = Zreplay({"--json", Save("half.ztrace", HalfFreed())});
    ASSERT_EQ(finished.status, 0) << finished.err;
    EXPECT_EQ(finished.err, "");
    const std::string &json = finished.out;
    EXPECT_EQ(Value(json, "allocator"), std::string("\"") + zmalloc_allocator_name() + "\"");
    EXPECT_EQ(Value(json, "lib"), "\"" + std::string(zmalloc_test::Variant().lib) + "\"");
    EXPECT_EQ(Value(json, "events"), "1536");
    EXPECT_EQ(Value(json, "peak_blocks"), "1024");
    EXPECT_EQ(Number(json, "peak_requested"), 64 * kMiB);
    EXPECT_EQ(Number(json, "end_requested"), 32 * kMiB);
    EXPECT_EQ(Value(json, "calls_malloc"), "512");
    EXPECT_EQ(Value(json, "calls_calloc"), "512");
    EXPECT_EQ(Value(json, "calls_free"), "512");
    EXPECT_EQ(Value(json, "ns_realloc"), "null");
    EXPECT_EQ(Value(json, "failures"), "0");
    EXPECT_EQ(Value(json, "leaked"), "0");
    EXPECT_EQ(Value(json, "truncated"), "false");
    EXPECT_GE(Number(json, "peak_used"), 64 * kMiB);
    EXPECT_LT(Number(json, "peak_used"), 82 * kMiB);
    EXPECT_GE(Number(json, "end_used"), 32 * kMiB);
    EXPECT_LT(Number(json, "end_used"), 41 * kMiB);
    EXPECT_GT(Number(json, "ns_all"), 0);
    // 512 calls: what one in a thousand takes is not known.
    EXPECT_GT(Number(json, "ns_malloc_p90"), 0);
    EXPECT_GE(Number(json, "ns_malloc_p90"), Number(json, "ns_malloc_p50"));
    EXPECT_EQ(Value(json, "ns_malloc_p99.9"), "null");
    EXPECT_EQ(Value(json, "ns_realloc_p50"), "null");
#ifdef __linux__
    EXPECT_GE(Number(json, "peak_rss"), 64 * kMiB);
    EXPECT_NEAR(Number(json, "peak_rss_per_requested"),
                Number(json, "peak_rss") / Number(json, "peak_requested"), 1e-3);
    EXPECT_GE(Number(json, "rss_most_sampled"), Number(json, "peak_rss"));
    EXPECT_GT(Number(json, "rss_fixed"), 0);
    EXPECT_GT(Number(json, "rss_quiet"), 32 * kMiB);
#endif
}

// 64 MiB are freed; for 12 s or for no time at all the program then has little to do.
std::vector<zt_event> FreedAndIdle(uint64_t seconds) {
    const uint32_t kBlocks = 65536, kCalls = 20000;
    std::vector<zt_event> events(kBlocks, Event(ZT_MALLOC, 1024));
    for (uint32_t i = 0; i < kBlocks; i++) events.push_back(Free(i));
    for (uint32_t i = 1; i <= kCalls; i++) {
        // Above what any thread keeps for itself.
        events.push_back(Event(ZT_MALLOC, 70000));
        events.push_back(Free(kBlocks - 1));
        events.end()[-1].time = events.end()[-2].time = i * seconds * 1000000000 / kCalls;
    }
    return events;
}

// jemalloc gives memory back within 10 s, here of the trace's time.
TEST(ZreplayTest, AllocatorsSeeTheTimeOfTheTrace) {
#ifdef __linux__
    const bool gives_back = zmalloc_test::Variant().allocator == "jemalloc";
    std::map<uint64_t, double> end, later;
    for (const uint64_t seconds : {0, 12}) {
        Finished finished = Zreplay({"--json", Save("idle.ztrace", FreedAndIdle(seconds))});
        ASSERT_EQ(finished.status, 0) << finished.err;
        EXPECT_GE(Number(finished.out, "peak_rss"), 64 << 20);
        end[seconds] = Number(finished.out, "end_rss");
        later[seconds] = Number(finished.out, "rss_quiet");
    }
    // A sanitizer's malloc keeps freed blocks for a while.
    if (zmalloc_test::kSanitized) return;
    if (gives_back) {
        EXPECT_LT(end[12], end[0] / 3);
        EXPECT_LT(later[0], end[0] / 3);
    }
    EXPECT_LT(end[12], end[0] + (1 << 20));
    EXPECT_LT(later[0], end[0] + (1 << 20));
#endif
}

// When a thread ends, jemalloc gives back what its arena keeps.  The second thread calls for `ms`,
// and frees 64 MiB at the end.
std::vector<zt_event> FreedByThread(uint64_t ms) {
    const uint32_t kBlocks = 65536;
    std::vector<zt_event> events = {Event(ZT_MALLOC, 100)};
    for (uint32_t i = 1; i <= kBlocks; i++) events.push_back(Event(ZT_MALLOC, 1024));
    for (uint32_t i = 1; i <= kBlocks; i++) events.push_back(Free(i));
    for (size_t i = 1; i < events.size(); i++) {
        events[i].thread = 1;
        events[i].time = i <= kBlocks ? 0 : ms * 1000000;
    }
    events.push_back(Free(0));
    events.back().time = ms * 1000000;
    return events;
}

TEST(ZreplayTest, ThreadsThatLiveLongLiveToTheEnd) {
#ifdef __linux__
    const std::string allocator(zmalloc_test::Variant().allocator);
    if (allocator != "jemalloc" || zmalloc_test::kSanitized) GTEST_SKIP() << allocator;
    const Finished live = Zreplay({"--json", Save("live.ztrace", FreedByThread(1500))});
    const Finished ended = Zreplay({"--json", Save("ended.ztrace", FreedByThread(500))});
    EXPECT_GT(Number(live.out, "end_rss"), 48 << 20) << live.out;
    EXPECT_LT(Number(ended.out, "end_rss"), 16 << 20) << ended.out;
#endif
}

TEST(ZreplayTest, RawIsTheAllocatorWithoutZmalloc) {
    std::mt19937_64 random(7);
    std::vector<zt_event> events = RandomEvents(random, 20000, 3);
    for (zt_event &event : events) {
        event.size %= 2000;
        event.align_log2 %= 9;
    }
    std::string path = Save("raw.ztrace", events);
    Finished without = Zreplay({"--json", path}), with = Zreplay({"--json", "--raw", path});
    ASSERT_EQ(with.status, 0) << with.err;
    EXPECT_EQ(Value(without.out, "raw_ns_all"), "missing");
    EXPECT_EQ(Value(with.out, "leaked"), "0");
    EXPECT_GT(Number(with.out, "raw_ns_all"), 0);
    EXPECT_GT(Number(with.out, "per_raw_all"), 0);
    EXPECT_EQ(Value(with.out, "calls_malloc"), Value(without.out, "calls_malloc"));
    EXPECT_NE(Zreplay({"--raw", path}).out.find("ratio to raw"), std::string::npos);
}

// Blocks of one size, of many threads, freed by any of them.
const size_t kExchanged = 100000;
std::vector<zt_event> Exchanged(std::mt19937_64 *random, uint32_t threads) {
    std::vector<zt_event> kept;
    std::map<uint32_t, uint32_t> number;  // of a thread, in the order of the first events
    for (zt_event event : RandomEvents(*random, 2000, threads)) {
        if (event.op == ZT_REALLOC) continue;
        event.size = event.op == ZT_FREE ? 0 : kExchanged;
        event.align_log2 %= 9;
        event.thread =
            number.emplace(event.thread, static_cast<uint32_t>(number.size())).first->second;
        kept.push_back(event);
    }
    // Every other thread ends after its last event.
    std::map<uint32_t, size_t> last;
    for (size_t i = 0; i < kept.size(); i++) last[kept[i].thread] = i;
    std::vector<zt_event> events;
    for (size_t i = 0; i < kept.size(); i++) {
        events.push_back(kept[i]);
        if (last[kept[i].thread] != i || kept[i].thread % 2 == 0) continue;
        events.push_back(Event(ZT_THREAD_END, 0));
        events.back().thread = kept[i].thread;
    }
    return events;
}

// Whatever the threads and the skew, each block is freed after it was allocated: else it would
// still be used at the end.
TEST(ZreplayTest, ThreadsKeepTheOrderOfEachBlock) {
    if (ThreadsAreReported()) GTEST_SKIP() << "ThreadSanitizer reports the allocator";
    std::mt19937_64 random(11);
    const int times = zmalloc_test::Emulated() || zmalloc_test::kSanitized ? 2 : 8;
    for (int i = 0; i < times; i++) {
        const uint32_t threads = 2 + static_cast<uint32_t>(random() % 40);
        const std::string path = Save("exchanged.ztrace", Exchanged(&random, threads));
        const Finished one = Zreplay({"--json", "--touch=none", "--skew=0", path});
        EXPECT_EQ(Value(one.out, "by_threads"), "false");
        for (const char *skew : {"--skew=1", "--skew=7", "--skew=1000000000", "--rounds=2"}) {
            const Finished finished = Zreplay({"--json", "--touch=none", skew, path});
            ASSERT_EQ(finished.status, 0) << finished.err;
            EXPECT_EQ(Value(finished.out, "by_threads"), "true");
            EXPECT_NEAR(Number(finished.out, "end_used"), Number(one.out, "end_used"),
                        kExchanged / 2.0)
                << skew;
            EXPECT_EQ(Value(finished.out, "calls_free"), Value(one.out, "calls_free")) << skew;
            EXPECT_EQ(Value(finished.out, "failures"), "0") << skew;
            EXPECT_EQ(Value(finished.out, "leaked"), "0") << skew;
        }
    }
}

TEST(ZreplayTest, ThreadsReallocateEachOthersBlocks) {
    if (ThreadsAreReported()) GTEST_SKIP() << "ThreadSanitizer reports the allocator";
    std::mt19937_64 random(12);
    std::vector<zt_event> events = RandomEvents(random, 20000, 8);
    for (zt_event &event : events) {
        event.size %= 20000;
        event.align_log2 %= 9;
    }
    const std::string path = Save("reallocated.ztrace", events);
    for (const char *skew : {"--skew=1", "--skew=100", "--skew=1000000000"}) {
        const Finished finished = Zreplay({"--json", "--touch=none", skew, path});
        ASSERT_EQ(finished.status, 0) << finished.err;
        EXPECT_EQ(Value(finished.out, "failures"), "0") << skew;
        EXPECT_EQ(Value(finished.out, "leaked"), "0") << skew;
    }
}

// A figure that an allocator does not know is never 0.
TEST(ZreplayTest, UnknownFiguresAreNull) {
    Finished finished = Zreplay({"--json", Save("unknown.ztrace", HalfFreed())});
    size_t allocated, active, resident, retained, muzzy, frag;
    int all =
        zmalloc_get_allocator_info(1, &allocated, &active, &resident, &retained, &muzzy, &frag);
    for (const char *key : {"peak_resident", "end_resident"}) {
        std::string value = Value(finished.out, key);
        EXPECT_NE(value, "0") << key;
        EXPECT_EQ(value == "null", !all) << key << " " << value;
    }
    EXPECT_EQ(Value(finished.out, "end_retained") == "null", !all);
    EXPECT_EQ(Value(finished.out, "end_resident_per_allocated") == "null", !all);
}

TEST(ZreplayTest, UntouchedMemoryIsNotResident) {
    using zmalloc_test::Emulated, zmalloc_test::kShadowed;
    if (Emulated() || kShadowed) GTEST_SKIP() << "resident memory is not the program's alone";
#ifdef __linux__
    std::string path = Save("large.ztrace", {Event(ZT_MALLOC, 256 << 20)});
    Finished touched = Zreplay({"--json", path});
    Finished untouched = Zreplay({"--json", "--touch=none", path});
    EXPECT_GE(Number(touched.out, "peak_rss"), 256 << 20);
    EXPECT_LT(Number(untouched.out, "peak_rss"), 32 << 20);
#endif
}

// Every kind of event, sizes of 0 among them, in any order.
TEST(ZreplayTest, ReplaysAnything) {
    std::mt19937_64 random(6);
    std::vector<zt_event> events = RandomEvents(random, 20000, 3);
    for (zt_event &event : events) {
        event.size %= 20000;
        event.align_log2 %= 15;
    }
    std::string path = Save("anything.ztrace", events);
    for (const char *touch : {"--touch=none", "--touch=pages", "--touch=all"}) {
        Finished finished = Zreplay({"--json", touch, path});
        EXPECT_EQ(finished.status, 0) << finished.err;
        EXPECT_EQ(Value(finished.out, "events"), "20000");
        EXPECT_EQ(Value(finished.out, "failures"), "0");
    }
    Finished table = Zreplay({path});
    EXPECT_EQ(table.status, 0) << table.err;
    EXPECT_NE(table.out.find("leak check                        ok\n"), std::string::npos);
#ifdef __linux__
    // 20,000 events take 16 bytes each.
    const size_t at = table.out.find("at the end, of the whole process; ");
    ASSERT_NE(at, std::string::npos) << table.out;
    double decoded = 0;
    ASSERT_EQ(std::sscanf(table.out.c_str() + at,
                          "at the end, of the whole process; %lf MiB of its rss are the decoded",
                          &decoded),
              1);
    EXPECT_GE(decoded, 0.3);
#endif
    EXPECT_EQ(table.out.find(" \n"), std::string::npos) << table.out;
}

TEST(ZreplayTest, AllocationsThatCannotBeMetAreCounted) {
    std::string path = Save("huge.ztrace", {Event(ZT_MALLOC, ZT_MAX_SIZE), Free(0),
                                            Event(ZT_ALIGNED, ZT_MAX_SIZE, 20), Free(0)});
    Finished refused = Zreplay({"--json", path});
    EXPECT_EQ(refused.status, 2);
    EXPECT_NE(refused.err.find("--touch=none"), std::string::npos) << refused.err;
    Finished replayed = Zreplay({"--json", "--touch=none", path});
    EXPECT_EQ(replayed.status, 0) << replayed.err;
    EXPECT_EQ(Value(replayed.out, "failures"), "2");
    EXPECT_EQ(Value(replayed.out, "leaked"), "0");
}

TEST(ZreplayTest, TruncatedTraceIsReplayedUpToThere) {
    std::string path = Save("whole.ztrace", HalfFreed());
    std::string bytes = ReadFile(path);
    std::string cut = TempFile("cut.ztrace");
    WriteFile(cut, bytes.substr(0, BlockOffsets(bytes)[6] + 10));
    Finished finished = Zreplay({"--json", cut});
    EXPECT_EQ(finished.status, 0);
    EXPECT_EQ(Value(finished.out, "events"), "500");
    EXPECT_EQ(Value(finished.out, "truncated"), "true");
    EXPECT_NE(finished.err.find("truncated at byte"), std::string::npos) << finished.err;
    EXPECT_EQ(Zreplay({"--json", "--quiet", cut}).err, "");
}

TEST(ZreplayTest, TellsWhatTheRecordingLost) {
    const std::string path = TempFile("lost.ztrace");
    const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const zt_options options = {};
    zt_error error;
    zt_writer *writer = zt_writer_open(fd, path.c_str(), &options, &error);
    ASSERT_NE(writer, nullptr) << error.text;
    zt_event event = Event(ZT_MALLOC, 100);
    EXPECT_EQ(zt_write(writer, &event), 0);
    EXPECT_EQ(zt_writer_note(writer, "lost-events", "7"), 0);
    EXPECT_EQ(zt_writer_note(writer, "lost-why", "No space left"), 0);
    EXPECT_EQ(zt_writer_note(writer, "children", "1"), 0);
    EXPECT_EQ(zt_writer_note(writer, "stopped", "after 5 s"), 0);
    EXPECT_EQ(zt_writer_note(writer, "not-recorded", "x has a malloc of its own"), 0);
    EXPECT_EQ(zt_writer_close(writer), 0);
    close(fd);
    Finished finished = Zreplay({"--json", path});
    EXPECT_EQ(finished.status, 0);
    EXPECT_EQ(Value(finished.out, "lost_events"), "7");
    const std::string begin = "zreplay: " + path + ": ";
    const std::string lines = begin + "7 events were lost when it was recorded (No space left)\n" +
                              begin + "1 child of the program was not recorded\n" + begin +
                              "the recording stopped after 5 s, before the program ended\n" +
                              begin + "x has a malloc of its own\n";
    EXPECT_EQ(finished.err, lines);
    EXPECT_EQ(Zreplay({"--stat", path}).err, lines);
    EXPECT_NE(finished.out.find("\"gaps\": [\"7 events were lost when it was recorded (No space "
                                "left)\", \"1 child of the program was not recorded\", "),
              std::string::npos)
        << finished.out;
    EXPECT_EQ(Zreplay({"--quiet", path}).err, "");
}

// Twice 40 MiB come 100 ms after each other.  The program itself was looked at after each, and at
// the end: then it has no memory.
TEST(ZreplayTest, ComparesWithTheProgramWhenItWasLookedAt) {
    const std::string path = TempFile("looked.ztrace");
    const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const zt_options options = {};
    zt_error error;
    zt_writer *writer = zt_writer_open(fd, path.c_str(), &options, &error);
    ASSERT_NE(writer, nullptr) << error.text;
    const uint64_t kMs = 1000000, kMiB = 1 << 20;
    zt_sample samples[3] = {};
    samples[0].time = 50 * kMs;
    samples[0].rss = samples[0].rss_anon = 90 * kMiB;
    samples[1].time = 150 * kMs;
    samples[1].rss = samples[1].rss_anon = 70 * kMiB;
    samples[2].time = 160 * kMs;
    EXPECT_EQ(zt_writer_note(writer, "allocator", "libsome.so.1"), 0);
    EXPECT_EQ(zt_writer_note(writer, "recording-ns", "70"), 0);
    EXPECT_EQ(zt_writer_samples(writer, samples, 3), 0) << error.text;
    for (uint64_t i = 0; i < 80; i++) {
        zt_event event = Event(ZT_MALLOC, kMiB);
        event.time = i / 40 * 100 * kMs;
        EXPECT_EQ(zt_write(writer, &event), 0);
    }
    EXPECT_EQ(zt_writer_close(writer), 0);
    close(fd);
    const Finished finished = Zreplay({"--json", path});
    EXPECT_EQ(finished.status, 0) << finished.err;
    EXPECT_EQ(Value(finished.out, "recorded_over"), "\"libsome.so.1\"");
    EXPECT_EQ(Value(finished.out, "recording_ns"), "70");
    EXPECT_EQ(Number(finished.out, "program_rss_most"), 90 * kMiB);
    EXPECT_EQ(Number(finished.out, "program_rss_end"), 70 * kMiB);
    if (Value(finished.out, "end_rss") == "null") return;
    EXPECT_GE(Number(finished.out, "rss_at_program_most"), 40 * kMiB);
    EXPECT_LT(Number(finished.out, "rss_at_program_most"),
              zmalloc_test::kSanitized ? 200 * kMiB : 60 * kMiB);
    EXPECT_GE(Number(finished.out, "rss_at_program_end"), 80 * kMiB);
}

TEST(ZreplayTest, UnusableTracesAreOneLine) {
    std::string bytes = ReadFile(Save("good.ztrace", HalfFreed()));
    std::string damaged = TempFile("damaged.ztrace"), text = TempFile("text.ztrace");
    bytes[bytes.size() / 2] ^= 1;
    WriteFile(damaged, bytes);
    WriteFile(text, "malloc 16\n");
    std::string empty = Save("empty.ztrace", {});
    for (const std::string &path :
         {damaged, text, empty, DataFile(kZreplay), TempFile("missing"), TempFile("")}) {
        Finished finished = Zreplay({path});
        EXPECT_EQ(finished.status, 2) << path;
        EXPECT_EQ(finished.out, "");
        EXPECT_EQ(finished.err.rfind("zreplay: " + path + ": ", 0), 0u) << finished.err;
        EXPECT_EQ(finished.err.find('\n'), finished.err.size() - 1) << finished.err;
        EXPECT_EQ(Zreplay({"--stat", path}).err, finished.err);
    }
}

TEST(ZreplayTest, InheritsThatChildrenAreIgnored) {
    Finished finished = RunProgram(
        {DataFile(kZreplay), "--rounds=2", Save("ignored.ztrace", HalfFreed())}, {}, 0, true);
    EXPECT_EQ(finished.status, 0) << finished.err;
}

// The second one does not open the trace.
TEST(ZreplayTest, TakesTheTraceThatAnotherOneDecoded) {
    const std::string trace = Save("decoded.ztrace", HalfFreed());
    const int file = open(TempFile("decoded.ops").c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
    ASSERT_GE(file, 0);
    const std::string option = "--decoded=" + std::to_string(file);
    const Finished first = Zreplay({option, "--json", trace});
    ASSERT_EQ(first.status, 0) << first.err;
    EXPECT_EQ(unlink(trace.c_str()), 0);
    const Finished second = Zreplay({option, "--json", trace});
    ASSERT_EQ(second.status, 0) << second.err;
    for (const char *key : {"events", "peak_requested", "peak_used", "end_used", "calls_free"}) {
        EXPECT_EQ(Number(second.out, key), Number(first.out, key)) << key;
    }
    EXPECT_EQ(ftruncate(file, 0), 0);
    EXPECT_EQ(Zreplay({option, "--json", trace}).status, 2);
    close(file);
}

// Whether or not times are settled before the last round.
TEST(ZreplayTest, KnowsTimesAfterManyRounds) {
    const Finished finished =
        Zreplay({"--rounds=6", "--raw", "--json", Save("rounds.ztrace", HalfFreed())});
    ASSERT_EQ(finished.status, 0) << finished.err;
    for (const char *key :
         {"ns_all", "raw_ns_all", "ns_malloc_p50", "ns_free_p90", "ns_all_without_last_round"}) {
        EXPECT_NE(Value(finished.out, key), "null") << key;
        EXPECT_NE(Value(finished.out, key), "missing") << key;
    }
}

TEST(ZreplayTest, WrongArgumentsAreOneLine) {
    const std::vector<std::vector<std::string>> wrong = {{"--no-such-option"},
                                                         {"--touch=some"},
                                                         {"--touch"},
                                                         {"--rounds=0"},
                                                         {"--api=calloc"},
                                                         {"--skew=x"},
                                                         {"--decoded=x"},
                                                         {"--decoded=2"},
                                                         {"--skew=1000000001"},
                                                         {"a", "b"},
                                                         {"--timeline"},
                                                         {"--stat", "--raw"},
                                                         {"--preloaded=/no/such/library.so"},
                                                         {"--stat", "--json", "--timeline"}};
    for (const auto &arguments : wrong) {
        Finished finished = Zreplay(arguments);
        EXPECT_EQ(finished.status, 2);
        EXPECT_EQ(finished.err.rfind("zreplay: ", 0), 0u) << finished.err;
        EXPECT_EQ(finished.err.find('\n'), finished.err.size() - 1) << finished.err;
    }
    EXPECT_EQ(Zreplay({"--help"}).out.rfind("Usage: zreplay ", 0), 0u);
}

// It may be ended by a signal that it can catch, or by one that it cannot.
TEST(ZreplayTest, LeavesNoProcessBehind) {
#ifdef __linux__
    if (zmalloc_test::Emulated()) GTEST_SKIP() << "the emulator is the parent";
    const std::string path = Save("left.ztrace", HalfFreed());
    for (int signal : {SIGTERM, SIGINT, SIGKILL}) {
        EXPECT_TRUE(EndsWithItsChildren({DataFile(kZreplay), "--rounds=1000", path}, 1, signal))
            << signal;
    }
#endif
}

// JSON is UTF-8; names of files are any bytes.
TEST(ZreplayTest, JsonIsJsonWhateverTheName) {
    const std::vector<std::pair<std::string, std::string>> names = {
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"\xff\xe9", "\\ufffd\\ufffd"},
        {"\xc0\xaf", "\\ufffd\\ufffd"},                        // longer than need be
        {"\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd"},             // a surrogate
        {"\xf4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd"},  // past the last
        {"\xe2\x82", "\\ufffd\\ufffd"},                        // cut
        {"\"\\\n\x7f", "\\\"\\\\\\u000a\\u007f"}};
    for (const auto &[name, json] : names) {
        const std::string path = Save("name" + name, {Event(ZT_MALLOC, 100)});
        const std::string before = path.substr(0, path.size() - name.size());
        Finished finished = Zreplay({"--json", path});
        ASSERT_EQ(finished.status, 0) << finished.err;
        EXPECT_EQ(Value(finished.out, "trace"), "\"" + before + json + "\"");
    }
}

// zreplay finds the shipped trace when no trace is named.
TEST(ZreplayTest, ReplaysTheShippedTrace) {
    Finished finished = Zreplay({"--json", "--timeline"});
    ASSERT_EQ(finished.status, 0) << finished.err;
    EXPECT_EQ(Value(finished.out, "program"), "\"redis-server\"");
    EXPECT_GE(Number(finished.out, "events"), 2e6);
    EXPECT_EQ(Value(finished.out, "failures"), "0");
    EXPECT_EQ(Value(finished.out, "leaked"), "0");
    EXPECT_EQ(Value(finished.out, "truncated"), "false");
    EXPECT_NE(finished.out.find("\"timeline\": [[0, "), std::string::npos);
    EXPECT_GE(Number(finished.out, "ns_free_p99.9"), Number(finished.out, "ns_free_p50"));
    Finished stat = Zreplay({"--stat", "--json"});
    ASSERT_EQ(stat.status, 0) << stat.err;
    for (const char *key : {"events", "calls_malloc", "calls_free"}) {
        EXPECT_EQ(Value(stat.out, key), Value(finished.out, key));
    }
    EXPECT_EQ(Zreplay({"--stat"}).out.rfind("trace ", 0), 0u);
}

// Samples are also taken where little happens: each is an event and its time, and none is twice.
TEST(ZreplayTest, TheTimelineHasTheTimeOfTheTrace) {
    std::vector<zt_event> events(10000, Event(ZT_MALLOC, 100));
    for (uint64_t i = 0; i < 100; i++) {
        events.push_back(Event(ZT_MALLOC, 100));
        events.back().time = (i + 1) * 1000000000;
    }
    Finished finished = Zreplay({"--json", "--timeline", Save("timeline.ztrace", events)});
    ASSERT_EQ(finished.status, 0) << finished.err;
    const size_t begin = finished.out.find("\"timeline\": [") + 13;
    std::istringstream line(finished.out.substr(begin, finished.out.find('\n', begin) - begin));
    double event, used, rss, ms, last_event = -1, last_ms = 0, longest = 0;
    char mark;
    while (line >> mark && mark != ']') {
        if (mark == ',') line >> mark;  // between two samples
        line >> event >> mark >> used >> mark;
        if (!(line >> rss)) {  // null
            line.clear();
            line.ignore(4);
        }
        line >> mark >> ms >> mark;
        EXPECT_GT(event, last_event);
        EXPECT_GE(ms, last_ms);
        longest = std::max(longest, ms - last_ms);
        last_event = event;
        last_ms = ms;
    }
    EXPECT_EQ(last_event, 10100);
    EXPECT_EQ(last_ms, 100000);
    EXPECT_LE(longest, 1000);
}

}  // namespace
}  // namespace ztrace_test
