// zmalloc.hpp as it is without exceptions and RTTI.
#ifndef ZMALLOC_TESTS_CPP_WITHOUT_H_
#define ZMALLOC_TESTS_CPP_WITHOUT_H_

#include <cstddef>

namespace without {

// Uses all of the header; returns whether everything worked and was freed again.
bool UseAll();

// Allocates that many bytes by zm::allocator.
void Allocate(std::size_t size);

}  // namespace without

#endif  // ZMALLOC_TESTS_CPP_WITHOUT_H_
