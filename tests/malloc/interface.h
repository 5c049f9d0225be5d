// Shared by the tests of //malloc, which do not use zmalloc's own functions.
#ifndef ZMALLOC_TESTS_MALLOC_INTERFACE_H_
#define ZMALLOC_TESTS_MALLOC_INTERFACE_H_

#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "tests/blocks.h"

extern "C" {
__attribute__((weak)) void free_sized(void *ptr, size_t size);
__attribute__((weak)) void free_aligned_sized(void *ptr, size_t alignment, size_t size);
__attribute__((weak)) void cfree(void *ptr);
// musl has none.
void *pvalloc(size_t size) noexcept;
}

namespace zmalloc_test {

// Runs a function in a child of fork().  The exit status, or 128 + the signal that ended it.
template <class Body>
int StatusOfChild(Body body) {
    const pid_t child = fork();
    if (child == 0) {
        body();
        _exit(0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// Functions that this glibc does not declare.  They are linked, or else preloaded.
template <class Function, class... Arguments>
void Call(Function *linked, const char *name, Arguments... arguments) {
    if (linked == nullptr) linked = reinterpret_cast<Function *>(dlsym(RTLD_DEFAULT, name));
    if (linked == nullptr) {
        perror(name);
        abort();
    }
    linked(arguments...);
}

inline void FreeSized(void *ptr, size_t size) { Call(free_sized, "free_sized", ptr, size); }

inline void FreeAlignedSized(void *ptr, size_t alignment, size_t size) {
    Call(free_aligned_sized, "free_aligned_sized", ptr, alignment, size);
}

// Whether the program has no dynamic linker, as with musl.
inline bool IsStatic() { return dlopen(nullptr, RTLD_NOW) == nullptr; }

inline void OldFree(void *ptr) { Call(cfree, "cfree", ptr); }

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_MALLOC_INTERFACE_H_
