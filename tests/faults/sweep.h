// Runs a scenario over and over, each time with other calls failing.
#ifndef ZMALLOC_TESTS_FAULTS_SWEEP_H_
#define ZMALLOC_TESTS_FAULTS_SWEEP_H_

#include <cstdint>
#include <string>

#include "tests/faults/scenarios.h"
#include "zmalloc/allocator/faulty/faults.h"

namespace zmalloc_test {

struct Tally {
    uint64_t cases = 0, injected = 0;
    std::string wrong;  // the first thing that was

    void Add(const Tally &other);
};

// One run, in which the calls of the plan fail: in this process; and where the
// faults are the OS's, in a child.
Tally RunHere(const Scenario &scenario, const zm_fault_plan &plan);
Tally RunWith(const Scenario &scenario, const zm_fault_plan &plan);

// The n-th call alone, and all from the n-th on, for each n until the scenario is
// through before the n-th; every n-th; and calls by their size.  Ends at what is
// wrong.
Tally Sweep(const Scenario &scenario);

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_FAULTS_SWEEP_H_
