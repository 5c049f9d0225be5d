// Limits that last as long as an object.
#ifndef ZMALLOC_TESTS_LIMITS_LIMITED_H_
#define ZMALLOC_TESTS_LIMITS_LIMITED_H_

#include "tests/support.h"
#include "zmalloc/limit.h"

namespace zmalloc_test {

constexpr size_t kWindow = 256 << 10;

// A hard limit of so many bytes more than are used now.
class HardLimit {
  public:
    explicit HardLimit(size_t more) : limit_(zmalloc_used_memory() + more) {
        EXPECT_EQ(zmalloc_set_limit(0, limit_, nullptr, nullptr), 0);
    }
    ~HardLimit() { zmalloc_set_limit(0, 0, nullptr, nullptr); }
    HardLimit(const HardLimit &) = delete;

    size_t limit() const { return limit_; }

  private:
    size_t limit_;
};

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_LIMITS_LIMITED_H_
