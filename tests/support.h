// Shared by the tests over //zmalloc.
#ifndef ZMALLOC_TESTS_SUPPORT_H_
#define ZMALLOC_TESTS_SUPPORT_H_

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/blocks.h"
#include "tests/emulated.h"
#include "tests/random.h"
#include "tests/sanitized.h"
#include "tests/variant.h"
#include "zmalloc/zmalloc.h"

namespace zmalloc_test {

// Whether blocks come from a sanitizer's malloc.
inline bool OverSanitizersMalloc() { return kSanitized && Variant().allocator == "libc"; }

// Whether the libc tells about its memory, and gives it back on request; of the libcs that the
// tests run over, only glibc does.
#ifdef __GLIBC__
constexpr bool kGlibc = true;
#else
constexpr bool kGlibc = false;
#endif

// A libc that neither tells of its memory nor gives it back.
inline bool OverAnotherLibc() { return Variant().allocator == "libc" && !kGlibc; }

// Whether the allocator tells a statistic, by its name in zmalloc/stats.h.
inline bool Tells(std::string_view statistic) {
    const auto &told = Variant().statistics;
    return !OverAnotherLibc() && !OverSanitizersMalloc() &&
           std::find(told.begin(), told.end(), statistic) != told.end();
}

// Whether zmalloc_purge() gives back what is free.
inline bool GivesBack() { return Variant().gives_back && !OverAnotherLibc(); }

// Sizes with their neighbours: all small ones and those around powers of two.
inline std::vector<size_t> InterestingSizes(size_t largest) {
    std::vector<size_t> sizes;
    for (size_t size = 0; size <= 300; size++) sizes.push_back(size);
    for (size_t power = 512; power <= largest; power *= 2) {
        for (size_t size : {power - 1, power, power + 1, power + power / 2}) sizes.push_back(size);
    }
    return sizes;
}

// Records the sizes with which the out-of-memory handler is called, while it lives.
class OomRecorder {
  public:
    OomRecorder() {
        calls().clear();
        zmalloc_set_oom_handler([](size_t size) { calls().push_back(size); });
    }
    ~OomRecorder() { zmalloc_set_oom_handler(nullptr); }
    OomRecorder(const OomRecorder &) = delete;

    // The sizes since the last call of Take().
    std::vector<size_t> Take() {
        std::vector<size_t> taken;
        taken.swap(calls());
        return taken;
    }

  private:
    static std::vector<size_t> &calls() {
        static std::vector<size_t> sizes;
        return sizes;
    }
};

// ZMALLOC_TEST_SEED, or a new one each time; tests print it when they fail.
inline uint64_t Seed() {
    const char *seed = std::getenv("ZMALLOC_TEST_SEED");
    if (seed != nullptr && *seed != '\0') return std::strtoull(seed, nullptr, 0);
    timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1000000007u + static_cast<uint64_t>(now.tv_nsec);
}

// Runs `body`, which returns whether all is well, in a forked child; what it
// prints to stderr shows in the log.
template <typename Body>
testing::AssertionResult InChild(Body body) {
    std::fflush(nullptr);
    pid_t child = fork();
    if (child < 0) return testing::AssertionFailure() << "fork: " << std::strerror(errno);
    if (child == 0) {
        alarm(30);  // a deadlock in the child must not outlive the test
        _exit(body() ? 0 : 1);
    }
    int status;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "the child's wait status is " << status;
}

// Prints what is wrong and makes the body return false.  For children: GoogleTest's assertions
// would print there, but not fail the parent.
#define CHILD_CHECK(condition)                                                           \
    do {                                                                                 \
        if (!(condition)) {                                                              \
            std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            return false;                                                                \
        }                                                                                \
    } while (0)

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_SUPPORT_H_
