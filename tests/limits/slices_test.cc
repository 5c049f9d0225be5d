// How long the parts take in which the pressure thread purges.
#include <chrono>
#include <thread>

#include "tests/support.h"

// Of zmalloc/allocator/backend.h.
extern "C" bool zm_backend_purge_slice(unsigned slice);

namespace zmalloc_test {
namespace {

using std::chrono::steady_clock;

constexpr size_t kHeap = 256 * kMiB;

// Blocks of several sizes.  Of each hundred one stays, so that free memory lies between blocks; and
// the last small ones, so that the libc's heap does not shrink.
std::vector<void *> FreeMostOfTheHeap() {
    std::vector<void *> blocks, kept;
    Random random(1);
    for (size_t bytes = 0; bytes < kHeap;) {
        const size_t size = 1 + random.Below(random.Below(10) == 0 ? 100000 : 5000);
        blocks.push_back(std::memset(zmalloc(size), 1, size));
        bytes += size;
    }
    for (size_t i = 0; i < blocks.size(); i++) {
        if (i % 100 == 0 || i + 100 > blocks.size()) {
            kept.push_back(blocks[i]);
        } else {
            zfree(blocks[i]);
        }
    }
    return kept;
}

struct Slices {
    unsigned count = 0;
    steady_clock::duration longest{0}, all{0};
};

Slices Purge() {
    Slices slices;
    for (bool more = true; more; slices.count++) {
        const auto begin = steady_clock::now();
        more = zm_backend_purge_slice(slices.count);
        const auto took = steady_clock::now() - begin;
        slices.longest = std::max(slices.longest, took);
        slices.all += took;
    }
    return slices;
}

double Milliseconds(steady_clock::duration took) {
    return std::chrono::duration<double, std::milli>(took).count();
}

void Print(const char *thread, const Slices &slices, size_t before, size_t after) {
    std::printf(
        "%s thread: %u parts, the longest %.2f ms, all %.1f ms; gave back %.0f of %.0f MiB\n",
        thread, slices.count, Milliseconds(slices.longest), Milliseconds(slices.all),
        (static_cast<double>(before) - static_cast<double>(after)) / kMiB,
        static_cast<double>(before) / kMiB);
}

// The pressure thread is another thread than those that free.  For mimalloc this differs: it gives
// back what lies in heaps of the calling thread, or of none.
TEST(Slices, GiveBackWhatIsFree) {
    const std::vector<void *> kept = FreeMostOfTheHeap();
    const size_t before = zmalloc_get_rss();
    Slices others;
    std::thread([&] { others = Purge(); }).join();
    const size_t between = zmalloc_get_rss();
    const Slices own = Purge();
    const size_t after = zmalloc_get_rss();
    Print("another", others, before, between);
    Print("the same", own, between, after);
    if (GivesBack() && !OverSanitizersMalloc() && !Emulated()) {
        EXPECT_LT(after, before - kHeap / 4);
    }
    for (void *block : kept) zfree(block);
}

}  // namespace
}  // namespace zmalloc_test
