// Defragmentation: it moves some blocks and leaves others; the scanner keeps its budgets.
#include "zmalloc/defrag.h"

#include <atomic>
#include <memory>
#include <thread>

#include "tests/support.h"
#include "zmalloc/stats.h"

namespace zmalloc_test {
namespace {

bool Supported() { return Variant().defragments; }

size_t Waste() {
    zmalloc_stats_t info;
    zmalloc_stats(&info, sizeof info, ZMALLOC_ALL_ARENAS, 1);
    return info.frag_smallbins;
}

// A pool of blocks with known contents, most of them freed at random.
class Pool {
  public:
    Pool(size_t count, size_t smallest, size_t largest, unsigned keep_percent, uint64_t seed)
        : blocks_(count) {
        Random random(seed);
        for (size_t i = 0; i < count; i++) {
            blocks_[i].size = smallest + random.Below(largest - smallest + 1);
            blocks_[i].at = zmalloc(blocks_[i].size);
            Pattern::Fill(blocks_[i].at, blocks_[i].size, i);
        }
        for (Block &block : blocks_) {
            if (random.Below(100) >= keep_percent) {
                zfree(block.at);
                block.at = nullptr;
            }
        }
    }
    ~Pool() {
        for (Block &block : blocks_) zfree(block.at);
    }

    bool Intact() const {
        for (size_t i = 0; i < blocks_.size(); i++) {
            if (blocks_[i].at != nullptr && !Pattern::Holds(blocks_[i].at, blocks_[i].size, i)) {
                return false;
            }
        }
        return true;
    }
    std::vector<const void *> Live() const {
        std::vector<const void *> live;
        for (const Block &block : blocks_) {
            if (block.at != nullptr) live.push_back(block.at);
        }
        return live;
    }

    zmalloc_defrag_cursor_t Cursor() { return {Next, Moved, this}; }
    size_t moves() const { return moves_; }

  private:
    struct Block {
        void *at;
        size_t size;
    };

    static void *Next(void *arg) {
        Pool *pool = static_cast<Pool *>(arg);
        while (pool->position_ < pool->blocks_.size()) {
            void *at = pool->blocks_[pool->position_++].at;
            if (at != nullptr) return at;
        }
        pool->position_ = 0;
        return nullptr;
    }
    static void Moved(void *arg, void *from, void *to) {
        Pool *pool = static_cast<Pool *>(arg);
        EXPECT_EQ(pool->blocks_[pool->position_ - 1].at, from);
        pool->blocks_[pool->position_ - 1].at = to;
        pool->moves_++;
    }

    std::vector<Block> blocks_;
    size_t position_ = 0, moves_ = 0;
};

TEST(Defrag, SupportIsOneClearAnswer) {
    EXPECT_EQ(zmalloc_defrag_supported(), Supported());
    EXPECT_FALSE(zmalloc_should_defrag(nullptr));
    if (Supported()) return;
    Pool pool(1000, 10, 500, 30, 1);
    const std::vector<const void *> live = pool.Live();
    std::unique_ptr<bool[]> should(new bool[live.size()]);
    EXPECT_EQ(zmalloc_should_defrag_batch(live.data(), live.size(), should.get()), -1);
    for (const void *block : live) {
        EXPECT_FALSE(zmalloc_should_defrag(block));
        EXPECT_EQ(zmalloc_defrag(const_cast<void *>(block)), nullptr);
    }
    zmalloc_defrag_stats_t stats = {};
    const zmalloc_defrag_cursor_t cursor = pool.Cursor();
    EXPECT_EQ(zmalloc_defrag_step(&cursor, nullptr, &stats), ZMALLOC_DEFRAG_UNSUPPORTED);
    EXPECT_EQ(stats.scanned + stats.moved, 0u);
}

// Defragmentation removes most of the waste, loses nothing, and keeps used memory exact.
TEST(Defrag, WasteGoes) {
    if (!Supported()) GTEST_SKIP() << "not supported over " << Variant().lib;
    if (Variant().guarded) GTEST_SKIP() << "guard mode keeps freed blocks in their slabs";
    for (unsigned keep : {5u, 20u, 38u}) {
        SCOPED_TRACE(keep);
        Pool pool(200000, 8, 1024, keep, keep);  // fills many slabs, also with 64 KiB pages
        const size_t used = zmalloc_used_memory(), before = Waste();
        zmalloc_defrag_stats_t stats = {};
        const zmalloc_defrag_cursor_t cursor = pool.Cursor();
        for (int pass = 0; pass < 4; pass++) {
            EXPECT_EQ(zmalloc_defrag_step(&cursor, nullptr, &stats), ZMALLOC_DEFRAG_PASS_DONE);
        }
        const size_t after = Waste();
        EXPECT_LT(after, before * 15 / 100) << before;
        EXPECT_EQ(zmalloc_used_memory(), used);
        EXPECT_TRUE(pool.Intact());
        EXPECT_EQ(stats.moved, pool.moves());
        EXPECT_EQ(stats.passes, 4u);
        EXPECT_EQ(stats.scanned, 4 * pool.Live().size());
        EXPECT_EQ(stats.gained_bytes, static_cast<int64_t>(before - after));
    }
}

// Passes come to an end: they leave a compact heap alone.
TEST(Defrag, CompactStays) {
    if (!Supported()) GTEST_SKIP() << "not supported over " << Variant().lib;
    Pool pool(50000, 8, 1024, 30, 9);
    const zmalloc_defrag_cursor_t cursor = pool.Cursor();
    zmalloc_defrag_stats_t stats = {};
    for (int pass = 0; pass < 6; pass++) zmalloc_defrag_step(&cursor, nullptr, &stats);
    zmalloc_defrag_stats_t last = {};
    zmalloc_defrag_step(&cursor, nullptr, &last);
    EXPECT_LE(last.moved, last.scanned / 50);
}

TEST(Defrag, LargeBlocksStay) {
    for (size_t size : {size_t{16385}, size_t{100000}, 3 * kMiB}) {
        void *block = zmalloc(size);
        EXPECT_FALSE(zmalloc_should_defrag(block));
        EXPECT_EQ(zmalloc_defrag(block), nullptr);
        zfree(block);
    }
}

TEST(Defrag, BatchAndSingleAgree) {
    if (!Supported()) GTEST_SKIP() << "not supported over " << Variant().lib;
    Pool pool(20000, 8, 20000, 30, 3);
    const std::vector<const void *> live = pool.Live();
    std::unique_ptr<bool[]> should(new bool[live.size()]);
    const int sum = zmalloc_should_defrag_batch(live.data(), live.size(), should.get());
    int expected = 0;
    for (size_t i = 0; i < live.size(); i++) {
        ASSERT_EQ(should[i], zmalloc_should_defrag(live[i])) << i;
        expected += should[i];
    }
    EXPECT_EQ(sum, expected);
    EXPECT_GT(sum, 0);
    EXPECT_EQ(zmalloc_should_defrag_batch(live.data(), 0, should.get()), 0);
}

TEST(Defrag, NullInABatch) {
    if (!Supported()) GTEST_SKIP() << "not supported over " << Variant().lib;
    void *block = zmalloc(100);
    const void *ptrs[] = {nullptr, block, nullptr};
    bool should[] = {true, true, true};
    EXPECT_GE(zmalloc_should_defrag_batch(ptrs, 3, should), 0);
    EXPECT_FALSE(should[0]);
    EXPECT_FALSE(should[2]);
    zfree(block);
}

TEST(Defrag, KeepsAlignment) {
    if (!Supported()) GTEST_SKIP() << "not supported over " << Variant().lib;
    for (size_t alignment : {16, 64, 256, 4096}) {
        std::vector<void *> blocks(20000 * 16 / alignment + 64);
        for (void *&block : blocks) block = zmalloc_aligned(alignment, alignment);
        for (size_t i = 0; i < blocks.size(); i++) {
            if (i % 3 != 0) zfree(blocks[i]);
        }
        for (size_t i = 0; i < blocks.size(); i += 3) {
            void *moved = zmalloc_defrag(blocks[i]);
            if (moved != nullptr) blocks[i] = moved;
            EXPECT_EQ(reinterpret_cast<uintptr_t>(blocks[i]) % alignment, 0u);
            zfree(blocks[i]);
        }
    }
}

TEST(Scanner, BudgetOfBlocks) {
    if (!Supported()) GTEST_SKIP() << "not supported over " << Variant().lib;
    Pool pool(5000, 8, 300, 40, 5);
    const zmalloc_defrag_cursor_t cursor = pool.Cursor();
    const zmalloc_defrag_budget_t budget = {.blocks = 100, .microseconds = 0};
    const size_t live = pool.Live().size();
    zmalloc_defrag_stats_t stats = {};
    size_t steps = 1;
    while (zmalloc_defrag_step(&cursor, &budget, &stats) == ZMALLOC_DEFRAG_MORE) {
        ASSERT_EQ(stats.scanned, steps * 100);
        steps++;
    }
    EXPECT_EQ(stats.scanned, live);
    EXPECT_EQ(steps, live / 100 + 1);
    EXPECT_EQ(zmalloc_defrag_step(&cursor, &budget, nullptr), ZMALLOC_DEFRAG_MORE);
}

// This measures no time: a budget of one microsecond must end a step early, and the step must still
// make progress.
TEST(Scanner, BudgetOfTime) {
    if (!Supported()) GTEST_SKIP() << "not supported over " << Variant().lib;
    Pool pool(100000, 8, 300, 40, 6);
    const zmalloc_defrag_cursor_t cursor = pool.Cursor();
    const zmalloc_defrag_budget_t budget = {.blocks = 0, .microseconds = 1};
    zmalloc_defrag_stats_t stats = {};
    EXPECT_EQ(zmalloc_defrag_step(&cursor, &budget, &stats), ZMALLOC_DEFRAG_MORE);
    EXPECT_GT(stats.scanned, 0u);
    EXPECT_LT(stats.scanned, pool.Live().size());
}

// Other threads allocate and free in the same bins meanwhile.
TEST(Scanner, WhileOthersAllocate) {
    if (!Supported()) GTEST_SKIP() << "not supported over " << Variant().lib;
    const size_t before = zmalloc_used_memory();
    std::atomic<bool> done{false};
    std::vector<std::thread> threads;
    for (uint64_t t = 0; t < 3; t++) {
        threads.emplace_back([&done, t] {
            Random random(t);
            std::vector<void *> blocks(500);
            while (!done) {
                void *&block = blocks[random.Below(blocks.size())];
                zfree(block);
                block = zmalloc(random.Below(600));
            }
            for (void *block : blocks) zfree(block);
        });
    }
    {
        Pool pool(30000, 8, 600, 35, 8);
        const zmalloc_defrag_cursor_t cursor = pool.Cursor();
        for (int pass = 0; pass < 10; pass++) zmalloc_defrag_step(&cursor, nullptr, nullptr);
        EXPECT_TRUE(pool.Intact());
        EXPECT_GT(pool.moves(), 0u);
        done = true;
        for (std::thread &thread : threads) thread.join();
    }
    EXPECT_EQ(zmalloc_used_memory(), before);
}

}  // namespace
}  // namespace zmalloc_test
