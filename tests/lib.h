// What the binary is built over, for sources that are compiled once for all variants.
#ifndef ZMALLOC_TESTS_LIB_H_
#define ZMALLOC_TESTS_LIB_H_

#include <string>

namespace zmalloc_test {

// ZMALLOC_LIB.
std::string Lib();

// ZMALLOC_BACKEND.
std::string Backend();

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_LIB_H_
