// Starts the test again with the library preloaded that ZMALLOC_TEST_PRELOAD names.
#include <unistd.h>

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

__attribute__((constructor(101))) void StartAgain(int, char **argv, char **) {
    const char *library = getenv("ZMALLOC_TEST_PRELOAD");
    char path[PATH_MAX];
    if (library == nullptr) return;
    if (realpath(library, path) == nullptr) {
        perror(library);
        _exit(2);
    }
    setenv("LD_PRELOAD", path, 1);
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
