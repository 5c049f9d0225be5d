// The measurements over the one allocator that a binary is built with.  Both
// print a line for each layer of each, which the drivers read.
#ifndef TOOLS_ZBENCH_ONE_H_
#define TOOLS_ZBENCH_ONE_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "tools/zbench/filter.h"

namespace zbench {

// The calls that instructions are counted over; a multiple of a batch's.
constexpr uint64_t kCountedCalls = 6400;

// What --filter is about: ALLOCATOR/OP/SIZE.
std::string FullName(const std::string &op, size_t size);

// "OP SIZE LAYER PID": the process in which callgrind counted it.  An exit status.
int CountAll(const Filter &filter);

// "OP SIZE LAYER NS RATIO": ns a call, and what that is of the raw allocator's
// (0 where there is none); both are medians of the repetitions.
void TimeAll(const Filter &filter, const std::string &repetitions, const std::string &min_time);

}  // namespace zbench

#endif  // TOOLS_ZBENCH_ONE_H_
