// The memory that decoding a trace takes, and that replaying it would take.
#include "tools/zreplay/ops.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "tests/emulated.h"
#include "tests/sanitized.h"
#include "tests/tools/process.h"
#include "tests/tools/trace_file.h"

namespace ztrace_test {
namespace {

// Blocks of one byte that all live.
std::string SmallBlocks(size_t count, zt_op op = ZT_MALLOC, uint8_t align_log2 = 0) {
    zt_event event = {};
    event.size = 1;
    event.op = static_cast<uint8_t>(op);
    event.align_log2 = align_log2;
    std::vector<zt_event> events(count, event);
    std::string path = TempFile("small.ztrace");
    WriteFile(path, WriteTrace(events, {}));
    return path;
}

// Blocks of several sizes, each freed in the end: they use all of the reader.
std::string ManyBlocks() {
    std::mt19937_64 random(9);
    std::vector<zt_event> events = RandomEvents(random, 20000, 3);
    std::string path = TempFile("many.ztrace");
    WriteFile(path, WriteTrace(events, {}));
    return path;
}

zt_event Event(zt_op op, uint64_t size, uint32_t object) {
    zt_event event = {};
    event.op = static_cast<uint8_t>(op);
    event.size = size;
    event.object = object;
    return event;
}

// Reads it with so much more address space than is in use.  Returns 0; 1 for lack of memory; 2 for
// any other error.
int ReadWithin(const std::string &path, rlim_t more) {
    const size_t pages = std::stoul(ReadFile("/proc/self/statm"));
    const rlim_t most = pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + more;
    const rlimit limit = {most, most};
    zt_error error = {};
    ops decoded;
    if (setrlimit(RLIMIT_AS, &limit) != 0) return 2;
    if (ops_read(&decoded, path.c_str(), UINT64_MAX, &error) == 0) return 0;
    return std::string(error.text).find(": out of memory") != std::string::npos ? 1 : 2;
}

// What was saved is loaded in all its parts; what was cut, or never saved, is not.
TEST(OpsTest, LoadsWhatWasSaved) {
    zt_event touched = Event(ZT_TOUCHED, 9000, 0);
    std::mt19937_64 random(5);
    std::vector<zt_event> events = {Event(ZT_MALLOC, 100000, 0), touched, Event(ZT_FREE, 0, 0)};
    const std::vector<zt_event> more = RandomEvents(random, 20000, 3);
    events.insert(events.end(), more.begin(), more.end());
    const std::string path = TempFile("saved.ztrace"), saved = TempFile("saved.ops");
    WriteFile(path, WriteTrace(events, {}));
    zt_error error = {};
    ops decoded, loaded;
    ASSERT_EQ(ops_read(&decoded, path.c_str(), UINT64_MAX, &error), 0) << error.text;
    const int file = open(saved.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
    ASSERT_GE(file, 0);
    EXPECT_EQ(ops_load(&loaded, file), -1) << "it is empty";
    ASSERT_EQ(ops_save(&decoded, file), 0);
    EXPECT_EQ(ops_save(&decoded, file), -1) << "it is not empty";
    ASSERT_EQ(ops_load(&loaded, file), 0);
    EXPECT_EQ(loaded.count, decoded.count);
    EXPECT_EQ(std::string(loaded.program), decoded.program);
    EXPECT_GE(loaded.touches, 1u);
    const auto same = [](const void *a, const void *b, size_t size) {
        return size == 0 || memcmp(a, b, size) == 0;
    };
    EXPECT_TRUE(same(loaded.op, decoded.op, decoded.count * sizeof(*decoded.op)));
    EXPECT_TRUE(same(loaded.touch, decoded.touch, decoded.touches * sizeof(*decoded.touch)));
    EXPECT_TRUE(same(loaded.ended, decoded.ended, OPS_THREADS * sizeof(*decoded.ended)));
    EXPECT_TRUE(same(loaded.sample, decoded.sample, decoded.samples * sizeof(*decoded.sample)));
    EXPECT_TRUE(
        same(loaded.clock_ms, decoded.clock_ms, decoded.clock_slots * sizeof(*decoded.clock_ms)));
    ops_free(&loaded);
    ASSERT_EQ(ftruncate(file, static_cast<off_t>(ops_saved_size(&decoded)) - 1), 0);
    EXPECT_EQ(ops_load(&loaded, file), -1);
    close(file);
    ops_free(&decoded);
}

// The limit covers the reader's tables, and the copies of arrays that grow.
TEST(OpsTest, RefusesWhatDecodesToMoreThanAllowed) {
    const size_t kCount = 200000;
    std::string path = SmallBlocks(kCount);
    EXPECT_LT(ReadFile(path).size(), 10000u);
    zt_error error = {};
    ops decoded;
    EXPECT_EQ(ops_read(&decoded, path.c_str(), kCount * 128 - 1, &error), -1);
    EXPECT_NE(std::string(error.text).find("room for no more"), std::string::npos) << error.text;
    EXPECT_EQ(std::string(error.text).find('\n'), std::string::npos);
    ops_free(&decoded);
    EXPECT_EQ(ops_read(&decoded, path.c_str(), kCount * 128, &error), 0) << error.text;
    EXPECT_EQ(decoded.count, kCount);
    ops_free(&decoded);
}

// Wherever memory runs out, the error names memory, and does not call the trace damaged.
TEST(OpsTest, SaysThatItIsMemoryThatIsMissing) {
    if (zmalloc_test::Emulated() || zmalloc_test::kSanitized) {
        GTEST_SKIP() << "limits do not bind it";
    }
    const std::string path = ManyBlocks();
    size_t refused = 0;
    for (rlim_t more = 0; more < 40 << 20; more += 1 << 20) {
        const pid_t pid = fork();
        if (pid == 0) _exit(ReadWithin(path, more));
        int status = -1;
        waitpid(pid, &status, 0);
        EXPECT_TRUE(status == 0 || WEXITSTATUS(status) == 1) << more << ": " << status;
        refused += status != 0;
    }
    EXPECT_GT(refused, 10u);
    EXPECT_LT(refused, 40u);
}

TEST(OpsTest, SmallBlocksTakeMoreThanTheirSize) {
    const struct {
        zt_op op;
        uint8_t align_log2;
        uint64_t cost;
    } cases[] = {{ZT_MALLOC, 0, 16}, {ZT_ALIGNED, 6, 64}, {ZT_ALIGNED, 40, 4096}};
    for (const auto &c : cases) {
        zt_error error = {};
        ops decoded;
        std::string path = SmallBlocks(1000, c.op, c.align_log2);
        ASSERT_EQ(ops_read(&decoded, path.c_str(), UINT64_MAX, &error), 0) << error.text;
        EXPECT_EQ(decoded.peak_bytes, 1000u);
        EXPECT_EQ(decoded.peak_touched, 1000 * c.cost);
        EXPECT_EQ(decoded.peak_untouched, 1000 * c.cost);
        ops_free(&decoded);
    }
}

// A replay touches what the program touched, where the recording tells: after the event that gave
// the block, whenever the recording looked.  Of the last page that was touched, half was, on
// average.
TEST(OpsTest, KnowsHowMuchWasTouched) {
    const uint64_t kLarge = OPS_LARGE;
    std::vector<zt_event> events = {
        Event(ZT_MALLOC, kLarge * 10, 0), Event(ZT_CALLOC, kLarge * 4, 1),
        Event(ZT_MALLOC, kLarge - 1, 2),  Event(ZT_TOUCHED, 5000, 0),
        Event(ZT_TOUCHED, 0, 1),          Event(ZT_TOUCHED, 4000, 0),
        Event(ZT_REALLOC, kLarge * 2, 0), Event(ZT_FREE, 0, 1),
        Event(ZT_MALLOC, kLarge * 3, 1),  Event(ZT_TOUCHED, kLarge * 9, 1),
        Event(ZT_MALLOC, 9000, 3),        Event(ZT_TOUCHED, 2000, 3)};
    const std::string path = TempFile("touched.ztrace");
    WriteFile(path, WriteTrace(events, {}));
    zt_error error = {};
    ops decoded;
    ASSERT_EQ(ops_read(&decoded, path.c_str(), UINT64_MAX, &error), 0) << error.text;
    ASSERT_EQ(decoded.count, 7u) << "looking is no call";
    const uint64_t touched[] = {5000 - 2048, 0, kLarge - 1, kLarge * 2, 0, kLarge * 3, 1000};
    for (size_t i = 0; i < decoded.count; i++) EXPECT_EQ(ops_touched(&decoded, i), touched[i]) << i;
    EXPECT_EQ(decoded.peak, 2u);
    EXPECT_EQ(decoded.peak_large, 0u) << "how much was touched is known of all";
    ops_free(&decoded);

    events.erase(events.begin() + 4);
    WriteFile(path, WriteTrace(events, {}));
    ASSERT_EQ(ops_read(&decoded, path.c_str(), UINT64_MAX, &error), 0) << error.text;
    EXPECT_EQ(ops_touched(&decoded, 1), kLarge * 4);
    EXPECT_EQ(decoded.peak_large, kLarge * 4);
    ops_free(&decoded);
}

// Thread 2 made a call after its end: a destructor of the program's own ran later.
TEST(OpsTest, KnowsWhichThreadsEnded) {
    const std::string path = TempFile("ends.ztrace");
    std::vector<zt_event> events;
    const auto add = [&events](zt_op op, uint32_t thread) {
        zt_event event = {};
        event.op = static_cast<uint8_t>(op);
        event.thread = thread;
        event.size = op == ZT_MALLOC ? 100 : 0;
        events.push_back(event);
    };
    for (uint32_t thread = 0; thread < 3; thread++) add(ZT_MALLOC, thread);
    for (const bool tells : {false, true}) {
        if (tells) add(ZT_THREAD_END, 1), add(ZT_THREAD_END, 2), add(ZT_MALLOC, 2);
        WriteFile(path, WriteTrace(events, {}));
        zt_error error = {};
        ops decoded;
        ASSERT_EQ(ops_read(&decoded, path.c_str(), UINT64_MAX, &error), 0) << error.text;
        EXPECT_EQ(decoded.tells_ends, tells);
        EXPECT_EQ(decoded.ended[0], 0u);
        EXPECT_EQ(decoded.ended[1], tells ? 3u : 0u) << "after three calls";
        EXPECT_EQ(decoded.ended[2], 0u);
        ops_free(&decoded);
    }
}

// What recording may have taken is not taken from the time in which the program waited.
TEST(OpsTest, HastensOnlyWhatWasRecorded) {
    const size_t kEvents = 100000;
    std::vector<zt_event> events(kEvents);
    // 1000 events in each ms, for 100 ms; then 5 s nothing.
    for (size_t i = 0; i < kEvents; i++) {
        events[i].size = 1;
        events[i].time = i * 1000 + (i + 1 < kEvents ? 0 : 5000000000);
    }
    const std::string path = TempFile("hasten.ztrace");
    WriteFile(path, WriteTrace(events, {}));
    zt_error error = {};
    ops decoded;
    ASSERT_EQ(ops_read(&decoded, path.c_str(), UINT64_MAX, &error), 0) << error.text;
    EXPECT_EQ(decoded.recording_ns, 0u);
    EXPECT_EQ(ops_clock(&decoded, 50000), 50u);
    EXPECT_EQ(ops_clock(&decoded, kEvents - 1), 5099u);
    const struct {
        uint32_t ns, half, end;
    } paces[] = {{2000, 5, 5009}, {500, 25, 5049}, {0, 50, 5099}};
    for (const auto &pace : paces) {
        ops_pace(&decoded, pace.ns);
        EXPECT_EQ(ops_clock(&decoded, 0), 0u);
        EXPECT_EQ(ops_clock(&decoded, 50000), pace.half);
        EXPECT_NEAR(ops_clock(&decoded, kEvents - 1), pace.end, 1);
    }
    EXPECT_EQ(decoded.op[kEvents - 1].ms, 5099u) << "the recorded times stay";
    ops_free(&decoded);
}

}  // namespace
}  // namespace ztrace_test
