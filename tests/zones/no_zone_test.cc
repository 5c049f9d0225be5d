// The zone NULL where no other zone ever was, and the first zones.
#include <thread>

#include "tests/support.h"
#include "zmalloc/zone.h"

namespace zmalloc_test {
namespace {

void UseNoZone() {
    void *block = zmalloc_in(nullptr, 100);
    block = zrealloc_in(nullptr, block, 5000);
    zmalloc_zone_add(nullptr, block);
    zmalloc_zone_remove(nullptr, block);
    EXPECT_EQ(zmalloc_zone_bytes(nullptr), 0u);
    EXPECT_EQ(zmalloc_zone_blocks(nullptr), 0u);
    zfree_in(nullptr, block);
    zfree_in(nullptr, zcalloc_in(nullptr, 300000));
}

TEST(NoZone, CountsNothing) {
    const size_t before = zmalloc_used_memory();
    UseNoZone();
    std::thread(UseNoZone).join();
    void *block = zmalloc_in(nullptr, 100);
    EXPECT_EQ(zmalloc_used_memory(), before + zmalloc_size(block));
    zmalloc_zone_t *first = zmalloc_zone_create("first");
    EXPECT_EQ(zmalloc_zone_blocks(first), 0u);
    zfree_in(nullptr, block);
    UseNoZone();
    EXPECT_EQ(zmalloc_zone_bytes(first), 0u);
    EXPECT_EQ(zmalloc_zone_destroy(first), 0);
    EXPECT_EQ(zmalloc_used_memory(), before);
}

// Tables grow while zones have blocks: what was counted in the smaller ones stays.
TEST(FirstZones, KeepWhatWasCounted) {
    std::vector<zmalloc_zone_t *> zones;
    std::vector<void *> blocks;
    for (size_t i = 0; i < 3000; i++) {
        zones.push_back(zmalloc_zone_create("one of many"));
        blocks.push_back(zmalloc_in(zones[i], i));
        ASSERT_EQ(zmalloc_zone_bytes(zones[i / 2]), zmalloc_size(blocks[i / 2])) << i;
    }
    for (size_t i = 0; i < zones.size(); i++) {
        ASSERT_EQ(zmalloc_zone_blocks(zones[i]), 1u) << i;
        zfree_in(zones[i], blocks[i]);
        ASSERT_EQ(zmalloc_zone_destroy(zones[i]), 0) << i;
    }
}

}  // namespace
}  // namespace zmalloc_test
