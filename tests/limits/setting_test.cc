#include "gtest/gtest.h"
#include "zmalloc/limit_setting.h"

namespace {

size_t Bytes(const char *text) {
    zm_limit_setting setting;
    return zm_limit_parse(text, &setting) && setting.percent == 0 ? setting.bytes : 0;
}

unsigned Percent(const char *text) {
    zm_limit_setting setting;
    return zm_limit_parse(text, &setting) && setting.bytes == 0 ? setting.percent : 0;
}

TEST(Setting, Bytes) {
    EXPECT_EQ(Bytes("1048576"), 1048576u);
    EXPECT_EQ(Bytes("3000K"), 3072000u);
    EXPECT_EQ(Bytes("1M"), 1048576u);
    EXPECT_EQ(Bytes("512M"), 512u << 20);
    EXPECT_EQ(Bytes("2G"), size_t{2} << 30);
    EXPECT_EQ(Bytes("5T"), size_t{5} << 40);
}

TEST(Setting, Percent) {
    EXPECT_EQ(Percent("auto"), 80u);
    EXPECT_EQ(Percent("1%"), 1u);
    EXPECT_EQ(Percent("100%"), 100u);
}

TEST(Setting, AllElseIsBad) {
    zm_limit_setting setting;
    for (const char *text : {"",
                             "0",
                             "0M",
                             "80",
                             "1048575",
                             "1023K",
                             "-1",
                             "+1",
                             " 1",
                             "1 ",
                             "M",
                             "%",
                             "0%",
                             "101%",
                             "50%%",
                             "1.5G",
                             "1m",
                             "1KB",
                             "1MM",
                             "0x10",
                             "Auto",
                             "auto ",
                             "99999999999999999999",
                             "16777216T",
                             "9223372036854775808",
                             "18446744073709551616%",
                             "1e9",
                             "1\n"}) {
        EXPECT_FALSE(zm_limit_parse(text, &setting)) << text;
    }
}

}  // namespace
