// macOS's regions in the terms of smaps.
#include "zmalloc/os/darwin_region.h"

#include <cstdint>

#include "gtest/gtest.h"

namespace {

constexpr size_t kPage = 16384;

size_t Bytes(const zm_darwin_region &region, const char *field) {
    const zm_mapping mapping = zm_darwin_mapping(&region, kPage);
    size_t sum = 0;
    zm_mapping_add(&mapping, field, kPage, &sum);
    return sum;
}

// Sizes are in pages, in the order of smaps.
void Expect(const zm_darwin_region &region, size_t shared_clean, size_t shared_dirty,
            size_t private_clean, size_t private_dirty) {
    EXPECT_EQ(Bytes(region, "Shared_Clean:"), shared_clean * kPage);
    EXPECT_EQ(Bytes(region, "Shared_Dirty:"), shared_dirty * kPage);
    EXPECT_EQ(Bytes(region, "Private_Clean:"), private_clean * kPage);
    EXPECT_EQ(Bytes(region, "Private_Dirty:"), private_dirty * kPage);
    EXPECT_EQ(Bytes(region, "Rss:"),
              (shared_clean + shared_dirty + private_clean + private_dirty) * kPage);
}

TEST(DarwinRegion, SizeAndSwap) {
    const zm_darwin_region region = {100 * kPage, ZM_DARWIN_PRIVATE, 10, 7, 0, 5};
    EXPECT_EQ(Bytes(region, "Size:"), 100 * kPage);
    EXPECT_EQ(Bytes(region, "Swap:"), 5 * kPage);
}

TEST(DarwinRegion, PrivateOnes) {
    for (uint32_t mode :
         {ZM_DARWIN_PRIVATE, ZM_DARWIN_EMPTY, ZM_DARWIN_PRIVATE_ALIASED, ZM_DARWIN_LARGE_PAGE}) {
        Expect({100 * kPage, mode, 10, 7, 0, 5}, 0, 0, 3, 7);
    }
}

TEST(DarwinRegion, SharedOnes) {
    for (uint32_t mode : {ZM_DARWIN_SHARED, ZM_DARWIN_TRUESHARED, ZM_DARWIN_SHARED_ALIASED}) {
        Expect({100 * kPage, mode, 10, 7, 4, 5}, 3, 7, 0, 0);
    }
}

// A child of fork owns the pages that it has copied, and shares the others.
TEST(DarwinRegion, CopiedOnWrite) {
    Expect({100 * kPage, ZM_DARWIN_COW, 10, 10, 0, 0}, 0, 10, 0, 0);
    Expect({100 * kPage, ZM_DARWIN_COW, 10, 10, 4, 0}, 0, 6, 0, 4);
    Expect({100 * kPage, ZM_DARWIN_COW, 10, 3, 4, 0}, 6, 0, 1, 3);
    Expect({100 * kPage, ZM_DARWIN_COW, 10, 10, 10, 0}, 0, 0, 0, 10);
}

// The system does not take all counts at one moment.
TEST(DarwinRegion, CountsThatContradict) {
    Expect({100 * kPage, ZM_DARWIN_PRIVATE, 10, 11, 0, 0}, 0, 0, 0, 10);
    Expect({100 * kPage, ZM_DARWIN_SHARED, 10, 11, 0, 0}, 0, 10, 0, 0);
    Expect({100 * kPage, ZM_DARWIN_COW, 10, 11, 12, 0}, 0, 0, 0, 10);
    Expect({100 * kPage, 99, 10, 4, 0, 0}, 0, 0, 6, 4);
}

}  // namespace
