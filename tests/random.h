#ifndef ZMALLOC_TESTS_RANDOM_H_
#define ZMALLOC_TESTS_RANDOM_H_

#include <cstddef>
#include <cstdint>

namespace zmalloc_test {

// Small, fast and the same everywhere (splitmix64).
class Random {
  public:
    explicit Random(uint64_t seed) : state_(seed) {}

    uint64_t Next() {
        uint64_t z = state_ += 0x9e3779b97f4a7c15u;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        return z ^ z >> 31;
    }
    // From 0 to `limit` - 1.
    size_t Below(size_t limit) { return Next() % limit; }

  private:
    uint64_t state_;
};

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_RANDOM_H_
