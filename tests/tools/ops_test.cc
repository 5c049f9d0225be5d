// What decoding a trace takes, and what replaying it would.
#include "tools/zreplay/ops.h"

#include <gtest/gtest.h>

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

// The reader's tables and the copies of arrays that grow count as well.
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

}  // namespace
}  // namespace ztrace_test
