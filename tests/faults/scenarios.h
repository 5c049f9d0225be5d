// Programs that use zmalloc, to be run while memory cannot be had.
#ifndef ZMALLOC_TESTS_FAULTS_SCENARIOS_H_
#define ZMALLOC_TESTS_FAULTS_SCENARIOS_H_

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "tests/faults/checks.h"

namespace zmalloc_test {

struct Scenario {
    std::string name;
    // When it returns, it has freed all that it allocated.
    std::function<void(Checks &)> run;
    bool allocates = true;  // so some of its calls must fail
    bool threads = false;   // starts threads, whose stacks the libc keeps, and the faults itself
};

inline std::ostream &operator<<(std::ostream &out, const Scenario &s) { return out << s.name; }

const std::vector<Scenario> &Scenarios();

// Whether zmalloc's calls of the allocator fail; otherwise the allocator's calls of the OS do.
bool CallsFail();

// Scenarios with threads call this: calls fail from then on.
void StartFaults();

// The scenarios of each file.
std::vector<Scenario> AllocationScenarios();
std::vector<Scenario> FigureScenarios();
std::vector<Scenario> InlineScenarios();
std::vector<Scenario> ThreadScenarios();

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_FAULTS_SCENARIOS_H_
