#include "tests/tools/process.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

#include "tests/emulated.h"

namespace ztrace_test {
namespace {

std::string Environment(const char *name) {
    const char *value = std::getenv(name);
    return value ? value : "";
}

[[noreturn]] void Become(const std::vector<std::string> &command,
                         const std::vector<std::string> &environment, int out,
                         const std::string &err) {
    std::vector<char *> arguments;
    static std::string emulator = zmalloc_test::Emulator();
    if (!emulator.empty()) arguments.push_back(emulator.data());
    for (const std::string &argument : command) {
        arguments.push_back(const_cast<char *>(argument.c_str()));
    }
    arguments.push_back(nullptr);
    for (const std::string &variable : environment) {
        putenv(const_cast<char *>(variable.c_str()));
    }
    dup2(out, STDOUT_FILENO);
    close(out);
    if (!freopen(err.c_str(), "w", stderr)) _exit(126);
    execv(arguments[0], arguments.data());
    _exit(127);
}

}  // namespace

std::string DataFile(const std::string &file) {
    return Environment("TEST_SRCDIR") + "/" + Environment("TEST_WORKSPACE") + "/" + file;
}

std::string TempFile(const std::string &name) {
    static const std::string folder = [] {
        std::string made = Environment("TEST_TMPDIR") + "/" + std::to_string(getpid());
        mkdir(made.c_str(), 0700);
        return made;
    }();
    return folder + "/" + name;
}

std::string ReadFile(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

void WriteFile(const std::string &path, const std::string &bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

Finished RunProgram(const std::vector<std::string> &command,
                    const std::vector<std::string> &environment, int kill_after,
                    bool ignore_children) {
    Finished finished;
    int out[2];
    std::string err = TempFile("stderr");
    EXPECT_EQ(pipe(out), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(out[0]);
        if (ignore_children) signal(SIGCHLD, SIG_IGN);
        Become(command, environment, out[1], err);
    }
    close(out[1]);
    char buffer[65536];
    ssize_t n;
    bool killed = false;
    std::ptrdiff_t lines = 0;
    while ((n = read(out[0], buffer, sizeof(buffer))) > 0) {
        finished.out.append(buffer, static_cast<size_t>(n));
        lines += std::count(buffer, buffer + n, '\n');
        if (kill_after && !killed && lines >= kill_after) {
            kill(pid, SIGTERM);
            killed = true;
        }
    }
    close(out[0]);
    int status = 0;
    waitpid(pid, &status, 0);
    finished.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    finished.err = ReadFile(err);
    return finished;
}

namespace {

// The child of its child and so on; 0 where there are fewer generations.
pid_t Descendant(pid_t pid, int generations) {
    for (; generations > 0 && pid != 0; generations--) {
        const std::string process = std::to_string(pid);
        const std::string children =
            ReadFile("/proc/" + process + "/task/" + process + "/children");
        pid = static_cast<pid_t>(std::strtol(children.c_str(), nullptr, 10));
    }
    return pid;
}

// Whether it has used some CPU time: it is then past its very beginning.
bool HasRun(pid_t pid) {
    const std::string stat = ReadFile("/proc/" + std::to_string(pid) + "/stat");
    const size_t name_end = stat.rfind(')');
    if (pid == 0 || name_end == std::string::npos) return false;
    std::istringstream fields(stat.substr(name_end + 1));
    std::string field;
    for (int i = 0; i < 11; i++) fields >> field;
    unsigned long user = 0, system = 0;
    fields >> user >> system;
    return user + system > 0;
}

// Whether every process has closed the other end of a pipe, after at most half a minute.
bool IsAbandoned(int pipe) {
    struct pollfd end = {pipe, POLLIN, 0};
    char ignored[4096];
    while (poll(&end, 1, 30000) > 0) {
        if (read(pipe, ignored, sizeof(ignored)) <= 0) return true;
    }
    return false;
}

}  // namespace

bool EndsWithItsChildren(const std::vector<std::string> &command, int generations, int signal) {
    int out[2], held[2];
    EXPECT_EQ(pipe(out), 0);
    EXPECT_EQ(pipe(held), 0);  // all of them inherit its writing end
    const pid_t pid = fork();
    if (pid == 0) {
        close(held[0]);
        Become(command, {}, out[1], TempFile("stderr"));
    }
    close(held[1]);
    pid_t last = 0;
    while (!HasRun(last = Descendant(pid, generations)) && waitpid(pid, nullptr, WNOHANG) == 0) {
        usleep(1000);
    }
    EXPECT_NE(last, 0) << "it had no such child";
    if (last != 0) kill(last, SIGSTOP);  // it must not end by itself
    kill(pid, signal);
    waitpid(pid, nullptr, 0);
    const bool ended = IsAbandoned(held[0]);
    if (!ended && last != 0) kill(last, SIGKILL);
    for (int fd : {out[0], out[1], held[0]}) close(fd);
    return ended;
}

}  // namespace ztrace_test
