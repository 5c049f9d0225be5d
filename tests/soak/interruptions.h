// Timers whose handlers read, and forked children.
#ifndef ZMALLOC_TESTS_SOAK_INTERRUPTIONS_H_
#define ZMALLOC_TESTS_SOAK_INTERRUPTIONS_H_

#include <atomic>
#include <thread>

#include "tests/soak/blocks.h"

namespace zmalloc_test {

// While it lives, timers interrupt whatever thread there is; their handlers call what
// zmalloc.h says is async-signal-safe.
class Timers {
  public:
    Timers();
    ~Timers();
    Timers(const Timers &) = delete;

    static inline std::atomic<size_t> signals;  // so far
    // Tells it when a handler saw what cannot be.
    static void Judge(Verdict *verdict);
    // In a forked child.
    static void Forget();
};

// While it lives, one child after another allocates, and must find what it did counted.
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
