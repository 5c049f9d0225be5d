// Interrupts a thread after each of its instructions.
#ifndef ZMALLOC_TESTS_SIGNALS_STEPPER_H_
#define ZMALLOC_TESTS_SIGNALS_STEPPER_H_

#include <cstddef>
#include <functional>

namespace zmalloc_test {

// Runs `body` in a forked child, in a new thread, up to the very end of the thread.  From where
// `body` calls BeginSteps() on, runs `handler` as a signal handler after every n-th instruction,
// but not where the thread blocks signals.  Returns the number of interruptions, or 0 if `well`,
// called in the child at the end, is false.
size_t RunInSteps(const std::function<void()> &body, void (*handler)(),
                  const std::function<bool()> &well, size_t every);

void BeginSteps();

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_SIGNALS_STEPPER_H_
