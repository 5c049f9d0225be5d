// A server over one allocator: starts, serves, and tells of its memory.
#include "tests/servers/server.h"

#include <cstdlib>

#include "gtest/gtest.h"

namespace {

using servers_test::Environment;
using servers_test::ServerTest;

bool OverJemalloc() { return Environment("ZMALLOC_LIB").rfind("jemalloc", 0) == 0; }

TEST_F(ServerTest, NamesItsAllocator) {
    EXPECT_EQ(Info("memory")["mem_allocator"], Environment("ZMALLOC_LIB"));
}

TEST_F(ServerTest, FiguresFollowTheData) {
    auto before = Info("memory");
    Cli("debug populate 100000 key 100");
    auto after = Info("memory");
    auto figure = [](std::map<std::string, std::string> &info, const char *name) {
        return std::atof(info[name].c_str());
    };
    // With --guard each block has its call stacks too.
    const double most = Environment("GUARDED") == "True" ? 2000 : 600;
    // Each value has 100 bytes, and Redis keeps a key and more for it.  When an allocator does not
    // tell a figure, Redis takes another: RSS as active, for one.
    for (const char *name : {"used_memory", "allocator_allocated", "allocator_active"}) {
        EXPECT_GT(figure(after, name) - figure(before, name), 100000 * 120) << name;
        EXPECT_LT(figure(after, name) - figure(before, name), 100000 * most) << name;
    }
    for (auto &info : {&before, &after}) {
        EXPECT_GT(figure(*info, "used_memory"), 500000);
        // The figures are not read at one moment: meanwhile the client that asks gets buffers.
        EXPECT_LE(figure(*info, "used_memory"), figure(*info, "allocator_allocated") + 200000);
        EXPECT_LE(figure(*info, "allocator_allocated"), figure(*info, "allocator_active"));
        EXPECT_LE(figure(*info, "allocator_active"), figure(*info, "allocator_resident"));
        EXPECT_LT(figure(*info, "allocator_resident"), figure(*info, "used_memory_rss") * 2);
    }
    Cli("flushall sync");
    auto flushed = Info("memory");
    EXPECT_LT(figure(flushed, "used_memory"), figure(before, "used_memory") * 1.2);
}

// Redis and Valkey move blocks by calls of jemalloc's own, past zmalloc: under --guard too.
TEST_F(ServerTest, Defragments) {
    EXPECT_EQ(Cli("config set activedefrag no"), "OK\n");
    Cli("debug populate 50000 k 100");
    Cli("eval \"for i = 0, 49999 do if i % 10 > 0 then redis.call('del', 'k:' .. i) end end\" 0");
    Cli("config set active-defrag-ignore-bytes 1 active-defrag-threshold-lower 1");
    const bool can = Environment("DEFRAGMENTS") == "True";
    ASSERT_EQ(Cli("config set activedefrag yes") == "OK\n", can);
    if (!can) return;
    for (int tries = 0; std::atoi(Info("stats")["active_defrag_hits"].c_str()) < 4000; tries++) {
        ASSERT_LT(tries, 60) << "it moves nothing";
    }
    EXPECT_EQ(Cli("dbsize"), "5000\n");
    EXPECT_EQ(Cli("strlen k:49990"), "100\n");
    EXPECT_EQ(Cli("flushall sync"), "OK\n");
}

TEST_F(ServerTest, TellsOfJemallocByItsName) {
    EXPECT_EQ(Cli("memory malloc-stats").find("jemalloc statistics") != std::string::npos,
              OverJemalloc());
    EXPECT_EQ(Cli("debug mallctl arenas.page").find("4096") != std::string::npos, OverJemalloc());
}

TEST_F(ServerTest, Scripts) { EXPECT_EQ(Cli("eval 'return string.rep(\"x\", 3)' 0"), "xxx\n"); }

}  // namespace
