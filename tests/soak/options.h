// The options of the soak's programs.
#ifndef ZMALLOC_TESTS_SOAK_OPTIONS_H_
#define ZMALLOC_TESTS_SOAK_OPTIONS_H_

#include <cstdint>
#include <string>

namespace zmalloc_test {

struct Options {
    uint64_t seconds = 120;
    uint64_t rounds = 0;     // instead of the seconds, when not 0
    uint64_t threads = 100;  // seats, each taken by one short-lived thread after another
    uint64_t seed = 0;       // 0: the time
    std::string variant;     // of the program that runs them all: only this one
};

// Returns -1 to go on, or the status to exit with.  `all`: --variant is one of
// `variants`, a text that lists them.
int ParseOptions(int argc, char **argv, const char *variants, Options *options);

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_SOAK_OPTIONS_H_
