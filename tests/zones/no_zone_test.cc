// The zone NULL where no other zone ever was.
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

}  // namespace
}  // namespace zmalloc_test
