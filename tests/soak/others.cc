#include "tests/soak/others.h"

#include "zmalloc/stats.h"

namespace zmalloc_test {
namespace {

constexpr size_t kBlocks = 20000, kLargest = 300;
constexpr zmalloc_defrag_budget_t kStep = {500, 0};

// Shows a vector of blocks.
struct Cursor {
    std::vector<Block> *blocks;
    size_t at;

    static void *Next(void *arg) {
        Cursor *self = static_cast<Cursor *>(arg);
        if (self->at < self->blocks->size()) return (*self->blocks)[self->at++].ptr;
        self->at = 0;
        return nullptr;
    }
    static void Moved(void *arg, void *, void *to) {
        Cursor *self = static_cast<Cursor *>(arg);
        (*self->blocks)[self->at - 1].ptr = to;
        Defragmenter::moved++;
    }
};

}  // namespace

Defragmenter::Defragmenter(uint64_t seed, std::vector<Block> *blocks, Verdict *verdict)
    : blocks_(*blocks), verdict_(*verdict) {
    thread_ = std::thread([this, seed] {
        Random random(seed);
        do {
            Churn(&random);
            Defragment();
        } while (!stop_ && !verdict_.failed());
    });
}

Defragmenter::~Defragmenter() {
    stop_ = true;
    thread_.join();
}

// Leaves slabs of which little is used.
void Defragmenter::Churn(Random *random) {
    while (blocks_.size() < kBlocks) {
        blocks_.push_back(AllocateAny(random, random->Below(kLargest) + 1, &verdict_));
    }
    std::vector<Block> kept;
    for (const Block &block : blocks_) {
        if (random->Below(4) == 0) {
            kept.push_back(block);
        } else {
            FreeAny(random, block, &verdict_);
        }
    }
    blocks_.swap(kept);
}

// A block may move while it is checked, but never changes.
void Defragmenter::Defragment() {
    Cursor cursor = {&blocks_, 0};
    const zmalloc_defrag_cursor_t shown = {Cursor::Next, Cursor::Moved, &cursor};
    enum zmalloc_defrag_result result;
    do {
        result = zmalloc_defrag_step(&shown, &kStep, nullptr);
    } while (result == ZMALLOC_DEFRAG_MORE);
    if (result == ZMALLOC_DEFRAG_PASS_DONE) passes++;
    for (const Block &block : blocks_) Look(block, &verdict_);
}

Reporter::Reporter(Verdict *verdict) {
    thread_ = std::thread([this, verdict] {
        std::vector<char> text(16384);
        do {
            const int format = static_cast<int>(reports % 3);
            const int length = zmalloc_report(text.data(), text.size(),
                                              static_cast<zmalloc_report_format>(format));
            if (length <= 0) verdict->Wrong("a report failed");
            zmalloc_stats_t info;
            if (zmalloc_stats(&info, sizeof info, ZMALLOC_ALL_ARENAS, 1) != 0) {
                verdict->Wrong("zmalloc_stats failed");
            }
            if (reports % 8 == 0) (void)zmalloc_purge();
            // ThreadSanitizer does not see jemalloc create its threads, and does not support that.
            if (reports % 8 == 4 && !kThreadSanitizer) {
                (void)zmalloc_background_purge(reports % 16 == 4);
            }
            reports++;
            std::this_thread::yield();
        } while (!stop_ && !verdict->failed());
    });
}

Reporter::~Reporter() {
    stop_ = true;
    thread_.join();
}

}  // namespace zmalloc_test
