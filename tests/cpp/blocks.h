// Shared by the tests of zmalloc.hpp.
#ifndef ZMALLOC_TESTS_CPP_BLOCKS_H_
#define ZMALLOC_TESTS_CPP_BLOCKS_H_

#include <type_traits>

#include "tests/support.h"

namespace zmalloc_test {

// Tells, at its end, whether used memory is what it was at its start.
class Balance {
  public:
    size_t Used() const { return zmalloc_used_memory() - before_; }

  private:
    const size_t before_ = zmalloc_used_memory();
};

template <size_t kAlignment, size_t kSize = kAlignment>
struct alignas(kAlignment) Aligned {
    unsigned char bytes[kSize];
};

inline bool IsAligned(const void *block, size_t alignment) {
    return reinterpret_cast<uintptr_t>(block) % alignment == 0;
}

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_CPP_BLOCKS_H_
