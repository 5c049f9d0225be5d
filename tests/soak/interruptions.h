// Timers whose handlers read used memory, and forked children.
#ifndef ZMALLOC_TESTS_SOAK_INTERRUPTIONS_H_
#define ZMALLOC_TESTS_SOAK_INTERRUPTIONS_H_

#include <atomic>
#include <thread>

#include "tests/soak/blocks.h"

namespace zmalloc_test {

// While it lives, timers interrupt any thread that there is; their handlers make the calls that
// zmalloc.h says are async-signal-safe.
class Timers {
  public:
    Timers();
    ~Timers();
    Timers(const Timers &) = delete;

    static inline std::atomic<size_t> signals;  // so far
    // Tells the verdict when a handler saw an impossible value.
    static void Judge(Verdict *verdict);
    // To be called in a forked child.
    static void Forget();
};

// While it lives, one child after another allocates, and must find its own blocks counted.
class Forks {
  public:
    explicit Forks(Verdict *verdict);
    ~Forks();
    Forks(const Forks &) = delete;

    static inline std::atomic<size_t> children;  // so far

  private:
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_SOAK_INTERRUPTIONS_H_
