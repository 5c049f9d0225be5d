// Starts the test again with the libraries preloaded that ZMALLOC_TEST_PRELOAD names, with spaces
// between them.
#include <unistd.h>

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

namespace {

std::string AbsolutePaths(const char *libraries) {
    std::istringstream names(libraries);
    std::string name, paths;
    while (names >> name) {
        char path[PATH_MAX];
        if (realpath(name.c_str(), path) == nullptr) {
            perror(name.c_str());
            _exit(2);
        }
        paths += (paths.empty() ? "" : ":") + std::string(path);
    }
    return paths;
}

// The C++ library's constructors run after those with a priority.
__attribute__((constructor)) void StartAgain(int, char **argv, char **) {
    const char *libraries = getenv("ZMALLOC_TEST_PRELOAD");
    if (libraries == nullptr || *libraries == '\0') return;
    setenv("LD_PRELOAD", AbsolutePaths(libraries).c_str(), 1);
    unsetenv("ZMALLOC_TEST_PRELOAD");
    // The emulator is a static program, so the library is preloaded in ours alone.
    char *emulator = getenv("ZMALLOC_EMULATOR");
    std::vector<char *> command;
    if (emulator != nullptr) command.push_back(emulator);
    for (char **argument = argv; *argument != nullptr; argument++) command.push_back(*argument);
    command.push_back(nullptr);
    execv(command[0], command.data());
    perror(command[0]);
    _exit(2);
}

}  // namespace
