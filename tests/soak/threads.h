// Threads that come and go.
#ifndef ZMALLOC_TESTS_SOAK_THREADS_H_
#define ZMALLOC_TESTS_SOAK_THREADS_H_

#include "tests/soak/blocks.h"

namespace zmalloc_test {

// Runs `seats` threads, each of which starts one short-lived thread after another;
// these allocate blocks, take some that others left, and leave some themselves.  Returns how many
// short-lived threads there were.
size_t RunThreads(uint64_t seed, size_t seats, Pool *pool, Verdict *verdict);

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_SOAK_THREADS_H_
