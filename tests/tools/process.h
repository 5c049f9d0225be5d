// Runs the tools as a user would.
#ifndef TESTS_TOOLS_PROCESS_H_
#define TESTS_TOOLS_PROCESS_H_

#include <string>
#include <vector>

namespace ztrace_test {

struct Finished {
    int status = -1;  // exit status, or 128 + the signal
    std::string out;
    std::string err;
};

// The path of a file that the test has as data, from the top of the workspace.
std::string DataFile(const std::string &file);

// A path in a folder of the test's own.
std::string TempFile(const std::string &name);

std::string ReadFile(const std::string &path);
void WriteFile(const std::string &path, const std::string &bytes);

// Runs a program to its end.  `environment` is on top of the test's own.  When `kill_after` is not
// 0, SIGTERM is sent to the program after so many lines of its output.  With `ignore_children` it
// inherits SIGCHLD as ignored, as from some daemons.
Finished RunProgram(const std::vector<std::string> &command,
                    const std::vector<std::string> &environment = {}, int kill_after = 0,
                    bool ignore_children = false);

// Whether all processes that came from a program end when this signal ends it.  The signal is sent
// when they are `generations` deep.  Only Linux can tell.
bool EndsWithItsChildren(const std::vector<std::string> &command, int generations, int signal);

}  // namespace ztrace_test

#endif  // TESTS_TOOLS_PROCESS_H_
