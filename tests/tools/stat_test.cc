// What zreplay --stat tells of a trace.
#include "tools/zreplay/stat.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/tools/process.h"
#include "tests/tools/trace_file.h"

namespace ztrace_test {
namespace {

const uint64_t kMs = 1000000, kSecond = 1000 * kMs;
const uint64_t kRoom = uint64_t{1} << 30;

zt_event Event(zt_op op, uint64_t size, uint64_t time, uint32_t thread = 0, uint32_t object = 0) {
    zt_event event = {};
    event.op = static_cast<uint8_t>(op);
    event.size = size;
    event.time = time;
    event.thread = thread;
    event.object = object;
    return event;
}

trace_stat Stat(std::vector<zt_event> events) {
    const std::string path = TempFile("stat.ztrace");
    WriteFile(path, WriteTrace(events, {}));
    auto stat = std::make_unique<trace_stat>();
    zt_error error = {};
    EXPECT_EQ(stat_read(stat.get(), path.c_str(), kRoom, &error), 0) << error.text;
    return *stat;
}

TEST(StatTest, TellsSizesLifetimesAndWhoFrees) {
    const trace_stat stat = Stat({
        Event(ZT_MALLOC, 100, 0),
        Event(ZT_MALLOC, 16, 0),
        Event(ZT_REALLOC, 17, 5, 0, 1),
        Event(ZT_FREE, 0, 999, 0, 1),
        Event(ZT_FREE, 0, 15 * kMs / 10, 1, 0),
        Event(ZT_CALLOC, 5000, 20 * kMs, 1),
    });
    EXPECT_EQ(stat.events, 6u);
    EXPECT_EQ(stat.threads, 2u);
    EXPECT_EQ(stat.duration, 20 * kMs);
    EXPECT_EQ(stat.born.blocks, 3u);
    EXPECT_EQ(stat.born.bytes, 5117u);
    EXPECT_EQ(stat.by[3][4].blocks, 1u);  // up to 128 bytes, below 10 ms
    EXPECT_EQ(stat.by[1][0].bytes, 17u);  // up to 32 bytes, below 1 us: its size after the realloc
    EXPECT_EQ(stat.by[9][STAT_LIVES - 1].bytes, 5000u);
    EXPECT_EQ(stat.freed_elsewhere, 1u);
    EXPECT_EQ(stat.freed_elsewhere_bytes, 100u);
    EXPECT_EQ(stat.freed_by[0][1], 1u);
    EXPECT_EQ(stat.freed_by[0][0], 1u);
    EXPECT_EQ(stat.grew, 1u);
    EXPECT_EQ(stat.peak.live.bytes, 5000u);
    EXPECT_EQ(stat.end.live.blocks, 1u);
}

// A realloc by another thread makes the block no other thread's, and its life goes on.
TEST(StatTest, AReallocKeepsTheBlock) {
    const trace_stat stat = Stat({
        Event(ZT_MALLOC, 100, 0),
        Event(ZT_REALLOC, 200, 2 * kSecond, 1, 0),
        Event(ZT_FREE, 0, 3 * kSecond, 1, 0),
    });
    EXPECT_EQ(stat.freed_by[0][1], 1u);
    EXPECT_EQ(stat.by[4][7].blocks, 1u);  // below 10 s
}

TEST(StatTest, RowsEndWhereTheirNamesSay) {
    const struct {
        uint64_t size, life;
        size_t row, column;
    } cases[] = {
        {0, 0, 0, 0},
        {16, 999, 0, 0},
        {17, 1000, 1, 1},
        {32, 9999, 1, 1},
        {33, 10000, 2, 2},
        {uint64_t{1} << 47, 999 * kSecond, 43, 9},
        {(uint64_t{1} << 47) + 1, 1000 * kSecond, 44, 10},
        {ZT_MAX_SIZE, uint64_t{1} << 62, 44, 10},
    };
    for (const auto &one : cases) {
        const trace_stat stat = Stat({Event(ZT_MALLOC, one.size, 0), Event(ZT_FREE, 0, one.life)});
        EXPECT_EQ(stat.by[one.row][one.column].blocks, 1u) << one.size << " " << one.life;
    }
}

// The moments are spread over the whole trace, however long it is.
TEST(StatTest, TellsHowMemoryGrows) {
    for (const uint64_t step : {uint64_t{1}, kMs, kSecond, 3600 * kSecond, uint64_t{1} << 50}) {
        std::vector<zt_event> events;
        for (uint64_t i = 0; i < 1000; i++) events.push_back(Event(ZT_MALLOC, 1000, i * step));
        const trace_stat stat = Stat(events);
        EXPECT_EQ(stat.end.live.bytes, 1000000u);
        if (step < kMs) continue;  // too short for moments
        EXPECT_GE(stat.moments, STAT_MOMENTS / 4u) << step;
        EXPECT_NEAR(static_cast<double>(stat_at(&stat, 0.5)->live.bytes), 500e3, 20e3) << step;
        EXPECT_NEAR(static_cast<double>(stat_at(&stat, 0.25)->bytes[6]), 250e3, 20e3) << step;
    }
}

// Held against a model that is as plain as can be.
TEST(StatTest, CountsEachBlockOnce) {
    std::mt19937_64 random(5);
    std::vector<zt_event> events = RandomEvents(random, 20000, 40);
    WriteTrace(events, {});  // gives the blocks their numbers
    std::map<uint32_t, uint32_t> owner;
    std::map<uint32_t, uint64_t> size;
    uint64_t born = 0, elsewhere = 0, bytes = 0;
    for (const zt_event &event : events) {
        if (event.op == ZT_FREE) {
            elsewhere += owner[event.object] != event.thread;
            bytes += size[event.object];
            size.erase(event.object);
            continue;
        }
        if (event.op != ZT_REALLOC) {
            owner[event.object] = event.thread;
            born++;
        }
        size[event.object] = event.size;
    }
    const size_t live = size.size();
    for (const auto &[object, rest] : size) bytes += rest;
    const trace_stat stat = Stat(events);
    uint64_t blocks = 0, unfreed = 0;
    for (size_t row = 0; row < STAT_SIZES; row++) {
        for (size_t column = 0; column < STAT_LIVES; column++) {
            blocks += stat.by[row][column].blocks;
        }
        unfreed += stat.by[row][STAT_LIVES - 1].blocks;
    }
    EXPECT_EQ(blocks, born);
    EXPECT_EQ(stat.born.blocks, born);
    EXPECT_EQ(stat.born.bytes, bytes);
    EXPECT_EQ(unfreed, live);
    EXPECT_EQ(stat.end.live.blocks, live);
    EXPECT_EQ(stat.freed_elsewhere, elsewhere);
}

TEST(StatTest, TakesNoMoreMemoryThanItMay) {
    std::vector<zt_event> events;
    for (uint64_t i = 0; i < 100000; i++) events.push_back(Event(ZT_MALLOC, 1, i));
    const std::string path = TempFile("large.ztrace");
    WriteFile(path, WriteTrace(events, {}));
    auto stat = std::make_unique<trace_stat>();
    zt_error error = {};
    EXPECT_EQ(stat_read(stat.get(), path.c_str(), 1000000, &error), -1);
    EXPECT_NE(std::string(error.text).find("memory"), std::string::npos) << error.text;
}

std::string Printed(void (*print)(const trace_stat *, const char *), const trace_stat &stat) {
    testing::internal::CaptureStdout();
    print(&stat, "a\"b.ztrace");
    return testing::internal::GetCapturedStdout();
}

TEST(StatTest, IsPrintedAsTextAndAsJson) {
    const trace_stat stat = Stat({
        Event(ZT_MALLOC, 1 << 20, 0),
        Event(ZT_MALLOC, 100, kSecond),
        Event(ZT_FREE, 0, 2 * kSecond, 1, 1),
    });
    const std::string text = Printed(stat_text, stat), json = Printed(stat_json, stat);
    const char row[] =
        "to 1 MiB                 1    50.0         1.00   100.0           1.00             +0.00";
    for (const char *part :
         {row, "below 10 s               1    50.0", "not freed                1    50.0",
          "by another thread                  1  100.0 %, 0.00 MiB", "of thread 0 by thread 1",
          "at the end                 2.000 s        1.00 MiB             1 blocks"}) {
        EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
    }
    for (const char *part :
         {"\"trace\": \"a\\\"b.ztrace\"", "\"most_bytes\": 1048576", "\"calls_free\": 1",
          "\"freed_by\": [[0, 1], [0, 0]]", "\"freed_elsewhere\": 1", "\"realloc_grew\": 0"}) {
        EXPECT_NE(json.find(part), std::string::npos) << part << "\n" << json;
    }
    EXPECT_EQ(text.find(" \n"), std::string::npos) << text;
}

// 4,000 samples of a process that ended: its memory is 1 MiB, and at one moment 900 MiB.
TEST(StatTest, TellsOfTheProcessItself) {
    const uint64_t kMiB = 1 << 20;
    std::vector<zt_sample> samples(4000);
    for (size_t i = 0; i < samples.size(); i++) {
        samples[i].time = i * kMs;
        samples[i].rss = samples[i].rss_anon = kMiB;
        samples[i].cpu = i * 1000;
        samples[i].threads = 3;
    }
    samples[2321].rss = 901 * kMiB;
    samples[2321].rss_anon = 900 * kMiB;
    samples.back().rss = samples.back().rss_anon = samples.back().threads = 0;
    samples.back().cpu = 3 * kSecond;
    const std::string path = TempFile("process.ztrace");
    const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const zt_options options = {};
    zt_error error = {};
    zt_writer *writer = zt_writer_open(fd, path.c_str(), &options, &error);
    ASSERT_NE(writer, nullptr) << error.text;
    zt_event event = Event(ZT_MALLOC, 100, 0);
    EXPECT_EQ(zt_writer_samples(writer, samples.data(), samples.size()), 0) << error.text;
    EXPECT_EQ(zt_write(writer, &event), 0);
    EXPECT_EQ(zt_writer_close(writer), 0);
    close(fd);
    auto stat = std::make_unique<trace_stat>();
    ASSERT_EQ(stat_read(stat.get(), path.c_str(), kRoom, &error), 0) << error.text;
    const std::string text = Printed(stat_text, *stat), json = Printed(stat_json, *stat);
    for (const char *part :
         {"sampled 4000 times", "RssAnon, the most          2.321 s      900.00 MiB",
          "CPU time                   3.000 s", "threads, the most              3"}) {
        EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
    }
    EXPECT_NE(json.find("[2321.000, 943718400, 944766976, 2.321, 3]"), std::string::npos);
    EXPECT_EQ(json.find("[3999.000, "), std::string::npos);  // it had ended
    stat_free(stat.get());
    EXPECT_NE(Printed(stat_json, Stat({event})).find("\"process\": null"), std::string::npos);
}

}  // namespace
}  // namespace ztrace_test
