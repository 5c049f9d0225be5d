// What the suite's tests rely on: no process outlives them.
#include <signal.h>

#include <cerrno>
#include <string>

#include "gtest/gtest.h"
#include "tests/redis/run.h"

namespace {

int Reap(const std::string &command, std::string *out) {
    std::string reap = redis_test::DataFile(redis_test::Environment("REAP"));
    return redis_test::Run("'" + reap + "' " + command, out);
}

TEST(ReapTest, ExitStatus) {
    std::string out;
    EXPECT_EQ(Reap("sh -c 'echo said; exit 3'", &out), 3);
    EXPECT_EQ(out, "said\n");
    EXPECT_EQ(Reap("sh -c 'kill -KILL $$'", &out), 128 + SIGKILL);
    EXPECT_EQ(Reap("/no/such/program 2>/dev/null", &out), 2);
    EXPECT_EQ(Reap("2>/dev/null", &out), 2);
}

// In a session of its own, ignoring what can be ignored, and with a parent that
// is gone: as a daemon.
TEST(ReapTest, EndsWhatTheCommandLeaves) {
    std::string out;
    EXPECT_EQ(Reap("sh -c 'setsid sh -c \"trap \\\"\\\" TERM HUP; echo \\$\\$; exec sleep 1000\" "
                   ">pid & while ! [ -s pid ]; do sleep 0.1; done; cat pid'",
                   &out),
              0);
    int pid = std::atoi(out.c_str());
    ASSERT_GT(pid, 1);
    EXPECT_EQ(kill(pid, 0), -1);
    EXPECT_EQ(errno, ESRCH);
}

}  // namespace
