// Runs programs, for the tests beside this.
#ifndef TESTS_SERVERS_RUN_H_
#define TESTS_SERVERS_RUN_H_

#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace servers_test {

inline std::string Environment(const char *name) {
    const char *value = std::getenv(name);
    return value != nullptr ? value : "";
}

// The path of a file that the test has as data, by its rootpath.
inline std::string DataFile(const std::string &file) {
    return Environment("TEST_SRCDIR") + "/" + Environment("TEST_WORKSPACE") + "/" + file;
}

// Runs a shell command; *out gets what it prints to stdout.  Returns its exit status.
inline int Run(const std::string &command, std::string *out) {
    char buffer[4096];
    out->clear();
    FILE *pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) return -1;
    while (fgets(buffer, sizeof(buffer), pipe) != nullptr) *out += buffer;
    int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace servers_test

#endif  // TESTS_SERVERS_RUN_H_
