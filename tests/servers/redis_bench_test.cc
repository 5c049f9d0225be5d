// //tools/redis_bench, as a user would run it.
#include <string>

#include "gtest/gtest.h"
#include "tests/servers/run.h"

namespace {

int RunBench(const std::string &arguments, std::string *out) {
    std::string bench = servers_test::DataFile(servers_test::Environment("REDIS_BENCH"));
    return servers_test::Run("'" + bench + "' " + arguments, out);
}

size_t Count(const std::string &text, const std::string &what) {
    size_t count = 0;
    for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
        count++;
    return count;
}

TEST(RedisBenchTest, BothServersInEveryLine) {
    std::string out;
    ASSERT_EQ(RunBench("--server=redis7 --json --seconds=10 --rounds=1 --keys=1000", &out), 0);
    EXPECT_EQ(Count(out, "\"own\": \"jemalloc-5.2.1\""), 1u) << out;
    EXPECT_EQ(Count(out, "\"ours\": \"" + servers_test::Environment("ZMALLOC_LIB") + "\""), 1u);
    for (const char *test : {"incr", "lpush", "hset", "zadd"}) {
        EXPECT_EQ(Count(out, "\"test\": \"" + std::string(test) + "\", \"pipeline\": 1,"), 2u);
    }
    for (const char *test : {"set", "get"}) {
        EXPECT_EQ(Count(out, "\"test\": \"" + std::string(test) + "\", \"pipeline\": 1,"), 2u);
        EXPECT_EQ(Count(out, "\"test\": \"" + std::string(test) + "\", \"pipeline\": 16,"), 2u);
    }
    EXPECT_EQ(Count(out, "\"rps\": "), 32u);
    EXPECT_EQ(Count(out, "\"rps\": 0.00"), 0u);
    EXPECT_EQ(Count(out, "\"cpu_us\": "), 32u);
    EXPECT_EQ(Count(out, "\"cpu_us\": 0.000"), 0u);
    EXPECT_EQ(Count(out, "_ratio\": {\"ratio\": "), 48u) << out;
    EXPECT_EQ(Count(out, "\"low\": "), 0u) << "of one round there is no interval";
    EXPECT_EQ(Count(out, "\"used_memory_rss\": "), 4u);
    EXPECT_EQ(Count(out, "\"used_memory_rss\": 0,"), 0u);
}

TEST(RedisBenchTest, IntervalsOfFiveRounds) {
    std::string out;
    ASSERT_EQ(RunBench("--server=redis7 --json --seconds=10 --rounds=5 --keys=1000", &out), 0);
    EXPECT_EQ(Count(out, ", \"low\": "), 48u) << out;
    EXPECT_EQ(Count(out, ", \"high\": "), 48u) << out;
}

TEST(RedisBenchTest, OneTable) {
    std::string out;
    for (const std::string server : {"redis8", "valkey9"}) {
        ASSERT_EQ(RunBench("--server=" + server + " --seconds=10 --rounds=1 --keys=1000", &out), 0);
        EXPECT_EQ(Count(out, server + " with"), 2u) << out;
        EXPECT_EQ(Count(out, "io-thread"), 2u);
        EXPECT_EQ(Count(out, "ZADD"), 2u);
        EXPECT_EQ(Count(out, "mem_fragmentation_ratio"), 2u);
    }
}

TEST(RedisBenchTest, Help) {
    std::string out;
    EXPECT_EQ(RunBench("--help", &out), 0);
    for (const char *option : {"--server", "--seconds", "--rounds", "--keys", "--json"}) {
        EXPECT_EQ(Count(out, option), 1u) << option;
    }
}

TEST(RedisBenchTest, WrongArguments) {
    for (const char *arguments :
         {"--rounds=0", "--rounds=26", "--seconds=9", "--seconds=x", "--keys=", "--keys",
          "--server=redis", "--no-such-option", "extra"}) {
        std::string out;
        EXPECT_EQ(RunBench(std::string(arguments) + " 2>&1", &out), 2) << arguments;
        EXPECT_EQ(out.rfind("redis_bench: ", 0), 0u) << out;
        EXPECT_EQ(out.find('\n'), out.size() - 1) << out;
    }
}

}  // namespace
