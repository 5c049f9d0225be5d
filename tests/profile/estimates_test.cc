// A program whose heap is known: the estimates of a profile are right on average.
#include <atomic>
#include <cmath>
#include <thread>

#include "tests/profile/sites.h"

namespace zmalloc_test {
namespace {

constexpr size_t kRate = 16 << 10;

// Ten stacks: each calls from its own place, blocks of its own size.
constexpr size_t kSizes[] = {16, 24, 100, 500, 2000, 5000, 20000, 70000, 200000, 600000};
constexpr size_t kSites = sizeof kSizes / sizeof *kSizes;
constexpr size_t kBytesOfSite = 1 << 20;

const void *site_frames[kSites];

// The address to which this function returns is that of the site.
__attribute__((noinline)) void *Allocate(size_t site) {
    site_frames[site] = __builtin_extract_return_addr(__builtin_return_address(0));
    void *block = zmalloc(kSizes[site]);
    asm volatile("" : : "r"(block) : "memory");  // no tail call
    return block;
}

template <size_t kSite>
__attribute__((noinline)) void AllocateFrom(std::vector<void *> *blocks) {
    for (size_t i = 0; i < kBytesOfSite / kSizes[kSite]; i++) {
        void *block = Allocate(kSite);
        asm volatile("" : : "r"(kSite), "r"(block) : "memory");
        blocks->push_back(block);
    }
}

template <size_t... kSite>
void AllocateAll(std::vector<void *> *blocks, std::index_sequence<kSite...>) {
    (AllocateFrom<kSite>(&blocks[kSite]), ...);
}

class Heap {
  public:
    Heap() { AllocateAll(blocks_, std::make_index_sequence<kSites>()); }
    ~Heap() {
        for (auto &blocks : blocks_) {
            for (void *block : blocks) zfree(block);
        }
    }
    double Bytes(size_t site) const {
        double sum = 0;
        for (void *block : blocks_[site]) sum += static_cast<double>(zmalloc_size(block));
        return sum;
    }
    size_t Blocks(size_t site) const { return blocks_[site].size(); }

  private:
    std::vector<void *> blocks_[kSites];
};

// Of the estimate of one run.  A block of s bytes is a sample with the probability p, and then
// counts for s / p bytes.
double Variance(double bytes, size_t blocks) {
    const double s = bytes / static_cast<double>(blocks);
    const double p = -std::expm1(-s / kRate);
    return static_cast<double>(blocks) * s * s * (1 - p) / p;
}

// Of the sums over all runs.  Five standard errors: the test fails by chance once in 100,000 runs
// of all variants.
void ExpectNear(double estimate, double truth, double variance) {
    EXPECT_NEAR(estimate, truth, 5 * std::sqrt(variance) + 1000);
}

TEST(Estimates, AreRightOnAverageForEachStack) {
    constexpr size_t kRuns = 100;
    double live[kSites] = {}, truth[kSites] = {}, variance[kSites] = {};
    ASSERT_EQ(zmalloc_profile_start(kRate), 0);
    for (size_t run = 0; run < kRuns; run++) {
        const Heap heap;
        for (size_t site = 0; site < kSites; site++) {
            live[site] += static_cast<double>(FindFrame(site_frames[site]).live_bytes);
            truth[site] += heap.Bytes(site);
            variance[site] += Variance(heap.Bytes(site), heap.Blocks(site));
        }
    }
    if (FindAll().samples != 0 && FindFrame(site_frames[0]).samples == 0) {
        GTEST_SKIP() << "this platform tells no call stacks";
    }
    for (size_t site = 0; site < kSites; site++) {
        SCOPED_TRACE(kSizes[site]);
        ExpectNear(live[site], truth[site], variance[site]);
        const Found found = FindFrame(site_frames[site]);
        EXPECT_EQ(found.live_bytes, 0U);
        EXPECT_EQ(found.live_samples, 0U);
        ExpectNear(static_cast<double>(found.allocated_bytes), truth[site], variance[site]);
    }
    zmalloc_profile_stop();
}

// A thread that allocates and frees the same few bytes is seen as well.
TEST(Estimates, CountWhatIsFreedAtOnce) {
    constexpr size_t kBlocks = 1 << 20, kSize = 64;
    ASSERT_EQ(zmalloc_profile_start(kRate), 0);
    std::thread([] {
        const Label label("freed at once");
        for (size_t i = 0; i < kBlocks; i++) {
            void *block = zmalloc(kSize);
            asm volatile("" : : "r"(block) : "memory");
            zfree(block);
        }
    }).join();
    void *block = zmalloc(kSize);
    const double bytes = static_cast<double>(kBlocks * zmalloc_size(block));
    zfree(block);
    const Found found = FindLabel("freed at once");
    ExpectNear(static_cast<double>(found.allocated_bytes), bytes, Variance(bytes, kBlocks));
    EXPECT_EQ(found.live_samples, 0U);
    zmalloc_profile_stop();
}

// Blocks that grow and shrink stay samples, or become samples, as often as new ones of their size.
TEST(Estimates, AreRightAfterRealloc) {
    constexpr size_t kRuns = 100, kBlocks = 200;
    const Label label("resized");
    double live = 0, truth = 0;  // all that a block of the end has was allocated
    ASSERT_EQ(zmalloc_profile_start(kRate), 0);
    for (size_t run = 0; run < kRuns; run++) {
        std::vector<void *> blocks;
        for (size_t i = 0; i < kBlocks; i++) {
            void *block = zmalloc(8);
            for (size_t size = 16; size <= 4096; size *= 2) block = zrealloc(block, size);
            blocks.push_back(block);
        }
        live += static_cast<double>(FindLabel("resized").live_bytes);
        for (void *block : blocks) truth += static_cast<double>(zmalloc_size(block));
        for (void *block : blocks) zfree(block);
    }
    const Found found = FindLabel("resized");
    ExpectNear(live, truth, Variance(truth, kRuns * kBlocks));
    ExpectNear(static_cast<double>(found.allocated_bytes), truth, Variance(truth, kRuns * kBlocks));
    ExpectNear(static_cast<double>(found.allocated_blocks) * 4096, kRuns * kBlocks * 4096.0,
               Variance(truth, kRuns * kBlocks));
    EXPECT_EQ(found.live_samples, 0U);
    zmalloc_profile_stop();
}

// Such a block is a sample as often as another one of its size.
TEST(Estimates, AreRightForBlocksThatShrinkAndGrowAgain) {
    constexpr size_t kBlocks = 5000, kRounds = 20;
    const Label label("in turns");
    std::vector<void *> blocks;
    double small = 0, full = 0;
    ASSERT_EQ(zmalloc_profile_start(kRate), 0);
    for (size_t i = 0; i < kBlocks; i++) blocks.push_back(zmalloc(4096));
    for (size_t round = 0; round < kRounds; round++) {
        for (void *&block : blocks) block = zrealloc(zrealloc(block, 200), 4096);
    }
    for (void *block : blocks) full += static_cast<double>(zmalloc_size(block));
    ExpectNear(static_cast<double>(FindLabel("in turns").live_bytes), full,
               Variance(full, kBlocks));
    for (void *&block : blocks) block = zrealloc(block, 200);
    for (void *block : blocks) small += static_cast<double>(zmalloc_size(block));
    ExpectNear(static_cast<double>(FindLabel("in turns").live_bytes), small,
               Variance(small, kBlocks));
    for (void *block : blocks) zfree(block);
    EXPECT_EQ(FindLabel("in turns").live_samples, 0U);
    zmalloc_profile_stop();
}

// The weight of a sample is that of the rate at which it became one.
TEST(Estimates, AreRightForSamplesThatGrowAtAnotherRate) {
    constexpr size_t kBlocks = 5000;
    for (const size_t then : {size_t{0}, kRate}) {
        const Label label(then == 0 ? "after stop" : "at another rate");
        const char *name = then == 0 ? "after stop" : "at another rate";
        std::vector<void *> blocks;
        double bytes = 0;
        ASSERT_EQ(zmalloc_profile_start(1), 0);
        for (size_t i = 0; i < kBlocks; i++) blocks.push_back(zmalloc(500));
        then == 0 ? zmalloc_profile_stop() : (void)zmalloc_profile_start(then);
        for (void *&block : blocks) block = zrealloc(block, 1000);
        for (void *block : blocks) bytes += static_cast<double>(zmalloc_size(block));
        ExpectNear(static_cast<double>(FindLabel(name).live_bytes), bytes, 0);
        for (void *block : blocks) zfree(block);
        zmalloc_profile_stop();
    }
}

// A thread that ran before the start notices it at this block.
TEST(Estimates, HaveALargeBlockThatIsAThreadsFirstSinceTheStart) {
    std::atomic<int> step{0};
    std::thread thread([&step] {
        const Label label("first since the start");
        void *before = zmalloc(16);
        step = 1;
        while (step != 2) std::this_thread::yield();
        void *block = zmalloc(64 << 20);
        EXPECT_EQ(FindLabel("first since the start").live_bytes, zmalloc_size(block));
        zfree(block);
        zfree(before);
    });
    while (step != 1) std::this_thread::yield();
    ASSERT_EQ(zmalloc_profile_start(kRate), 0);
    step = 2;
    thread.join();
    zmalloc_profile_stop();
}

}  // namespace
}  // namespace zmalloc_test
