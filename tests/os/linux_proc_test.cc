#include "zmalloc/os/linux_proc.h"

#include <algorithm>
#include <climits>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/os/fake_tree.h"
#include "zmalloc/os/os.h"

namespace {

// Text handed out in pieces of at most `piece` bytes.
struct Pieces {
    std::string text;
    size_t piece;
    size_t done = 0;

    static ssize_t Read(void *source, char *buffer, size_t size) {
        Pieces *self = static_cast<Pieces *>(source);
        size_t length = std::min({size, self->piece, self->text.size() - self->done});
        std::memcpy(buffer, self->text.data() + self->done, length);
        self->done += length;
        return static_cast<ssize_t>(length);
    }
};

constexpr size_t kBuffer = 2048;

std::vector<std::string> Lines(const std::string &text, size_t piece) {
    Pieces pieces{text, piece};
    zm_linux_lines lines;
    char buffer[kBuffer];
    zm_linux_lines_begin(&lines, buffer, sizeof buffer, Pieces::Read, &pieces);
    std::vector<std::string> result;
    while (const char *line = zm_linux_next_line(&lines)) result.push_back(line);
    return result;
}

const size_t kPieces[] = {1, 2, 3, 7, 100, 1000, kBuffer - 1, kBuffer, 100000};

TEST(Lines, AreWholeHoweverTheReadsFall) {
    std::vector<std::string> expected;
    std::string text;
    for (size_t i = 0; i < 300; i++) {
        expected.push_back(std::string(i * 7 % 500, static_cast<char>('a' + i % 26)));
        text += expected.back() + "\n";
    }
    for (size_t piece : kPieces) EXPECT_EQ(Lines(text, piece), expected) << piece;
}

TEST(Lines, LastOneNeedsNoNewline) {
    using V = std::vector<std::string>;
    for (size_t piece : kPieces) {
        EXPECT_EQ(Lines("", piece), V());
        EXPECT_EQ(Lines("a", piece), V{"a"});
        EXPECT_EQ(Lines("\n", piece), V{""});
        EXPECT_EQ(Lines("a\n\nb", piece), (V{"a", "", "b"}));
    }
}

TEST(Lines, TooLongOnesAreCutAndTheNextIsWhole) {
    const size_t fits = kBuffer - 1;
    for (size_t length : {fits - 1, fits, fits + 1, 2 * fits, 2 * fits + 1, 10 * fits + 3}) {
        std::string text = std::string(length, 'x') + "\nnext\n";
        for (size_t piece : kPieces) {
            std::vector<std::string> lines = Lines(text, piece);
            ASSERT_EQ(lines.size(), 2u) << length << " in " << piece;
            EXPECT_EQ(lines[0], std::string(std::min(length, fits), 'x'));
            EXPECT_EQ(lines[1], "next");
        }
    }
}

struct StatField {
    int ok;
    long long value;
    bool operator==(const StatField &other) const { return ok == other.ok && value == other.value; }
};

std::ostream &operator<<(std::ostream &out, const StatField &field) {
    return out << field.ok << ":" << field.value;
}

StatField Field(const std::string &stat, int i) {
    // An exact copy, so that AddressSanitizer sees a read past the end.
    std::vector<char> bytes(stat.begin(), stat.end());
    StatField field{0, -77};
    field.ok = zm_linux_stat_field(bytes.data(), bytes.size(), i, &field.value);
    return field;
}

const StatField kNone{0, -77};

TEST(StatField, CountsFromOneAfterAnyName) {
    const char *names[] = {"cat", "a b", "a) b (c", ") ) )", "(", ")", "", "1 2 3", ") R 1 1 1"};
    for (const char *name : names) {
        std::string stat = "42 (" + std::string(name) + ") S 7 -8 9 10\n";
        EXPECT_EQ(Field(stat, 1), (StatField{1, 42})) << name;
        EXPECT_EQ(Field(stat, 4), (StatField{1, 7})) << name;
        EXPECT_EQ(Field(stat, 5), (StatField{1, -8})) << name;
        EXPECT_EQ(Field(stat, 6), (StatField{1, 9})) << name;
        EXPECT_EQ(Field(stat, 7), (StatField{1, 10})) << name;
    }
}

TEST(StatField, NoNumberIsNoField) {
    const std::string stat = "42 (cat) S 7 8";
    for (int i : {INT_MIN, -1, 0, 2, 3, 6, 7, 1000, INT_MAX}) EXPECT_EQ(Field(stat, i), kNone) << i;
    EXPECT_EQ(Field(stat, 5), (StatField{1, 8}));
    for (const char *bad : {"", " ", ")", "42", "42 (cat", "x (cat) S", "(cat) S", "- (c) S"}) {
        for (int i : {2, 3, 4, 24}) EXPECT_EQ(Field(bad, i), kNone) << bad << " " << i;
    }
    EXPECT_EQ(Field("x (cat) S 1", 1), kNone);
    EXPECT_EQ(Field("- (cat) S 1", 1), kNone);
    EXPECT_EQ(Field("1 (cat) S 1x 2", 4), kNone);
    EXPECT_EQ(Field("1 (cat) S 1x 2", 5), (StatField{1, 2}));
}

TEST(StatField, LargeNumbersSaturate) {
    auto field4 = [](const char *number) {
        return Field("1 (cat) S " + std::string(number) + " 0\n", 4);
    };
    EXPECT_EQ(field4("18446744073709551615"), (StatField{1, LLONG_MAX}));
    EXPECT_EQ(field4("9223372036854775807"), (StatField{1, LLONG_MAX}));
    EXPECT_EQ(field4("9223372036854775808"), (StatField{1, LLONG_MAX}));
    EXPECT_EQ(field4("-9223372036854775808"), (StatField{1, LLONG_MIN}));
    EXPECT_EQ(field4("-99999999999999999999999999"), (StatField{1, LLONG_MIN}));
    EXPECT_EQ(field4("9999999999999999999999999990"), (StatField{1, LLONG_MAX}));
}

TEST(StatField, ReadsTheFile) {
    FakeTree tree;
    long long value = -77;
    EXPECT_EQ(zm_linux_proc_stat_ll(tree.root(), 24, &value), 0);
    tree.Write("/proc/self/stat",
               "26 (a) (b) R 25 26 25 0 -1 4194304 96 0 0 0 0 0 0 0 20 0 1 0 1054 2469888 321 "
               "18446744073709551615 1 2 3\n");
    EXPECT_EQ(zm_linux_proc_stat_ll(tree.root(), 24, &value), 1);
    EXPECT_EQ(value, 321);
    EXPECT_EQ(zm_linux_proc_stat_ll(tree.root(), 25, &value), 1);
    EXPECT_EQ(value, LLONG_MAX);
}

TEST(ResidentPages, IsTheSecondNumberOfStatm) {
    FakeTree tree;
    size_t pages = 77;
    EXPECT_FALSE(zm_linux_resident_pages(tree.root(), &pages));
    for (const char *unusable : {"", "\n", "12", "12 \n", "twelve 13 14", "12 x13"}) {
        tree.Write("/proc/self/statm", unusable);
        EXPECT_FALSE(zm_linux_resident_pages(tree.root(), &pages)) << unusable;
    }
    tree.Write("/proc/self/statm", "1054 321 210 5 0 90 0\n");
    EXPECT_TRUE(zm_linux_resident_pages(tree.root(), &pages));
    EXPECT_EQ(pages, 321u);
    tree.Write("/proc/self/statm", "1 99999999999999999999999 1\n");
    EXPECT_TRUE(zm_linux_resident_pages(tree.root(), &pages));
    EXPECT_EQ(pages, SIZE_MAX);
}

size_t SmapsSum(const std::string &smaps, const std::string &field, size_t piece) {
    Pieces pieces{smaps, piece};
    zm_linux_lines lines;
    char buffer[kBuffer];
    zm_linux_lines_begin(&lines, buffer, sizeof buffer, Pieces::Read, &pieces);
    return zm_linux_smaps_sum(&lines, field.c_str());
}

std::string Mapping(size_t i, size_t rss, size_t dirty) {
    return "55b0c1e00000-55b0c1e21000 rw-p 0000" + std::to_string(1000 + i) +
           " 00:00 7 /tmp/Rss: 99 kB\nSize:                132 kB\nRss:  " + std::to_string(rss) +
           " kB\nPss:                  50 kB\nPrivate_Clean:         3 kB\nPrivate_Dirty:  " +
           std::to_string(dirty) + " kB\nVmFlags: rd wr mr mw me ac\n";
}

TEST(Smaps, SumsOverMappingsHoweverTheReadsFall) {
    std::string smaps;
    size_t rss = 0, dirty = 0;
    for (size_t i = 0; i < 1000; i++) {
        smaps += Mapping(i, i * 3, i * 5 % 400);
        rss += i * 3;
        dirty += i * 5 % 400;
    }
    for (size_t piece : kPieces) {
        EXPECT_EQ(SmapsSum(smaps, "Rss:", piece), rss * 1024) << piece;
        EXPECT_EQ(SmapsSum(smaps, "Private_Dirty:", piece), dirty * 1024) << piece;
        EXPECT_EQ(SmapsSum(smaps, "Private_Clean:", piece), 3000u * 1024) << piece;
        EXPECT_EQ(SmapsSum(smaps, "Swap:", piece), 0u) << piece;
        EXPECT_EQ(SmapsSum(smaps, "VmFlags:", piece), 0u) << piece;
    }
}

TEST(Smaps, NonsenseCountsNothingAndLargeNumbersSaturate) {
    EXPECT_EQ(SmapsSum("Rss:\nRss: kB\nRss: -4 kB\nRss: 4\nRss: 4 MB\nRss 4 kB\n", "Rss:", 9), 0u);
    EXPECT_EQ(SmapsSum("Rss: 4 kB", "Rss:", 9), 4096u);
    EXPECT_EQ(SmapsSum("Rss: 99999999999999999999999 kB\n", "Rss:", 9), SIZE_MAX);
    EXPECT_EQ(SmapsSum("Rss: 18014398509481983 kB\nRss: 1 kB\n", "Rss:", 9), SIZE_MAX);
}

TEST(Smaps, ReadsTheFileOfTheProcess) {
    FakeTree tree;
    tree.Write("/proc/self/smaps", Mapping(0, 10, 1));
    tree.Write("/proc/1234567/smaps", Mapping(0, 20, 2) + Mapping(1, 30, 3));
    EXPECT_EQ(zm_linux_smaps_bytes(tree.root(), "Rss:", -1), 10u * 1024);
    EXPECT_EQ(zm_linux_smaps_bytes(tree.root(), "Rss:", 1234567), 50u * 1024);
    for (long pid : {0L, 1L, 123456L, 12345678L, -2L, LONG_MIN, LONG_MAX}) {
        EXPECT_EQ(zm_linux_smaps_bytes(tree.root(), "Rss:", pid), 0u) << pid;
    }
}

struct Seen {
    std::string name;
    size_t resident, huge;
    bool operator==(const Seen &other) const {
        return name == other.name && resident == other.resident && huge == other.huge;
    }
};

std::vector<Seen> Mappings(const std::string &smaps, size_t piece) {
    Pieces pieces{smaps, piece};
    zm_linux_lines lines;
    char buffer[kBuffer];
    std::vector<Seen> seen;
    zm_linux_lines_begin(&lines, buffer, sizeof buffer, Pieces::Read, &pieces);
    const bool found = zm_linux_smaps_mappings(
        &lines,
        [](const zm_os_mapping *mapping, void *all) {
            static_cast<std::vector<Seen> *>(all)->push_back(
                {mapping->name, mapping->resident, mapping->huge});
        },
        &seen);
    EXPECT_EQ(found, !seen.empty());
    return seen;
}

TEST(Mappings, HaveTheirNamesHoweverTheReadsFall) {
    const std::string long_name = "/" + std::string(500, 'x') + "/the end";
    const std::string smaps =
        "7f00-7f01 rw-p 0 00:00 0 \nSize: 8 kB\nRss: 4 kB\nAnonHugePages: 2048 kB\n"
        "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0         [stack]\nRss:\t12 kB\n"
        "a-b r--p 00001000 fe:01 123   /a b/Rss: 9 kB (deleted)\nRss: 1 kB\nRss: 1 kB\n"
        "a-b r--p 00001000 fe:01 123   " +
        long_name + "\nPss: 1 kB\n" + "0\nRss: 16 kB\n";
    const std::vector<Seen> expected = {
        {"", 4096, 2048 << 10},
        {"[stack]", 12288, 0},
        {"/a b/Rss: 9 kB (deleted)", 2048, 0},
        {long_name.substr(long_name.size() - 79), 0, 0},
        {"", 16384, 0},
    };
    for (size_t piece : kPieces) EXPECT_EQ(Mappings(smaps, piece) == expected, true) << piece;
    EXPECT_TRUE(Mappings("", 1).empty());
    EXPECT_TRUE(Mappings("Rss: 4 kB\n", 1).empty());
    EXPECT_EQ(Mappings("0 \nRss: 99999999999999999999 kB\nRss: 1 kB\n", 5)[0].resident, SIZE_MAX);
}

TEST(Mappings, OfTheProcess) {
    FakeTree tree;
    const auto visit = [](const zm_os_mapping *mapping, void *sum) {
        *static_cast<size_t *>(sum) += mapping->resident;
    };
    size_t sum = 0;
    EXPECT_FALSE(zm_linux_mappings(tree.root(), visit, &sum));
    tree.Write("/proc/self/smaps", Mapping(0, 10, 1) + Mapping(1, 20, 1));
    EXPECT_TRUE(zm_linux_mappings(tree.root(), visit, &sum));
    EXPECT_EQ(sum, 30u * 1024);
}

TEST(Root, ThatIsNotThere) {
    const std::string long_name(6000, 'x');
    for (const std::string &root : {std::string("/no/such/folder"), "/" + long_name}) {
        EXPECT_EQ(zm_linux_smaps_bytes(root.c_str(), "Rss:", -1), 0u);
        size_t limit = 1;
        EXPECT_EQ(zm_linux_cgroup_limit(root.c_str(), &limit), ZM_LINUX_CGROUPS_NONE);
        EXPECT_EQ(limit, 0u);
    }
}

// Whatever text comes, the parsers stay inside their buffers and end.  Sanitizers check the
// accesses.
TEST(Parsers, SurviveNoise) {
    std::mt19937 random(12345);
    const std::string alphabet = std::string("0123456789 :/.,-()\\\nkBRsmax\t") + '\0';
    for (int round = 0; round < 2000; round++) {
        std::string noise;
        for (size_t i = random() % 5000; i > 0; i--) noise += alphabet[random() % alphabet.size()];
        for (int i : {1, 2, 3, 4, 24, 52}) Field(noise, i);
        SmapsSum("Rss:" + noise, "Rss:", 1 + random() % 3000);
        Pieces pieces{noise, 1 + random() % 3000};
        zm_linux_lines lines;
        char buffer[kBuffer];
        zm_linux_lines_begin(&lines, buffer, sizeof buffer, Pieces::Read, &pieces);
        zm_linux_mount mount;
        while (char *line = zm_linux_next_line(&lines)) {
            if (zm_linux_parse_mount(line, &mount)) zm_linux_cgroup_below(mount.root, mount.point);
        }
    }
}

}  // namespace
