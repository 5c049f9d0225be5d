// Starts the test again with the library preloaded that ZMALLOC_TEST_PRELOAD names.
#include <unistd.h>

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <string>

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
    execv("/proc/self/exe", argv);
    perror("/proc/self/exe");
    _exit(2);
}

}  // namespace
