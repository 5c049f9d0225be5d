// zmalloc.hpp as it is without exceptions and RTTI.
#ifndef ZMALLOC_TESTS_CPP_WITHOUT_H_
#define ZMALLOC_TESTS_CPP_WITHOUT_H_

#include <cstddef>

namespace without {

// Uses all of the header; whether it did as it should, everything freed again.
bool UseAll();

// Allocates so much by zm::allocator.
void Allocate(std::size_t size);

}  // namespace without

#endif  // ZMALLOC_TESTS_CPP_WITHOUT_H_
