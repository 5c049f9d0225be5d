// Figures from the allocator.
#include <climits>

#include "tests/support.h"

namespace zmalloc_test {
namespace {

constexpr size_t kSize = 64 * kMiB, kSlack = 4 * kMiB;

struct Info {
    int known;
    size_t allocated = 77, active = 77, resident = 77, retained = 77, muzzy = 77, frag = 77;
};

Info Read(int refresh = 1) {
    Info info;
    info.known = zmalloc_get_allocator_info(refresh, &info.allocated, &info.active, &info.resident,
                                            &info.retained, &info.muzzy, &info.frag);
    return info;
}

TEST(Info, IsKnownOrZero) {
    void *block = zmalloc(100);
    const Info info = Read();
    EXPECT_EQ(info.known, Tells("allocated") && Tells("active") && Tells("resident"));
    for (size_t figure :
         {info.allocated, info.active, info.resident, info.retained, info.muzzy, info.frag}) {
        EXPECT_NE(figure, 77u) << "not set";
    }
    if (info.known) {
        EXPECT_GE(info.active, info.allocated);
        EXPECT_GT(info.allocated, 0u);
        EXPECT_GE(info.resident, info.active / 2);
        EXPECT_LE(info.resident, zmalloc_get_rss() + kSlack);
    }
    zfree(block);
}

TEST(Info, FollowsAllocation) {
    if (!Tells("allocated")) GTEST_SKIP() << "this allocator does not tell";
    for (size_t size : {size_t{64}, size_t{1000}, size_t{20000}, 4 * kMiB}) {
        SCOPED_TRACE(size);
        std::vector<void *> blocks(kSize / size);
        // The list may come from the same allocator.
        const Info before = Read();
        const size_t used = zmalloc_used_memory();
        for (void *&block : blocks) {
            block = zmalloc(size);
            std::memset(block, 1, size);
        }
        const size_t counted = zmalloc_used_memory() - used;
        const Info during = Read();
        EXPECT_GE(during.allocated + kSlack, before.allocated + counted);
        EXPECT_LE(during.allocated, before.allocated + counted + counted / 4 + kSlack);
        if (during.known) {
            EXPECT_GE(during.active, during.allocated);
            EXPECT_GE(during.resident + kSlack, before.allocated + counted);
            EXPECT_LE(during.resident, zmalloc_get_rss() + kSlack);
        }
        for (void *block : blocks) zfree(block);
        const Info after = Read();
        EXPECT_LE(after.allocated, before.allocated + kSlack);
    }
}

TEST(Info, AnyPointerMayBeNull) {
    EXPECT_EQ(zmalloc_get_allocator_info(0, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr),
              Read().known);
    size_t allocated = 77;
    zmalloc_get_allocator_info(1, &allocated, nullptr, nullptr, nullptr, nullptr, nullptr);
    EXPECT_NE(allocated, 77u);
    zmalloc_get_allocator_info_by_arena(0, 1, nullptr, nullptr, nullptr, nullptr);
}

// Frees every second of many small blocks: the blocks between them keep their slabs from going.
TEST(Info, FragmentationOfSmallBins) {
    std::vector<void *> blocks(100000);
    for (void *&block : blocks) block = zmalloc(100);
    const size_t before = Read().frag;
    size_t freed = 0;
    for (size_t i = 0; i < blocks.size(); i += 2) {
        freed += zmalloc_size(blocks[i]);
        zfree(blocks[i]);
        blocks[i] = nullptr;
    }
    const size_t after = Read().frag;
    if (Variant().allocator == "jemalloc") {
        EXPECT_GT(after, before + freed / 2);
        EXPECT_EQ(zmalloc_get_frag_smallbins(), after);
    } else if (after == 0) {
        EXPECT_EQ(zmalloc_get_frag_smallbins(), 0u);
    }
    for (void *block : blocks) zfree(block);
}

TEST(Arena, IsOneOfThem) {
    size_t allocated = 77, active = 77, resident = 77, frag = 77;
    const int known =
        zmalloc_get_allocator_info_by_arena(0, 1, &allocated, &active, &resident, &frag);
    EXPECT_EQ(known, Variant().allocator == "jemalloc");
    if (Variant().allocator == "jemalloc") {
        const Info all = Read();
        EXPECT_GT(allocated, 0u);
        EXPECT_LE(allocated, all.allocated);
        EXPECT_GE(active, allocated);
        EXPECT_EQ(zmalloc_get_frag_smallbins_by_arena(0), frag);
    } else {
        EXPECT_EQ(allocated + active + resident + frag, 0u);
        EXPECT_EQ(zmalloc_get_frag_smallbins_by_arena(0), 0u);
    }
}

TEST(Arena, NotThere) {
    for (unsigned arena : {100000u, static_cast<unsigned>(INT_MAX), UINT_MAX - 1, UINT_MAX}) {
        size_t allocated = 77, active = 77, resident = 77, frag = 77;
        EXPECT_EQ(
            zmalloc_get_allocator_info_by_arena(arena, 1, &allocated, &active, &resident, &frag), 0)
            << arena;
        EXPECT_EQ(allocated + active + resident + frag, 0u) << arena;
        EXPECT_EQ(zmalloc_get_frag_smallbins_by_arena(arena), 0u) << arena;
    }
}

}  // namespace
}  // namespace zmalloc_test
