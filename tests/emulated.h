// Differences when qemu-user runs the tests of another CPU here: its own memory is resident too,
// most of /proc/self/stat is made up, limits do not bind it, and the kernel may not know how to
// start programs of that CPU.
#ifndef ZMALLOC_TESTS_EMULATED_H_
#define ZMALLOC_TESTS_EMULATED_H_

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "gtest/gtest.h"

namespace zmalloc_test {

// The program that runs programs of this CPU; empty when the kernel does.
inline std::string Emulator() {
    const char *emulator = std::getenv("ZMALLOC_EMULATOR");
    return emulator != nullptr ? emulator : "";
}

inline bool Emulated() { return !Emulator().empty(); }

// The running program.  Not /proc/self/exe, which may be the emulator.
inline std::string Self() { return testing::internal::GetArgvs().at(0); }

// Whether a program of this CPU can start another: the kernel does it, if binfmt_misc tells it
// about qemu.
inline bool CanStartPrograms() {
    if (!Emulated()) return true;
    const std::string self = Self();
    const pid_t child = fork();
    if (child == 0) {
        dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
        execl(self.c_str(), self.c_str(), "--gtest_list_tests", nullptr);
        _exit(127);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return status == 0;
}

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_EMULATED_H_
