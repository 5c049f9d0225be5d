// The time that sampling may take, with the clocks of a made-up machine in place of the system's.
#include "zmalloc/guard/budget.h"

#include <atomic>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "tests/random.h"
#include "zmalloc/os/os.h"

namespace {

using zmalloc_test::Random;

constexpr uint64_t kMillisecond = 1'000'000;
constexpr double kShare = 1 / 400.0;

thread_local uint64_t thread_cpu_time = 0;

struct {
    std::atomic<uint64_t> time{0}, cpu_time{0};
    uint64_t asking = 0;           // the time that asking for CPU time takes
    uint64_t tick = 1;             // CPU time is told in multiples of this
    std::atomic<int> together{0};  // so many threads must have asked before one goes on
    std::atomic<uint64_t> asked{0};

    void Wait(uint64_t so_long) { time += so_long; }
    void Work(uint64_t so_long) {
        time += so_long;
        cpu_time += so_long;
        thread_cpu_time += so_long;
    }
} machine;

struct Spent {
    uint64_t blocks = 0, sampling = 0, asking = 0, cpu_time = 0, time = 0;
};

// A program that waits `idle` times as long as it works, and would always sample.
Spent Simulate(uint64_t until, double idle, uint64_t asking, uint64_t most) {
    Random random(most + asking);
    zm_budget budget = {};
    zm_turn turn;
    Spent spent;
    const uint64_t time = machine.time = 1'000'000 * kMillisecond;
    const uint64_t cpu_time = machine.cpu_time = 10'000 * kMillisecond;
    machine.asking = asking;
    machine.asked = 0;
    while (machine.cpu_time < cpu_time + until) {
        const uint64_t work = random.Below(20'000);
        machine.Work(work);
        machine.Wait(static_cast<uint64_t>(static_cast<double>(work) * idle));
        if (!zm_budget_allows(&budget, &turn)) continue;
        const uint64_t took = 1 + random.Below(most);
        machine.Work(took);
        zm_budget_spend(&budget, &turn);
        spent.blocks++;
        spent.sampling += took;
    }
    machine.asking = 0;
    spent.asking = machine.asked * asking;
    spent.cpu_time = machine.cpu_time - cpu_time;
    spent.time = machine.time - time;
    return spent;
}

TEST(Budget, IsKeptAndUsed) {
    for (const double idle : {0.0, 1.0, 10.0, 100.0, 999.0}) {
        for (const uint64_t asking : {1u, 300u, 40'000u}) {
            for (const uint64_t most : {2'000u, 100'000u, 1'000'000u}) {
                SCOPED_TRACE(testing::Message() << idle << " " << asking << " " << most);
                const Spent spent = Simulate(4'000 * kMillisecond, idle, asking, most);
                const double all = static_cast<double>(spent.sampling + spent.asking);
                const double may = static_cast<double>(spent.cpu_time) * kShare;
                const double one = static_cast<double>(most + asking);
                const uint64_t seldom = spent.time / ZM_BUDGET_LONGEST_PAUSE * asking;
                EXPECT_LE(all, may + one + static_cast<double>(seldom));
                EXPECT_LE(all, static_cast<double>(spent.time) * kShare + one);
                EXPECT_GE(all, may / 4);
                EXPECT_GE(spent.blocks, 3u);
                if (asking < most) {
                    EXPECT_GE(static_cast<double>(spent.sampling), may / 16);
                }
            }
        }
    }
}

TEST(Budget, IsKeptAndUsedWhereCpuTimeIsToldInTicks) {
    for (const double idle : {0.0, 1.0, 100.0}) {
        machine.tick = 10 * kMillisecond;
        const Spent spent = Simulate(20'000 * kMillisecond, idle, 300, 100'000);
        machine.tick = 1;
        EXPECT_LE(static_cast<double>(spent.sampling),
                  static_cast<double>(spent.cpu_time) * kShare);
        EXPECT_GE(spent.blocks, 20u) << idle;
    }
}

TEST(Budget, IsOneThreadsAtATime) {
    zm_budget budget = {};
    std::atomic<int> inside{0}, most{0}, turns{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; t++) {
        threads.emplace_back([&] {
            zm_turn turn;
            for (int i = 0; i < 20000; i++) {
                machine.Work(1000);
                if (!zm_budget_allows(&budget, &turn)) continue;
                if (++inside > 1) most = 2;
                turns++;
                machine.Work(1000);
                std::this_thread::yield();
                inside--;
                zm_budget_spend(&budget, &turn);
            }
        });
    }
    for (auto &thread : threads) thread.join();
    EXPECT_EQ(most, 0);
    EXPECT_GE(turns, 2);
}

TEST(Budget, IsOneOfThoseWhoAskAtOnce) {
    zm_budget budget = {};
    std::atomic<int> turns{0};
    constexpr int kThreads = 8;
    machine.together = kThreads;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; t++) {
        threads.emplace_back([&] {
            zm_turn turn;
            turns += zm_budget_allows(&budget, &turn);
        });
    }
    for (auto &thread : threads) thread.join();
    EXPECT_EQ(turns, 1);
}

TEST(Budget, IsNotHadByAskingOften) {
    zm_budget budget = {};
    zm_turn turn;
    EXPECT_TRUE(zm_budget_allows(&budget, &turn));
    machine.Work(12 * kMillisecond / 5);
    zm_budget_spend(&budget, &turn);
    machine.asking = 9 * kMillisecond;
    for (int i = 0; i < 5; i++) {
        machine.Wait(ZM_BUDGET_LONGEST_PAUSE);
        EXPECT_FALSE(zm_budget_allows(&budget, &turn)) << i;
    }
    machine.asking = 0;
}

TEST(Budget, IsNobodysForLongWhoeverHadIt) {
    zm_budget budget = {};
    zm_turn turn;
    ASSERT_TRUE(zm_budget_allows(&budget, &turn));  // and the turn is never given back
    EXPECT_FALSE(zm_budget_allows(&budget, &turn));
    machine.Work(ZM_BUDGET_LONGEST_PAUSE);
    EXPECT_TRUE(zm_budget_allows(&budget, &turn));
}

// Whether the budget allows another turn, after a turn in which the thread's CPU clock moved by the
// first number, and after the second number of ns.
bool AllowsAfter(int64_t thread_cpu_time_went, uint64_t then) {
    zm_budget budget = {};
    zm_turn turn;
    thread_cpu_time = 1'000'000 * kMillisecond;
    machine.cpu_time = 1'000'000 * kMillisecond;
    EXPECT_TRUE(zm_budget_allows(&budget, &turn));
    thread_cpu_time += static_cast<uint64_t>(thread_cpu_time_went);
    zm_budget_spend(&budget, &turn);
    machine.Work(then);
    return zm_budget_allows(&budget, &turn);
}

TEST(Budget, PausesAreNeitherWithoutEndNorLeftOut) {
    for (const int64_t went : {INT64_C(0), INT64_C(-1), INT64_C(-1'000'000), INT64_C(11'000'000),
                               INT64_C(100'000'000'000), INT64_MAX, INT64_MIN}) {
        EXPECT_FALSE(AllowsAfter(went, ZM_BUDGET_LONGEST_PAUSE - 1)) << went;
        EXPECT_TRUE(AllowsAfter(went, ZM_BUDGET_LONGEST_PAUSE)) << went;
    }
    EXPECT_FALSE(AllowsAfter(10'000, 400 * 10'000 - 1));
    EXPECT_TRUE(AllowsAfter(10'000, 400 * 10'000));
}

TEST(Budget, ClocksMayBeSetBack) {
    zm_budget budget = {};
    zm_turn turn;
    machine.time = machine.cpu_time = 1'000'000 * kMillisecond;
    ASSERT_TRUE(zm_budget_allows(&budget, &turn));
    machine.Work(kMillisecond);
    zm_budget_spend(&budget, &turn);
    machine.time -= 2 * kMillisecond;  // as if read on another CPU
    EXPECT_FALSE(zm_budget_allows(&budget, &turn));
    machine.Work(500 * kMillisecond);
    ASSERT_TRUE(zm_budget_allows(&budget, &turn));
    machine.time -= 2 * kMillisecond;
    EXPECT_FALSE(zm_budget_allows(&budget, &turn));
    machine.time = kMillisecond;
    machine.cpu_time = kMillisecond;
    EXPECT_TRUE(zm_budget_allows(&budget, &turn));
}

TEST(Budget, WithoutCpuTimeThereIsTime) {
    zm_budget budget = {};
    zm_turn turn;
    int turns = 0;
    const uint64_t until = machine.time + 10 * ZM_BUDGET_LONGEST_PAUSE;
    while (machine.time < until) {
        machine.Wait(kMillisecond);
        machine.cpu_time = thread_cpu_time = 0;
        if (!zm_budget_allows(&budget, &turn)) continue;
        zm_budget_spend(&budget, &turn);
        turns++;
    }
    EXPECT_EQ(turns, 10);
}

}  // namespace

extern "C" {

uint64_t zm_os_time(void) {
    if (machine.together > 0) {
        machine.together--;
        while (machine.together > 0) std::this_thread::yield();
    }
    return machine.time;
}

uint64_t zm_os_cpu_time(void) {
    machine.Work(machine.asking);
    machine.asked++;
    return machine.cpu_time / machine.tick * machine.tick;
}

uint64_t zm_os_thread_cpu_time(void) { return thread_cpu_time / machine.tick * machine.tick; }
}
