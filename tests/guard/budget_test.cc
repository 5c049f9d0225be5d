// What sampling may take, with made-up clocks.
#include "zmalloc/guard/budget.h"

#include <functional>

#include "gtest/gtest.h"
#include "tests/random.h"

namespace {

using zmalloc_test::Random;

// A program that would always sample: what it takes in `total`, of how long each.
uint64_t Spends(uint64_t total, uint64_t start, const std::function<uint64_t()> &one_takes) {
    Random random(total);
    uint64_t now = start, spent = 0;
    while (now < start + total) {
        now += random.Below(2000);  // of its own
        if (!zm_budget_allows(now)) continue;
        const uint64_t took = one_takes();
        now += took;
        spent += took;
        zm_budget_spend(now, took);
    }
    return spent;
}

TEST(Budget, IsKeptWhateverABlockTakes) {
    uint64_t start = 0;
    for (const uint64_t took : {1'000u, 20'000u, 500'000u}) {
        const uint64_t total = 2000 * took;
        const uint64_t spent = Spends(total, start += 1'000'000'000, [&] { return took; });
        EXPECT_LE(spent, total / ZM_BUDGET_PAUSE + took);
        EXPECT_GE(spent, total / ZM_BUDGET_PAUSE / 2);  // and used
    }
    Random random(1);
    const uint64_t total = 1'000'000'000, most = 100'000;
    const uint64_t spent = Spends(total, start * 2, [&] { return random.Below(most); });
    EXPECT_LE(spent, total / ZM_BUDGET_PAUSE + most);
    EXPECT_GE(spent, total / ZM_BUDGET_PAUSE / 2);
}

TEST(Budget, ChildrenOfForkBeginAnew) {
    zm_budget_spend(10'000'000'000, 10'000);
    EXPECT_FALSE(zm_budget_allows(10'000'000'000));
    EXPECT_FALSE(zm_budget_allows(10'000'000'000 + ZM_BUDGET_PAUSE * 10'000 - 1));
    EXPECT_TRUE(zm_budget_allows(10'000'000'000 + ZM_BUDGET_PAUSE * 10'000));
    EXPECT_TRUE(zm_budget_allows(1000));
}

TEST(Budget, AnotherThreadsClockMayBeAhead) {
    zm_budget_spend(20'000'000'000, 10'000);
    EXPECT_FALSE(zm_budget_allows(20'000'000'000 - 1'000));
}

TEST(Budget, WithoutAClockThereIsNone) {
    zm_budget_spend(0, 0);
    EXPECT_TRUE(zm_budget_allows(0));
}

}  // namespace
