// Freeing a block subtracts what allocating it added, in whichever way zmalloc learned each size.
#include "tests/accounting/exact.h"

#include <thread>

namespace zmalloc_test {
namespace {

constexpr size_t kCalls = kThreadSanitizer ? 20000 : 100000;

TEST(Exact, EveryCall) {
    const uint64_t seed = Seed();
    EXPECT_EQ(CountInexactCalls(seed, kCalls), 0u) << "ZMALLOC_TEST_SEED=" << seed;
}

TEST(Exact, EveryCallOfAnotherThread) {
    const uint64_t seed = Seed();
    std::thread([seed] {
        EXPECT_EQ(CountInexactCalls(seed, kCalls), 0u) << "ZMALLOC_TEST_SEED=" << seed;
    }).join();
}

}  // namespace
}  // namespace zmalloc_test
