// How /proc/PID/stat is taken apart.
#include "tools/common/procfs.h"

#include "gtest/gtest.h"

namespace {

TEST(Procfs, NameOfAProcessMayHoldAnything) {
    const char *text = "12 (a) Z 7 (b c) R 34 5 6 7 8 9\n";
    EXPECT_EQ(*procfs_stat_field(text, PROCFS_STATE), 'R');
    EXPECT_EQ(procfs_stat_number(text, PROCFS_PARENT), 34u);
    EXPECT_EQ(procfs_stat_number(text, 9), 9u);
}

TEST(Procfs, FieldsThatAreNotThere) {
    EXPECT_EQ(procfs_stat_field("12 (a) R 34\n", 5), nullptr);
    EXPECT_EQ(procfs_stat_number("12 (a) R 34\n", PROCFS_START), 0u);
    EXPECT_EQ(procfs_stat_field("12 (a)", PROCFS_STATE), nullptr);
    EXPECT_EQ(procfs_stat_field("", PROCFS_STATE), nullptr);
}

}  // namespace
