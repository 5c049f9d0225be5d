#include "zmalloc/os/mapping.h"

#include <cstdint>

#include "gtest/gtest.h"

namespace {

const zm_mapping kMapping = {1000, 1, 20, 300, 4000, 50000};

size_t Bytes(const char *field) {
    size_t sum = 0;
    zm_mapping_add(&kMapping, field, 10, &sum);
    return sum;
}

TEST(Mapping, FieldsOfSmaps) {
    EXPECT_EQ(Bytes("Size:"), 10000u);
    EXPECT_EQ(Bytes("Rss:"), 43210u);
    EXPECT_EQ(Bytes("Private_Clean:"), 10u);
    EXPECT_EQ(Bytes("Private_Dirty:"), 200u);
    EXPECT_EQ(Bytes("Shared_Clean:"), 3000u);
    EXPECT_EQ(Bytes("Shared_Dirty:"), 40000u);
    EXPECT_EQ(Bytes("Swap:"), 500000u);
}

TEST(Mapping, OtherFieldsAreNothing) {
    for (const char *field : {"", "Rss", "rss:", "Rss: ", "Pss:", "AnonHugePages:", "Private_"}) {
        EXPECT_EQ(Bytes(field), 0u) << field;
    }
}

TEST(Mapping, SumsSaturate) {
    size_t sum = 5;
    zm_mapping_add(&kMapping, "Size:", 10, &sum);
    EXPECT_EQ(sum, 10005u);
    sum = SIZE_MAX - 9999;
    zm_mapping_add(&kMapping, "Size:", 10, &sum);
    EXPECT_EQ(sum, SIZE_MAX);
    zm_mapping_add(&kMapping, "Size:", 10, &sum);
    EXPECT_EQ(sum, SIZE_MAX);
    sum = 0;
    zm_mapping_add(&kMapping, "Size:", SIZE_MAX / 2, &sum);
    EXPECT_EQ(sum, SIZE_MAX);
}

}  // namespace
