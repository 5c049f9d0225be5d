// The words that zmeasure gives, for samples of which the right word is known.
#include "tools/zmeasure/stats.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace {

// The same numbers each time.
class Random {
  public:
    explicit Random(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15 + 1) {}

    // Above 0, below 1.
    double Uniform() {
        state_ ^= state_ >> 12;
        state_ ^= state_ << 25;
        state_ ^= state_ >> 27;
        return (static_cast<double>((state_ * 0x2545f4914f6cdd1d) >> 11) + 0.5) /
               9007199254740992.0;
    }

    double Normal() {
        return std::sqrt(-2 * std::log(Uniform())) * std::cos(6.283185307179586 * Uniform());
    }

  private:
    uint64_t state_;
};

using Draw = double (*)(Random &);

double Bell(Random &random) { return 100 * std::exp(0.03 * random.Normal()); }
double Skewed(Random &random) { return 100 + 5 * -std::log(random.Uniform()); }
double TwoValues(Random &random) { return random.Uniform() < 0.3 ? 100 : 112; }
double Interrupted(Random &random) {
    double value = Bell(random);
    return random.Uniform() < 0.15 ? value * (1 + random.Uniform()) : value;
}

// As zmeasure has them: four figures of five columns, each against a sixth.
constexpr int kFigures = 4, kColumns = 5;

std::vector<difference> Measure(Random &random, Draw draw, size_t runs, double effect) {
    std::vector<difference> found;
    for (int figure = 0; figure < kFigures; figure++) {
        std::vector<double> base;
        for (size_t i = 0; i < runs; i++) base.push_back(draw(random));
        for (int column = 0; column < kColumns; column++) {
            std::vector<double> other;
            bool differs = figure == 0 && column == 0;
            for (size_t i = 0; i < runs; i++) {
                other.push_back(draw(random) * (differs ? 1 + effect : 1));
            }
            found.push_back(stats_compare(base.data(), other.data(), runs));
        }
    }
    std::vector<difference *> judged;
    for (difference &one : found) judged.push_back(&one);
    for (size_t figure = 0; figure < kFigures; figure++) {
        stats_steps(judged.data() + figure * kColumns, kColumns, judged.size());
    }
    stats_judge(judged.data(), judged.size());
    return found;
}

class EqualTest : public testing::TestWithParam<Draw> {};

TEST_P(EqualTest, HasNoDifferenceIn95Of100Measurements) {
    constexpr int kTrials = 100;
    for (size_t runs : {5u, 8u}) {
        if (runs == 8 && GetParam() != Bell) continue;  // it takes its time
        int wrong = 0;
        for (int trial = 0; trial < kTrials; trial++) {
            Random random(static_cast<uint64_t>(trial) + 1);
            bool any = false;
            for (const difference &one : Measure(random, GetParam(), runs, 0)) {
                any = any || one.clear;
            }
            wrong += any;
        }
        EXPECT_LE(wrong, kTrials / 20) << runs << " runs";
    }
}

INSTANTIATE_TEST_SUITE_P(Distributions, EqualTest,
                         testing::Values(Bell, Skewed, TwoValues, Interrupted));

TEST(StatsTest, AClearDifferenceIsFound) {
    int found = 0;
    for (uint64_t trial = 1; trial <= 40; trial++) {
        Random random(trial);
        const difference one = Measure(random, Bell, 8, -0.2)[0];
        found += one.clear;
        EXPECT_LT(one.median, 0);
        EXPECT_LT(one.low, one.high);
    }
    EXPECT_GE(found, 36);
}

// What the sentence is made of: which differences are clear, and their directions.
std::vector<int> Words(const std::vector<difference> &found) {
    std::vector<int> words;
    for (const difference &one : found) words.push_back(!one.clear ? 0 : one.median < 0 ? -1 : 1);
    return words;
}

struct Noise {
    Draw draw;
    size_t runs;
};

template <int kPermille>
double Noisy(Random &random) {
    return 100 * std::exp(kPermille / 1000.0 * random.Normal());
}

class RepeatTest : public testing::TestWithParam<Noise> {};

// What is well above the step is said in 95 of 100 measurements, what is well below it in none, and
// all of the other words are the same as well.
TEST_P(RepeatTest, TheSentenceIsTheSame) {
    constexpr int kTrials = 40;
    const Noise &noise = GetParam();
    double least = INFINITY, most = 0;
    for (uint64_t trial = 1; trial <= 20; trial++) {
        Random random(trial + 1000);
        const double step = Measure(random, noise.draw, noise.runs, 0)[0].step;
        least = std::min(least, step);
        most = std::max(most, step);
    }
    for (bool above : {true, false}) {
        const double effect = above ? std::pow(1 + most, 2) - 1 : 0.4 * least;
        std::vector<int> right(kFigures * kColumns, 0);
        right[0] = above;
        int same = 0;
        for (uint64_t trial = 1; trial <= kTrials; trial++) {
            Random random(trial);
            same += Words(Measure(random, noise.draw, noise.runs, effect)) == right;
        }
        EXPECT_GE(same, kTrials * 95 / 100)
            << (above ? "above" : "below") << ", step " << least << " to " << most;
    }
}

INSTANTIATE_TEST_SUITE_P(Noises, RepeatTest,
                         testing::Values(Noise{Noisy<3>, 7}, Noise{Noisy<30>, 7},
                                         Noise{Noisy<300>, 7}, Noise{Noisy<100>, 15},
                                         Noise{Interrupted, 15}));

// "The others differ by less than".
TEST(StatsTest, TheMostIsMoreThanTheTruth) {
    int held = 0;
    for (uint64_t trial = 1; trial <= 100; trial++) {
        Random random(trial);
        bool all = true;
        const std::vector<difference> found = Measure(random, Bell, 7, 0.04);
        for (const difference &one : found) {
            all = all && stats_most(&one, found.size()) >= (&one == found.data() ? 0.04 : 0);
        }
        held += all;
    }
    EXPECT_GE(held, 95);
}

TEST(StatsTest, StepsFollowTheNoise) {
    Random random(1);
    EXPECT_EQ(Measure(random, Noisy<1>, 7, 0)[0].step, STATS_LEAST);
    EXPECT_GT(Measure(random, Noisy<30>, 7, 0)[0].step, STATS_LEAST);
    EXPECT_GE(Measure(random, Noisy<500>, 7, 0)[0].step, 1);
}

// Wilson's interval, from tables.
TEST(StatsTest, Parts) {
    double low, high;
    stats_part(0.5, 100, &low, &high);
    EXPECT_NEAR(low, 0.4038, 1e-4);
    EXPECT_NEAR(high, 0.5962, 1e-4);
    stats_part(0, 100, &low, &high);
    EXPECT_EQ(low, 0);
    EXPECT_NEAR(high, 0.0370, 1e-4);
    stats_part(1, 100, &low, &high);
    EXPECT_EQ(high, 1);
}

TEST(StatsTest, IntervalsHoldTheTruth) {
    int held = 0;
    for (uint64_t trial = 1; trial <= 200; trial++) {
        Random random(trial);
        std::vector<double> base, other;
        for (int i = 0; i < 8; i++) {
            base.push_back(Bell(random));
            other.push_back(Bell(random) * 1.1);
        }
        const difference one = stats_compare(base.data(), other.data(), base.size());
        held += one.low <= 0.1 && one.high >= 0.1;
    }
    EXPECT_GE(held, 190);
}

TEST(StatsTest, TheSameRunsGiveTheSameResult) {
    const std::vector<double> base = {10, 11, 10.5, 10.2, 10.9};
    const std::vector<double> other = {9, 9.4, 9.2, 9.5, 9.1};
    const difference one = stats_compare(base.data(), other.data(), 5);
    const difference two = stats_compare(base.data(), other.data(), 5);
    EXPECT_EQ(one.median, two.median);
    EXPECT_EQ(one.low, two.low);
    EXPECT_EQ(one.high, two.high);
    EXPECT_EQ(one.chance, two.chance);
    EXPECT_NEAR(one.median, 9.2 / 10.5 - 1, 1e-9);
}

// From tables of Student's t: 4.604 at 1 % and 4 degrees of freedom.
TEST(StatsTest, ChancesAreThoseOfStudent) {
    const double differences[] = {0.9, 0.95, 1, 1.05, 1.1};  // mean 1, t = 28.28
    std::vector<double> base(5, 0), other;
    for (double one : differences) other.push_back(one - 1 + 4.604 * std::sqrt(0.00625 / 5));
    const difference found = stats_compare(base.data(), other.data(), 5);
    EXPECT_FALSE(found.relative);
    EXPECT_NEAR(found.chance, 0.01, 1e-4);
}

TEST(StatsTest, FewRunsAreNeverJudged) {
    const std::vector<double> base = {10, 10.1, 9.9, 10}, other = {1, 1.01, 0.99, 1};
    for (size_t runs = 1; runs < STATS_FEWEST; runs++) {
        difference one = stats_compare(base.data(), other.data(), runs), *judged[] = {&one};
        stats_judge(judged, 1);
        EXPECT_FALSE(one.clear) << runs;
        EXPECT_NEAR(one.median, -0.9, 0.01);
        EXPECT_TRUE(std::isnan(stats_most(&one, 1)));
    }
}

TEST(StatsTest, LessThanFivePartsInAHundredDoNotMatter) {
    std::vector<double> base = {1000, 1001, 1000, 1002, 1001, 1000}, other;
    for (double one : base) other.push_back(one * 1.04);
    difference found = stats_compare(base.data(), other.data(), 6), *judged[] = {&found};
    stats_judge(judged, 1);
    EXPECT_LT(found.chance, 0.001);
    EXPECT_FALSE(found.clear);
}

TEST(StatsTest, ZerosAndUnknownsAreNoRatios) {
    const std::vector<double> base = {0, 1, 0, NAN, 0}, other = {3, 4, 3, 3, 3};
    const difference one = stats_compare(base.data(), other.data(), 5);
    EXPECT_EQ(one.pairs, 4u);
    EXPECT_FALSE(one.relative);
    EXPECT_EQ(one.median, 3);
    EXPECT_TRUE(std::isnan(stats_compare(base.data(), other.data(), 0).median));
    EXPECT_TRUE(std::isnan(stats_median(nullptr, 0)));
}

TEST(StatsTest, Medians) {
    const double odd[] = {3, 1, 2}, even[] = {4, NAN, 1, 2, 3};
    EXPECT_EQ(stats_median(odd, 3), 2);
    EXPECT_EQ(stats_median(even, 5), 2.5);
}

}  // namespace
