// A redis-server that a test starts, asks and stops.
#ifndef TESTS_SERVERS_SERVER_H_
#define TESTS_SERVERS_SERVER_H_

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/servers/run.h"

namespace servers_test {

// A server that listens on a Unix socket only: it needs no port, which could be taken.  The
// socket's name has no folder, because such names must be short.
class ServerTest : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_EQ(chdir(Environment("TEST_TMPDIR").c_str()), 0);
        unlink("redis.sock");
        std::vector<std::string> words = {"redis-server",
                                          "--port",
                                          "0",
                                          "--unixsocket",
                                          "redis.sock",
                                          "--save",
                                          "",
                                          "--appendonly",
                                          "no",
                                          "--enable-debug-command",
                                          "local"};
        for (const std::string &option : Options()) words.push_back(option);
        std::vector<char *> argv;
        for (std::string &word : words) argv.push_back(word.data());
        argv.push_back(nullptr);
        const std::string server = DataFile(Environment("SERVER"));
        server_ = fork();
        if (server_ == 0) {
            execv(server.c_str(), argv.data());
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

    // Options on top of those that every server gets.
    virtual std::vector<std::string> Options() const { return {}; }

    static std::string Cli(const std::string &arguments) {
        std::string command =
            "'" + DataFile(Environment("CLI")) + "' -s redis.sock " + arguments + " 2>/dev/null";
        std::string out;
        servers_test::Run(command, &out);
        return out;
    }

    // A section of INFO, once its figures, which the server reads ten times a second,
    // are newer than what came before the call.
    static std::map<std::string, std::string> Info(const std::string &section) {
        std::map<std::string, std::string> info;
        usleep(500000);
        std::istringstream lines(Cli("info " + section));
        std::string line;
        while (std::getline(lines, line)) {
            size_t colon = line.find(':');
            if (!line.empty() && line.back() == '\r') line.pop_back();
            if (colon != std::string::npos) info[line.substr(0, colon)] = line.substr(colon + 1);
        }
        return info;
    }

  private:
    pid_t server_ = 0;
};

}  // namespace servers_test

#endif  // TESTS_SERVERS_SERVER_H_
