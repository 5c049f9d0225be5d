// Compares je_get_defrag_hint with a brute-force reading of the slabs, by what stock jemalloc tells
// (experimental.utilization, stats).
#include <algorithm>
#include <map>
#include <thread>

#include "tests/jemalloc/support.h"

namespace jemalloc_test {
namespace {

// All memory of these tests comes from an arena of its own, without the thread cache: so the test
// knows the block of every used region.
class Arena {
  public:
    Arena() : index_(Get<unsigned>("arenas.create")) {}
    ~Arena() {
        const std::string name = "arena." + std::to_string(index_) + ".destroy";
        EXPECT_EQ(je_mallctl(name.c_str(), nullptr, nullptr, nullptr, 0), 0);
    }
    Arena(const Arena &) = delete;

    void *Malloc(size_t size) const { return je_mallocx(size, Flags()); }
    void Free(void *ptr) const { je_dallocx(ptr, Flags()); }

    size_t NonfullSlabs(size_t size) const {
        const std::vector<size_t> classes = SmallClasses();
        const auto bin = std::lower_bound(classes.begin(), classes.end(), size) - classes.begin();
        RefreshStats();
        return Get<size_t>("stats.arenas." + std::to_string(index_) + ".bins." +
                           std::to_string(bin) + ".nonfull_slabs");
    }

  private:
    int Flags() const { return MALLOCX_ARENA(index_) | MALLOCX_TCACHE_NONE; }

    unsigned index_;
};

struct Slab {
    size_t nfree, nregs, size;  // as batch_query gives them; size in bytes
};

std::vector<Slab> Query(const std::vector<void *> &blocks) {
    std::vector<Slab> slabs(blocks.size());
    if (blocks.empty()) return slabs;  // without blocks that query fails
    size_t size = slabs.size() * sizeof(Slab);
    EXPECT_EQ(je_mallctl("experimental.utilization.batch_query", slabs.data(), &size,
                         const_cast<void **>(blocks.data()), blocks.size() * sizeof(void *)),
              0);
    return slabs;
}

// The current slab of a block's bin, or the first of the others if it has none.
char *CurrentSlab(void *block) {
    struct {
        void *slabcur;
        size_t nfree, nregs, size, bin_nfree, bin_nregs;
    } answer;
    size_t size = sizeof answer;
    EXPECT_EQ(je_mallctl("experimental.utilization.query", &answer, &size, &block, sizeof block),
              0);
    return static_cast<char *>(answer.slabcur);
}

bool Contains(const char *slab, const Slab &facts, const void *block) {
    const char *at = static_cast<const char *>(block);
    return slab <= at && at < slab + facts.size;
}

// A slab with n blocks is counted n times.
size_t CountSlabs(const std::map<size_t, size_t> &blocks_by_use) {
    size_t slabs = 0;
    for (auto [use, blocks] : blocks_by_use) {
        EXPECT_EQ(blocks % use, 0u);
        slabs += blocks / use;
    }
    return slabs;
}

struct Expected {
    std::vector<int> hints;
    size_t moving = 0;
};

// `blocks` are all blocks of their size in the arena.
Expected BruteForce(const Arena &arena, const std::vector<void *> &blocks, bool sharded) {
    const std::vector<Slab> slabs = Query(blocks);
    std::map<size_t, size_t> nonfull;
    for (const Slab &slab : slabs) {
        if (slab.nfree > 0) nonfull[slab.nregs - slab.nfree]++;
    }
    // If the list of nonfull slabs has all of them, none is current.
    const bool none_current =
        !sharded && !blocks.empty() &&
        CountSlabs(nonfull) == arena.NonfullSlabs(je_malloc_usable_size(blocks[0]));

    std::vector<bool> candidate(blocks.size());
    std::map<size_t, size_t> by_use;
    size_t used = 0;
    for (size_t i = 0; i < blocks.size(); i++) {
        candidate[i] = slabs[i].nfree > 0 &&
                       (none_current || !Contains(CurrentSlab(blocks[i]), slabs[i], blocks[i]));
        if (!candidate[i]) continue;
        by_use[slabs[i].nregs - slabs[i].nfree]++;
        used++;
    }
    const size_t count = CountSlabs(by_use);
    Expected expected;
    for (size_t i = 0; i < blocks.size(); i++) {
        const size_t use = slabs[i].nregs - slabs[i].nfree;
        expected.hints.push_back(candidate[i] && 8 * use * count <= 9 * used ? 1 : 0);
        expected.moving += expected.hints.back();
    }
    return expected;
}

size_t Compare(const Arena &arena, const std::vector<void *> &blocks, bool sharded = false) {
    const Expected expected = BruteForce(arena, blocks, sharded);
    size_t wrong = 0;
    for (size_t i = 0; i < blocks.size(); i++) {
        wrong += je_get_defrag_hint(blocks[i]) != expected.hints[i];
    }
    EXPECT_EQ(wrong, 0u) << "of " << blocks.size() << " blocks, " << expected.moving
                         << " of which are to move";
    return expected.moving;
}

void FreeSome(const Arena &arena, std::vector<void *> *blocks, Random *random, size_t percent) {
    std::vector<void *> kept;
    for (void *block : *blocks) {
        if (random->Below(100) < percent) {
            arena.Free(block);
        } else {
            kept.push_back(block);
        }
    }
    *blocks = kept;
}

// The number of blocks for about `slabs` slabs, within reason.
size_t BlocksFor(size_t size, size_t slabs) {
    void *probe = je_malloc(size);
    const size_t nregs = Query({probe})[0].nregs;
    je_free(probe);
    return nregs * slabs;
}

bool Sharded() { return Get<unsigned>("arenas.bin.0.nshards") > 1; }

TEST(DefragHint, AgreesWithBruteForceInEveryBin) {
    if (Sharded()) GTEST_SKIP() << "jemalloc does not tell which slab is current";
    Random random(1);
    size_t moving = 0;
    for (size_t size : SmallClasses()) {
        Arena arena;
        std::vector<void *> blocks;
        const size_t count = BlocksFor(size, 8);
        for (size_t i = 0; i < count; i++) blocks.push_back(arena.Malloc(size));
        Compare(arena, blocks);
        for (size_t percent : {3, 30, 60, 50}) {
            FreeSome(arena, &blocks, &random, percent);
            moving += Compare(arena, blocks);
            for (size_t i = 0; i < count / 20; i++) blocks.push_back(arena.Malloc(size));
            moving += Compare(arena, blocks);
        }
        FreeSome(arena, &blocks, &random, 100);
    }
    EXPECT_GT(moving, 1000u);  // so the answer is not always 0
}

// Slabs of very different use, none of them current.
TEST(DefragHint, AgreesWithBruteForceOnUnevenSlabs) {
    if (Sharded()) GTEST_SKIP() << "bins are sharded here";
    for (size_t size : {16, 64, 320, 1024}) {
        for (uint64_t seed = 1; seed <= 20; seed++) {
            Arena arena;
            Random random(seed);
            std::vector<void *> blocks, kept;
            const size_t slabs = 1 + random.Below(12), nregs = BlocksFor(size, 1);
            for (size_t slab = 0; slab < slabs; slab++) {
                const size_t percent = random.Below(101);
                blocks.clear();
                for (size_t i = 0; i < nregs; i++) blocks.push_back(arena.Malloc(size));
                std::vector<void *> all = blocks;
                // The last slab is the current one: the test empties it at times.
                FreeSome(arena, &blocks, &random,
                         slab + 1 == slabs && random.Below(2) == 0 ? 100 : percent);
                kept.insert(kept.end(), blocks.begin(), blocks.end());
            }
            Compare(arena, kept);
            FreeSome(arena, &kept, &random, 100);
        }
    }
}

TEST(DefragHint, AgreesWithBruteForceOverShards) {
    if (!Sharded()) GTEST_SKIP() << "see the test with the suffix .sharded";
    constexpr size_t kSize = 64;
    Arena arena;
    Random random(3);
    std::vector<void *> blocks;
    const size_t count = BlocksFor(kSize, 8);
    for (int thread = 0; thread < 4; thread++) {
        std::thread([&] {
            for (size_t i = 0; i < count; i++) blocks.push_back(arena.Malloc(kSize));
        }).join();
    }
    size_t moving = 0;
    for (size_t percent : {30, 60, 50}) {
        FreeSome(arena, &blocks, &random, percent);
        // A new block in a shard gives it a current slab.
        for (int thread = 0; thread < 16; thread++) {
            std::thread([&] { blocks.push_back(arena.Malloc(kSize)); }).join();
        }
        moving += Compare(arena, blocks, true);
    }
    EXPECT_GT(moving, 100u);
    FreeSome(arena, &blocks, &random, 100);
}

TEST(DefragHint, OneSlabAndOneBlock) {
    Arena arena;
    for (size_t size : SmallClasses()) {
        void *block = arena.Malloc(size);
        EXPECT_EQ(je_get_defrag_hint(block), 0) << size;  // in the current slab
        arena.Free(block);
    }
}

TEST(DefragHint, WhatIsNoBlockStays) {
    char on_stack[64];
    for (void *ptr : {static_cast<void *>(nullptr), static_cast<void *>(on_stack),
                      reinterpret_cast<void *>(uintptr_t{0x400001000}),
                      reinterpret_cast<void *>(uintptr_t{64})}) {
        EXPECT_EQ(je_get_defrag_hint(ptr), 0);
    }
}

TEST(DefragHint, FullSlabsStay) {
    Arena arena;
    constexpr size_t kSize = 64;
    std::vector<void *> blocks;
    const size_t count = BlocksFor(kSize, 4);
    for (size_t i = 0; i < count; i++) blocks.push_back(arena.Malloc(kSize));
    for (void *block : blocks) EXPECT_EQ(je_get_defrag_hint(block), 0);
    for (void *block : blocks) arena.Free(block);
}

TEST(DefragHint, LargeAndHugeBlocksStay) {
    Arena arena;
    for (size_t size : LargeClasses()) {
        if (size > size_t{64} << 20) break;
        void *block = arena.Malloc(size);
        ASSERT_NE(block, nullptr);
        EXPECT_EQ(je_get_defrag_hint(block), 0) << size;
        arena.Free(block);
    }
}

TEST(DefragHint, AnyBlockOfTheThreadCache) {
    std::vector<void *> blocks;
    Random random(5);
    for (int i = 0; i < 20000; i++) blocks.push_back(je_malloc(random.Size()));
    for (size_t i = 0; i < blocks.size(); i += 2) je_free(blocks[i]);
    for (size_t i = 1; i < blocks.size(); i += 2) {
        const int hint = je_get_defrag_hint(blocks[i]);
        ASSERT_TRUE(hint == 0 || hint == 1);
        je_free(blocks[i]);
    }
}

// A program that follows the hints until there are none packs the slabs.
TEST(DefragHint, FollowingThemRemovesTheWaste) {
    for (size_t size : {32, 64, 128, 640, 1024}) {
        Arena arena;
        Random random(9);
        std::vector<void *> blocks;
        const size_t count = BlocksFor(size, 100);
        for (size_t i = 0; i < count; i++) blocks.push_back(arena.Malloc(size));
        FreeSome(arena, &blocks, &random, 75);

        auto waste = [&blocks] {
            double free_regions = 0;
            for (const Slab &slab : Query(blocks)) {
                free_regions += static_cast<double>(slab.nfree) / (slab.nregs - slab.nfree);
            }
            return free_regions;
        };
        const double before = waste();
        int passes = 0;
        for (bool moved = true; moved && passes < 100; passes++) {
            moved = false;
            for (void *&block : blocks) {
                if (!je_get_defrag_hint(block)) continue;
                void *fresh = arena.Malloc(size);
                std::memcpy(fresh, block, size);
                arena.Free(block);
                block = fresh;
                moved = true;
            }
        }
        EXPECT_LE(waste(), 0.05 * before) << size;
        EXPECT_LT(passes, 100) << "no end at size " << size;
        for (void *block : blocks) arena.Free(block);
    }
}

}  // namespace
}  // namespace jemalloc_test
