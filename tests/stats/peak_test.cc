// zmalloc_peak_memory() is never more than was used, and less by no more than is promised; and a
// reset.
#include <unistd.h>

#include <atomic>
#include <ctime>
#include <thread>

#include "tests/support.h"

namespace zmalloc_test {
namespace {

constexpr size_t kWindow = 256 << 10;  // per live thread

TEST(Peak, FollowsAndIsReset) {
    zmalloc_peak_memory_reset();
    const size_t before = zmalloc_used_memory();
    void *block = zmalloc(10 * kMiB);
    const size_t high = zmalloc_used_memory();
    zfree(block);
    EXPECT_EQ(zmalloc_used_memory(), before);
    EXPECT_EQ(zmalloc_peak_memory(), high);  // a block larger than the window is seen at once
    zmalloc_peak_memory_reset();
    EXPECT_EQ(zmalloc_peak_memory(), before);
}

// The next second of the clock that the times below come from.
time_t NextSecond() {
    const time_t now = time(nullptr);
    while (time(nullptr) == now) usleep(1000);
    return time(nullptr);
}

TEST(Peak, TimeIsThatOfThePeak) {
    zmalloc_peak_memory_reset();
    const time_t start = NextSecond();
    void *block = zmalloc(10 * kMiB);
    const time_t reached = zmalloc_get_peak_memory_time();
    EXPECT_GE(reached, start);
    EXPECT_LE(reached, time(nullptr));
    EXPECT_EQ(zmalloc_get_peak_memory(), zmalloc_peak_memory());
    zfree(block);
    const time_t later = NextSecond();
    zfree(zmalloc(1 * kMiB));  // no new peak
    EXPECT_EQ(zmalloc_get_peak_memory_time(), reached);
    block = zmalloc(20 * kMiB);
    EXPECT_GE(zmalloc_get_peak_memory_time(), later);
    zfree(block);
    const time_t reset = NextSecond();
    zmalloc_peak_memory_reset();
    EXPECT_GE(zmalloc_get_peak_memory_time(), reset);
}

TEST(Peak, ErrorBoundOfOneThread) {
    Random random(7);
    zmalloc_peak_memory_reset();
    size_t true_peak = zmalloc_used_memory();
    std::vector<void *> blocks;
    for (int i = 0; i < 200000; i++) {
        // Grows and shrinks in waves, slowly enough to stay inside windows.
        const bool grow = random.Below(100) < (i / 5000 % 2 == 0 ? 55u : 45u);
        if (grow || blocks.empty()) {
            blocks.push_back(zmalloc(random.Below(2000)));
        } else {
            zfree(blocks.back());
            blocks.pop_back();
        }
        true_peak = std::max(true_peak, zmalloc_used_memory());
        if (i % 10007 == 0) {
            const size_t peak = zmalloc_peak_memory();
            ASSERT_LE(peak, true_peak);
            ASSERT_GE(peak + kWindow, true_peak);
            ASSERT_GE(peak, zmalloc_used_memory());
        }
    }
    for (void *block : blocks) zfree(block);
    EXPECT_LE(zmalloc_peak_memory(), true_peak);
    EXPECT_GE(zmalloc_peak_memory() + kWindow, true_peak);
}

// All threads rise at once, in small steps, each to a height that is known.
TEST(Peak, ErrorBoundOfManyThreads) {
    constexpr int kThreads = 16;
    constexpr size_t kBlocks = 3000;
    zmalloc_peak_memory_reset();
    std::atomic<int> arrived{0}, measured{0};
    std::atomic<size_t> true_peak{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; t++) {
        threads.emplace_back([&] {
            std::vector<void *> blocks;
            for (size_t i = 0; i < kBlocks; i++) blocks.push_back(zmalloc(200));
            if (++arrived == kThreads) {
                true_peak = zmalloc_used_memory();
                measured = 1;
            }
            while (measured == 0) std::this_thread::yield();
            for (void *block : blocks) zfree(block);
        });
    }
    for (std::thread &thread : threads) thread.join();
    const size_t peak = zmalloc_peak_memory();
    EXPECT_GE(true_peak, kThreads * kBlocks * 200);
    EXPECT_GE(peak + (kThreads + 1) * kWindow, true_peak);
    EXPECT_LE(peak, true_peak);
}

// While a thread only frees, its window moves down; the next rise is measured from there, whatever
// the steps.
TEST(Peak, RisesAfterFalls) {
    std::vector<void *> blocks;
    for (size_t step : {40u, 1000u, 16384u, 30000u, 50000u, 100000u}) {
        for (size_t height : {size_t{200000}, 5 * kMiB, size_t{100000}}) {
            zmalloc_peak_memory_reset();
            for (size_t risen = 0; risen < height; risen += step) blocks.push_back(zmalloc(step));
            const size_t true_peak = zmalloc_used_memory();
            while (!blocks.empty()) {
                zfree(blocks.back());
                blocks.pop_back();
            }
            EXPECT_GE(zmalloc_peak_memory() + kWindow, true_peak) << step << " to " << height;
            EXPECT_LE(zmalloc_peak_memory(), true_peak) << step << " to " << height;
        }
    }
}

// The count of a thread that has ended, less than a window, is kept in full.
TEST(Peak, OfThreadsThatAreGone) {
    zmalloc_peak_memory_reset();
    std::vector<void *> blocks(500);
    for (void *&block : blocks) std::thread([&] { block = zmalloc(20000); }).join();
    const size_t true_peak = zmalloc_used_memory();
    for (void *block : blocks) zfree(block);
    EXPECT_GE(zmalloc_peak_memory() + 2 * kWindow, true_peak);
}

}  // namespace
}  // namespace zmalloc_test
