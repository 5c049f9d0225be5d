// Interrupts a thread after each of its instructions.
#ifndef ZMALLOC_TESTS_SIGNALS_STEPPER_H_
#define ZMALLOC_TESTS_SIGNALS_STEPPER_H_

#include <cstddef>
#include <functional>

namespace zmalloc_test {

// In a forked child, runs `body` in a new thread up to the thread's very end, and
// `handler` as a signal handler after every n-th instruction from where `body` calls
// BeginSteps() on; where the thread has signals blocked it is not interrupted.
// Returns how often it was, or 0 if `well`, called in the child at the end, is false.
size_t RunInSteps(const std::function<void()> &body, void (*handler)(),
                  const std::function<bool()> &well, size_t every);

void BeginSteps();

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_SIGNALS_STEPPER_H_
