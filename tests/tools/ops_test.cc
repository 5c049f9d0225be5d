// The memory that decoding a trace takes, and that replaying it would take.
#include "tools/zreplay/ops.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

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

// The limit covers the reader's tables, and the copies of arrays that grow.
TEST(OpsTest, RefusesWhatDecodesToMoreThanAllowed) {
    const size_t kCount = 200000;
    std::string path = SmallBlocks(kCount);
    EXPECT_LT(ReadFile(path).size(), 10000u);
    zt_error error = {};
    ops decoded;
    EXPECT_EQ(ops_read(&decoded, path.c_str(), kCount * 112 - 1, &error), -1);
    EXPECT_NE(std::string(error.text).find("room for no more"), std::string::npos) << error.text;
    EXPECT_EQ(std::string(error.text).find('\n'), std::string::npos);
    ops_free(&decoded);
    EXPECT_EQ(ops_read(&decoded, path.c_str(), kCount * 112, &error), 0) << error.text;
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
    EXPECT_EQ(decoded.op[50000].ms, 50u);
    EXPECT_EQ(decoded.op[kEvents - 1].ms, 5099u);
    ops_hasten(&decoded);
    EXPECT_EQ(decoded.op[0].ms, 0u);
    EXPECT_EQ(decoded.op[50000].ms, 5u);
    EXPECT_EQ(decoded.op[kEvents - 1].ms, 5009u);
    ops_free(&decoded);
}

}  // namespace
}  // namespace ztrace_test
