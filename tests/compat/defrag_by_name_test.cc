// Jemalloc's names in a server: they know the blocks of zmalloc, guarded and sampled ones too.
#include "tests/compat/defrag_by_name.h"

#include <cstring>
#include <vector>

#include "gtest/gtest.h"
#include "zmalloc/zmalloc.h"

namespace {

constexpr size_t kBlocks = 20000, kSize = 96;

class DefragByName : public testing::Test {
  protected:
    static void SetUpTestSuite() { ASSERT_TRUE(defrag_starts()); }

    // Leaves one of ten blocks, so that each slab is sparse.
    void SetUp() override {
        used_ = zmalloc_used_memory();
        for (size_t i = 0; i < kBlocks; i++) {
            blocks_.push_back(zmalloc(kSize));
            memset(blocks_.back(), Pattern(i), kSize);
        }
        for (size_t i = 0; i < kBlocks; i++) {
            if (i % 10 == 0) continue;
            zfree(blocks_[i]);
            blocks_[i] = nullptr;
        }
    }

    void TearDown() override {
        for (size_t i = 0; i < kBlocks; i++) {
            const auto *bytes = static_cast<unsigned char *>(blocks_[i]);
            for (size_t b = 0; bytes != nullptr && b < kSize; b++) {
                ASSERT_EQ(bytes[b], Pattern(i)) << "block " << i << ", byte " << b;
            }
            zfree(blocks_[i]);
        }
        EXPECT_EQ(zmalloc_used_memory(), used_);
    }

    static unsigned char Pattern(size_t i) { return static_cast<unsigned char>(i % 251); }

    std::vector<void *> blocks_;
    size_t used_ = 0;
};

TEST_F(DefragByName, MovesBlocks) {
    const size_t used = zmalloc_used_memory();
    size_t moved = 0;
    for (void *&block : blocks_) {
        if (block == nullptr || !defrag_should_move(block)) continue;
        block = defrag_move(block, zmalloc_usable_size(block));
        moved++;
    }
    EXPECT_GT(moved, kBlocks / 100);
    EXPECT_EQ(zmalloc_used_memory(), used);
}

TEST_F(DefragByName, AnswersAreThoseOfOneAfterTheOther) {
    std::vector<void *> kept;
    for (void *block : blocks_) {
        if (block != nullptr) kept.push_back(block);
    }
    std::vector<defrag_slab> all(kept.size());
    ASSERT_TRUE(defrag_asks(kept.data(), kept.size(), false, all.data()));
    for (size_t i = 0; i < kept.size(); i++) {
        defrag_slab one = {};
        ASSERT_TRUE(defrag_asks(&kept[i], 1, true, &one));
        ASSERT_GT(one.regions, 0u) << i;
        ASSERT_EQ(one.regions, all[i].regions) << i;
        ASSERT_EQ(one.size, all[i].size) << i;
    }
}

// Valkey ends itself when jemalloc does not know a block.
TEST_F(DefragByName, AnswersForEveryBlock) {
    std::vector<void *> blocks = {zmalloc(0),
                                  zmalloc(1),
                                  zmalloc(100000),
                                  zmalloc(3 << 20),
                                  zmalloc_cache_aligned(10),
                                  zmalloc_aligned(1 << 16, 10),
                                  zmalloc_no_tcache(10)};
    for (size_t i = 0; i < blocks.size(); i++) {
        defrag_slab slab = {};
        ASSERT_TRUE(defrag_asks(&blocks[i], 1, true, &slab)) << i;
        EXPECT_GT(slab.regions, 0u) << i;
        EXPECT_GT(slab.size, 0u) << i;
        EXPECT_LE(slab.free_regions, slab.regions) << i;
    }
    for (void *block : blocks) zfree(block);
}

TEST_F(DefragByName, RefusesMalformedQuestions) {
    defrag_slab slab = {};
    EXPECT_FALSE(defrag_asks(blocks_.data(), 0, true, &slab));
    EXPECT_FALSE(defrag_asks(nullptr, 1, true, &slab));
    EXPECT_FALSE(defrag_asks(blocks_.data(), 1, false, nullptr));
}

TEST(JemallocsNames, ExchangeBlocksWithZmalloc) {
    for (int i = 0; i < 1000; i++) {
        const char *wrong = defrag_exchanges_blocks();
        ASSERT_EQ(wrong, nullptr) << wrong;
    }
    EXPECT_GE(defrag_rounds(100), 100u);
}

}  // namespace
