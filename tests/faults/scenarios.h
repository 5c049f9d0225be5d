// What a program does with zmalloc, to be run while memory cannot be had.
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
    // All that it allocates is freed when it returns.
    std::function<void(Checks &)> run;
    bool allocates = true;  // so that it must meet faults
    bool threads = false;   // starts some, whose stacks the libc keeps; and the faults
};

inline std::ostream &operator<<(std::ostream &out, const Scenario &s) { return out << s.name; }

const std::vector<Scenario> &Scenarios();

// Whether it is zmalloc's calls of the allocator that fail; else it is what the
// allocator asks of the OS.
bool CallsFail();

// For scenarios with threads: from here on calls fail.
void StartFaults();

// By file.
std::vector<Scenario> AllocationScenarios();
std::vector<Scenario> FigureScenarios();
std::vector<Scenario> InlineScenarios();
std::vector<Scenario> ThreadScenarios();

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_FAULTS_SCENARIOS_H_
