// What sampling may take, with made-up clocks.
#include "zmalloc/guard/budget.h"

#include <functional>

#include "gtest/gtest.h"
#include "tests/random.h"

namespace {

using zmalloc_test::Random;

// A program that would always sample: what it takes in `total`, of how long each.
uint64_t Spends(uint64_t total, const std::function<uint64_t()> &one_takes) {
    Random random(total);
    zm_budget budget = {};
    uint64_t now = 1'000'000'000'000, spent = 0;
    for (const uint64_t end = now + total; now < end; now += random.Below(2000)) {
        if (!zm_budget_allows(&budget, now)) continue;
        const uint64_t took = one_takes();
        now += took;
        spent += took;
        zm_budget_spend(&budget, now, took);
    }
    return spent;
}

TEST(Budget, IsKeptWhateverABlockTakes) {
    for (const uint64_t took : {1'000u, 20'000u, 500'000u}) {
        const uint64_t total = 10 * ZM_BUDGET_PAUSE * took;
        const uint64_t spent = Spends(total, [&] { return took; });
        EXPECT_LE(spent, total / ZM_BUDGET_PAUSE + took);
        EXPECT_GE(spent, total / ZM_BUDGET_PAUSE / 2);  // and used
    }
    Random random(1);
    const uint64_t total = 10'000'000'000, most = 100'000;
    const uint64_t spent = Spends(total, [&] { return random.Below(most); });
    EXPECT_LE(spent, total / ZM_BUDGET_PAUSE + most);
    EXPECT_GE(spent, total / ZM_BUDGET_PAUSE / 2);
}

TEST(Budget, ChildrenOfForkBeginAnew) {
    const uint64_t took = 10'000, end = 10'000'000'000;
    zm_budget budget = {};
    EXPECT_TRUE(zm_budget_allows(&budget, 0));
    zm_budget_spend(&budget, end, took);
    EXPECT_FALSE(zm_budget_allows(&budget, end));
    EXPECT_FALSE(zm_budget_allows(&budget, end + ZM_BUDGET_PAUSE * took - 1));
    EXPECT_TRUE(zm_budget_allows(&budget, end + ZM_BUDGET_PAUSE * took));
    EXPECT_TRUE(zm_budget_allows(&budget, 1000));
}

TEST(Budget, AnotherThreadsClockMayBeAhead) {
    zm_budget budget = {};
    zm_budget_spend(&budget, 20'000'000'000, 10'000);
    EXPECT_FALSE(zm_budget_allows(&budget, 20'000'000'000 - 1'000));
}

TEST(Budget, WithoutAClockThereIsNone) {
    zm_budget budget = {};
    zm_budget_spend(&budget, 0, 0);
    EXPECT_TRUE(zm_budget_allows(&budget, 0));
}

}  // namespace
