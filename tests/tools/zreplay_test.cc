// zreplay on traces that are known, by the allocator it was built with.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "tests/emulated.h"
#include "tests/lib.h"
#include "tests/sanitized.h"
#include "tests/tools/process.h"
#include "tests/tools/trace_file.h"
#include "zmalloc/zmalloc.h"

namespace ztrace_test {
namespace {

const char kZreplay[] = "tools/zreplay/zreplay";

Finished Zreplay(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {DataFile(kZreplay), "--rounds=1"});
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
    EXPECT_EQ(Value(json, "lib"), "\"" + zmalloc_test::Lib() + "\"");
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
#ifdef __linux__
    EXPECT_GE(Number(json, "peak_rss"), 64 * kMiB);
    EXPECT_NEAR(Number(json, "peak_rss_per_requested"),
                Number(json, "peak_rss") / Number(json, "peak_requested"), 1e-3);
    EXPECT_GE(Number(json, "rss_most_sampled"), Number(json, "peak_rss"));
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

// A figure that an allocator has no idea of is never 0.
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
    EXPECT_EQ(zt_writer_close(writer), 0);
    close(fd);
    Finished finished = Zreplay({"--json", path});
    EXPECT_EQ(finished.status, 0);
    EXPECT_EQ(Value(finished.out, "lost_events"), "7");
    EXPECT_EQ(finished.err, "zreplay: " + path + ": 7 events were lost when it was recorded\n");
    EXPECT_EQ(Zreplay({"--quiet", path}).err, "");
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
    }
}

TEST(ZreplayTest, InheritsThatChildrenAreIgnored) {
    Finished finished = RunProgram(
        {DataFile(kZreplay), "--rounds=2", Save("ignored.ztrace", HalfFreed())}, {}, 0, true);
    EXPECT_EQ(finished.status, 0) << finished.err;
}

TEST(ZreplayTest, WrongArgumentsAreOneLine) {
    const std::vector<std::vector<std::string>> wrong = {{"--no-such-option"}, {"--touch=some"},
                                                         {"--touch"},          {"--rounds=0"},
                                                         {"a", "b"},           {"--timeline"}};
    for (const auto &arguments : wrong) {
        Finished finished = Zreplay(arguments);
        EXPECT_EQ(finished.status, 2);
        EXPECT_EQ(finished.err.rfind("zreplay: ", 0), 0u) << finished.err;
        EXPECT_EQ(finished.err.find('\n'), finished.err.size() - 1) << finished.err;
    }
    EXPECT_EQ(Zreplay({"--help"}).out.rfind("Usage: zreplay ", 0), 0u);
}

// The one that ships with the project, found without being named.
TEST(ZreplayTest, ReplaysTheShippedTrace) {
    Finished finished = Zreplay({"--json", "--timeline"});
    ASSERT_EQ(finished.status, 0) << finished.err;
    EXPECT_EQ(Value(finished.out, "program"), "\"redis-server\"");
    EXPECT_GE(Number(finished.out, "events"), 2e6);
    EXPECT_EQ(Value(finished.out, "failures"), "0");
    EXPECT_EQ(Value(finished.out, "leaked"), "0");
    EXPECT_EQ(Value(finished.out, "truncated"), "false");
    EXPECT_NE(finished.out.find("\"timeline\": [[0, "), std::string::npos);
}

}  // namespace
}  // namespace ztrace_test
