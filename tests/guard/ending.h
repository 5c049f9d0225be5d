// How a program ends that guard mode must end.
#ifndef ZMALLOC_TESTS_GUARD_ENDING_H_
#define ZMALLOC_TESTS_GUARD_ENDING_H_

#include <sys/resource.h>

#include <functional>

#include "tests/support.h"
#include "zmalloc/features.h"

#ifdef HAVE_BACKTRACE
#include <execinfo.h>
#endif

namespace zmalloc_test {

struct Ending {
    int status = 0;    // as wait() gives it; 0: the program came to its end, and nothing was found
    std::string said;  // printed to stderr
    bool By(int signal) const { return WIFSIGNALED(status) && WTERMSIG(status) == signal; }
    std::string ZmallocsLine() const {
        const size_t begin = said.find("zmalloc: ");
        return begin == std::string::npos ? "" : said.substr(begin, said.find('\n', begin) - begin);
    }
};

inline std::ostream &operator<<(std::ostream &out, const Ending &ending) {
    return out << "status " << ending.status << ", stderr: " << ending.said;
}

// Runs `body` in a forked child, then exit() and the handlers that exit() calls.
inline Ending EndingOf(const std::function<void()> &body) {
    int ends[2];
    Ending ending;
    EXPECT_EQ(pipe(ends), 0);
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child == 0) {
        const rlimit no_core = {0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        alarm(60);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        body();
        exit(0);
    }
    close(ends[1]);
    char buffer[4096];
    for (ssize_t got; (got = read(ends[0], buffer, sizeof buffer)) != 0;) {
        if (got > 0) ending.said.append(buffer, static_cast<size_t>(got));
    }
    close(ends[0]);
    while (waitpid(child, &ending.status, 0) < 0 && errno == EINTR) continue;
    return ending;
}

// A pointer of which the compiler knows nothing.
template <typename T>
T *Hidden(T *pointer) {
    asm volatile("" : "+r"(pointer)::"memory");
    return pointer;
}

// Changes one byte.
inline void Scribble(const void *where, size_t at) {
    auto *bytes = const_cast<unsigned char *>(static_cast<const unsigned char *>(where));
    volatile unsigned char *byte = Hidden(bytes) + at;
    *byte = static_cast<unsigned char>(*byte ^ 0x5a);
}

inline std::string Hex(const void *address) {
    char text[32];
    std::snprintf(text, sizeof text, "0x%zx", reinterpret_cast<size_t>(address));
    return text;
}

// Whether the system gives call stacks: musl does not, nor does glibc without the compiler's
// library.
inline bool HasStacks() {
#ifdef HAVE_BACKTRACE
    void *frames[4];
    return backtrace(frames, 4) > 0;
#else
    return false;
#endif
}

// Whether the program ended with one line that says this of a block.
inline testing::AssertionResult Reports(const Ending &ending, const std::string &what,
                                        const void *block, size_t size) {
    const std::string line = ending.ZmallocsLine();
    const std::string of = ": a block of " + std::to_string(size) + " bytes at " + Hex(block);
    if (ending.status == 0 || line.rfind("zmalloc: " + what + " at 0x", 0) != 0 ||
        line.find(of) == std::string::npos ||
        ending.said.find("zmalloc: ", ending.said.find("zmalloc: ") + 1) != std::string::npos) {
        return testing::AssertionFailure() << ending << "; expected: " << what << of;
    }
    if (!HasStacks()) return testing::AssertionSuccess();
    if (line.find(", allocated by ") == std::string::npos ||
        line.find("; now in ") == std::string::npos) {
        return testing::AssertionFailure() << "no stacks: " << line;
    }
    return testing::AssertionSuccess();
}

inline testing::AssertionResult ReportsBlock(const Ending &ending, const std::string &what,
                                             const void *block) {
    return Reports(ending, what, block, zmalloc_usable_size(block));
}

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_GUARD_ENDING_H_
