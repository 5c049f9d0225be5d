// Made-up rows of a profile, in place of the sampler's.
#ifndef TESTS_PROFILE_ROWS_H_
#define TESTS_PROFILE_ROWS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "zmalloc/profile/rows.h"

namespace profile_test {

struct Row {
    std::vector<const void *> frames;  // innermost first
    const char *label = nullptr;
    struct zm_profile_row figures = {};
};

// What zm_profile_rows() and its like tell.
std::vector<Row> &Rows();
void SetRate(uint64_t rate);

// Adds a row of `live` blocks of `size` bytes of `allocated` ones.
Row &AddRow(const std::vector<const void *> &frames, uint64_t live, uint64_t allocated,
            uint64_t size, uint64_t waste = 0);

// The return address of a call in a function.
const void *CallIn(const void *function);

}  // namespace profile_test

#endif  // TESTS_PROFILE_ROWS_H_
