// Runs a scenario many times, each time with other calls failing.
#ifndef ZMALLOC_TESTS_FAULTS_SWEEP_H_
#define ZMALLOC_TESTS_FAULTS_SWEEP_H_

#include <cstdint>
#include <string>

#include "tests/faults/scenarios.h"
#include "zmalloc/allocator/failing/failing.h"

namespace zmalloc_test {

struct Tally {
    uint64_t cases = 0, injected = 0;
    std::string wrong;  // the first check that failed

    void Add(const Tally &other);
};

// One run, in which the calls of the plan fail.  It runs in this process, or in a child when it is
// the OS's calls that fail.
Tally RunHere(const Scenario &scenario, const zm_failing_plan &plan);
Tally RunWith(const Scenario &scenario, const zm_failing_plan &plan);

// Lets the n-th call fail, and all from the n-th on, for each n until the scenario has fewer calls;
// every n-th call; and calls by their size.  Stops at the first error.
Tally Sweep(const Scenario &scenario);

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_FAULTS_SWEEP_H_
