// The suite's tests rely on this: no process outlives them.
#include <signal.h>

#include <cerrno>
#include <string>

#include "gtest/gtest.h"
#include "tests/servers/run.h"

namespace {

int Reap(const std::string &command, std::string *out) {
    std::string reap = servers_test::DataFile(servers_test::Environment("REAP"));
    return servers_test::Run("'" + reap + "' " + command, out);
}

TEST(ReapTest, ExitStatus) {
    std::string out;
    EXPECT_EQ(Reap("sh -c 'echo said; exit 3'", &out), 3);
    EXPECT_EQ(out, "said\n");
    EXPECT_EQ(Reap("sh -c 'kill -KILL $$'", &out), 128 + SIGKILL);
    EXPECT_EQ(Reap("/no/such/program 2>/dev/null", &out), 2);
    EXPECT_EQ(Reap("2>/dev/null", &out), 2);
}

// The process that is left behind has a session of its own, ignores the signals that it can, and
// has lost its parent: like a daemon.
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
