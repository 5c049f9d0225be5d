// redis-server over one allocator: starts, serves, and tells of its memory.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <sstream>
#include <string>

#include "gtest/gtest.h"
#include "tests/redis/run.h"

namespace {

using redis_test::DataFile;
using redis_test::Environment;

// A server on a Unix socket alone: no port that could be taken.  The socket has
// no folder in its name, which would be longer than such names may be.
class ServerTest : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_EQ(chdir(Environment("TEST_TMPDIR").c_str()), 0);
        unlink("redis.sock");
        std::string server = DataFile(Environment("REDIS_SERVER"));
        server_ = fork();
        if (server_ == 0) {
            execl(server.c_str(), "redis-server", "--port", "0", "--unixsocket", "redis.sock",
                  "--save", "", "--appendonly", "no", "--enable-debug-command", "local", nullptr);
            _exit(127);
        }
        for (int tries = 0; tries < 600 && Cli("ping") != "PONG\n"; tries++) {
            ASSERT_EQ(waitpid(server_, nullptr, WNOHANG), 0) << "the server did not start";
            usleep(100000);
        }
    }

    void TearDown() override {
        int status;
        if (server_ <= 0) return;
        kill(server_, SIGTERM);
        ASSERT_EQ(waitpid(server_, &status, 0), server_);
        EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    }

    static std::string Cli(const std::string &arguments) {
        std::string command = "'" + DataFile(Environment("REDIS_CLI")) + "' -s redis.sock " +
                              arguments + " 2>/dev/null";
        std::string out;
        redis_test::Run(command, &out);
        return out;
    }

    // INFO memory, once its figures, which the server reads ten times a second,
    // are newer than what came before the call.
    static std::map<std::string, std::string> Info() {
        std::map<std::string, std::string> info;
        usleep(500000);
        std::istringstream lines(Cli("info memory"));
        std::string line;
        while (std::getline(lines, line)) {
            size_t colon = line.find(':');
            if (!line.empty() && line.back() == '\r') line.pop_back();
            if (colon != std::string::npos) info[line.substr(0, colon)] = line.substr(colon + 1);
        }
        return info;
    }

    static bool OverJemalloc() { return Environment("ZMALLOC_LIB").rfind("jemalloc", 0) == 0; }

  private:
    pid_t server_ = 0;
};

TEST_F(ServerTest, NamesItsAllocator) {
    EXPECT_EQ(Info()["mem_allocator"], Environment("ZMALLOC_LIB"));
}

TEST_F(ServerTest, FiguresFollowTheData) {
    auto before = Info();
    Cli("debug populate 100000 key 100");
    auto after = Info();
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
    auto flushed = Info();
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
