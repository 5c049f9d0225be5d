// redis-server over one allocator: starts, serves, and tells of its memory.
#include "tests/redis/server.h"

#include <cstdlib>

#include "gtest/gtest.h"

namespace {

using redis_test::Environment;
using redis_test::ServerTest;

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
    // Each holds 100 bytes, a key, and what Redis keeps of it.  For figures that an
    // allocator does not tell, Redis takes others: RSS as active, for one.
    for (const char *name : {"used_memory", "allocator_allocated", "allocator_active"}) {
        EXPECT_GT(figure(after, name) - figure(before, name), 100000 * 150) << name;
        EXPECT_LT(figure(after, name) - figure(before, name), 100000 * 600) << name;
    }
    for (auto &info : {&before, &after}) {
        EXPECT_GT(figure(*info, "used_memory"), 500000);
        // Not read at one moment: the client that asks has buffers by then.
        EXPECT_LE(figure(*info, "used_memory"), figure(*info, "allocator_allocated") + 200000);
        EXPECT_LE(figure(*info, "allocator_allocated"), figure(*info, "allocator_active"));
        EXPECT_LE(figure(*info, "allocator_active"), figure(*info, "allocator_resident"));
        EXPECT_LT(figure(*info, "allocator_resident"), figure(*info, "used_memory_rss") * 2);
    }
    Cli("flushall sync");
    auto flushed = Info("memory");
    EXPECT_LT(figure(flushed, "used_memory"), figure(before, "used_memory") * 1.2);
}

TEST_F(ServerTest, DefragmentsOverOurJemalloc) {
    EXPECT_EQ(Cli("config set activedefrag yes") == "OK\n",
              Environment("ZMALLOC_VARIANT") == "jemalloc");
}

TEST_F(ServerTest, TellsOfJemallocByItsName) {
    EXPECT_EQ(Cli("memory malloc-stats").find("jemalloc statistics") != std::string::npos,
              OverJemalloc());
    EXPECT_EQ(Cli("debug mallctl arenas.page").find("4096") != std::string::npos, OverJemalloc());
}

TEST_F(ServerTest, Scripts) { EXPECT_EQ(Cli("eval 'return string.rep(\"x\", 3)' 0"), "xxx\n"); }

}  // namespace
