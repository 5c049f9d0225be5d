// What is different when the tests of another CPU run here, through qemu-user:
// /proc/self is about qemu, limits do not bind it, and programs of that CPU are
// not the kernel's to start.
#ifndef ZMALLOC_TESTS_EMULATED_H_
#define ZMALLOC_TESTS_EMULATED_H_

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

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_EMULATED_H_
