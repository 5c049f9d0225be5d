// Bugs that a sanitizer must find.
#ifndef ZMALLOC_TESTS_SANITIZERS_PLANTED_H_
#define ZMALLOC_TESTS_SANITIZERS_PLANTED_H_

#include <vector>

namespace zmalloc_test {

struct Planted {
    const char *name;
    void (*run)(bool bug);  // the same code with the bug and without
    const char *report;     // what the sanitizer says of it
};

// One list per sanitizer, in the file of its name.
std::vector<Planted> AllPlanted();

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_SANITIZERS_PLANTED_H_
