// zmalloc_stats(): which figures are known, how they relate, and its versions.
#include "zmalloc/stats.h"

#include <set>

#include "tests/support.h"

namespace zmalloc_test {
namespace {

zmalloc_stats_t Read(unsigned arena = ZMALLOC_ALL_ARENAS) {
    zmalloc_stats_t info;
    std::memset(&info, 0x5a, sizeof info);
    EXPECT_EQ(zmalloc_stats(&info, sizeof info, arena, 1), 0);
    return info;
}

std::vector<int> Known(const zmalloc_stats_t &info) {
    std::vector<int> known;
    for (int f = 0; f < ZMALLOC_STATS_COUNT; f++) {
        if (zmalloc_stats_knows(&info, static_cast<zmalloc_stats_field>(f))) known.push_back(f);
    }
    return known;
}

std::vector<size_t> Values(const zmalloc_stats_t &info) {
    std::vector<size_t> values;
#define VALUE(FIELD, name, what) values.push_back(info.name);
    ZMALLOC_STATS_FIELDS(VALUE)
#undef VALUE
    return values;
}

TEST(Info, WhatEachAllocatorKnows) {
    const std::set<std::string_view> ours = {"used", "peak_used", "rss", "peak_rss"};
    std::vector<int> expected;
#define EXPECT_KNOWN(FIELD, name, what) \
    if (ours.count(#name) != 0 || Tells(#name)) expected.push_back(ZMALLOC_STATS_##FIELD);
    ZMALLOC_STATS_FIELDS(EXPECT_KNOWN)
#undef EXPECT_KNOWN
    EXPECT_EQ(Known(Read()), expected);
}

TEST(Info, UnknownIsZeroAndTheChainHolds) {
    std::vector<void *> blocks;
    for (size_t i = 0; i < 20000; i++) blocks.push_back(zmalloc(i % 2000));
    const zmalloc_stats_t info = Read();
    EXPECT_EQ(info.size, sizeof info);
    EXPECT_EQ(info.version, static_cast<unsigned>(ZMALLOC_STATS_VERSION));
    const std::vector<size_t> values = Values(info);
    for (int f = 0; f < ZMALLOC_STATS_COUNT; f++) {
        if (!zmalloc_stats_knows(&info, static_cast<zmalloc_stats_field>(f))) {
            EXPECT_EQ(values[static_cast<size_t>(f)], 0u) << f;
        }
    }
    EXPECT_EQ(info.used, zmalloc_used_memory());
    EXPECT_GE(info.peak_used, info.used);
    EXPECT_GE(info.peak_rss + kMiB, info.rss);
    if (zmalloc_stats_knows(&info, ZMALLOC_STATS_ALLOCATED)) {
        EXPECT_GT(info.allocated, info.used / 2);
    }
    if (zmalloc_stats_knows(&info, ZMALLOC_STATS_RESIDENT)) {
        EXPECT_GE(info.active, info.allocated);
        EXPECT_GE(info.resident, info.active);
        EXPECT_GE(info.mapped, info.active);
    }
    for (void *block : blocks) zfree(block);
}

TEST(Info, OneArena) {
    zmalloc_stats_t info;
    const int result = zmalloc_stats(&info, sizeof info, 0, 1);
    EXPECT_EQ(result, Variant().allocator == "jemalloc" ? 0 : -1);
    EXPECT_FALSE(zmalloc_stats_knows(&info, ZMALLOC_STATS_USED));
    EXPECT_FALSE(zmalloc_stats_knows(&info, ZMALLOC_STATS_RSS));
    EXPECT_EQ(zmalloc_stats_knows(&info, ZMALLOC_STATS_ACTIVE), Variant().allocator == "jemalloc");
    for (unsigned arena : {100000u, 4096u, ~0u - 1}) {
        EXPECT_EQ(zmalloc_stats(&info, sizeof info, arena, 1), -1) << arena;
        EXPECT_EQ(info.known, 0u);
    }
}

// The caller was built with another version of the header.
TEST(Info, OlderAndNewerCallers) {
    unsigned char buffer[sizeof(zmalloc_stats_t) + 64];
    zmalloc_stats_t info;
    for (size_t size = 0; size <= sizeof buffer; size++) {
        std::memset(buffer, 0x5a, sizeof buffer);
        const int result =
            zmalloc_stats(reinterpret_cast<zmalloc_stats_t *>(buffer), size, ZMALLOC_ALL_ARENAS, 0);
        if (size < offsetof(zmalloc_stats_t, used)) {
            EXPECT_EQ(result, -1);
            EXPECT_EQ(buffer[0], 0x5a);
            continue;
        }
        ASSERT_EQ(result, 0) << size;
        std::memcpy(&info, buffer, offsetof(zmalloc_stats_t, used));
        EXPECT_EQ(info.size, size < sizeof info ? size : sizeof info);
        for (size_t i = size; i < sizeof buffer; i++) ASSERT_EQ(buffer[i], 0x5a) << size;
    }
    EXPECT_EQ(zmalloc_stats(nullptr, sizeof info, ZMALLOC_ALL_ARENAS, 0), -1);
}

TEST(Purge, SaysWhetherItCan) {
    const int expected = GivesBack() ? 0 : -1;
    EXPECT_EQ(zmalloc_purge(), expected);
    EXPECT_EQ(jemalloc_purge(), expected);
    if (kSanitized) GTEST_SKIP() << "ThreadSanitizer does not see jemalloc create its thread";
    EXPECT_EQ(zmalloc_background_purge(true), Variant().allocator == "jemalloc" ? 0 : -1);
    EXPECT_EQ(zmalloc_background_purge(false), Variant().allocator == "jemalloc" ? 0 : -1);
}

}  // namespace
}  // namespace zmalloc_test
