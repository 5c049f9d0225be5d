// Zones in zmalloc_report().
#include <sstream>

#include "tests/sbom/json.h"
#include "tests/zones/zones.h"

namespace zmalloc_test {
namespace {

std::string Report(zmalloc_report_format format) {
    const int length = zmalloc_report(nullptr, 0, format);
    EXPECT_GT(length, 0);
    std::vector<char> buffer(static_cast<size_t>(length) + 4096);
    zmalloc_report(buffer.data(), buffer.size(), format);
    return buffer.data();
}

struct Name {
    const char *name, *json, *openmetrics, *text;
};

const Name kNames[] = {
    {"plain", "plain", "plain", "plain"},
    {"", "", "", ""},
    {"a \"quote\"", R"(a \"quote\")", R"(a \"quote\")", "a \"quote\""},
    {"back\\slash", R"(back\\slash)", R"(back\\slash)", "back\\slash"},
    {"two\nlines", R"(two\u000alines)", R"(two\nlines)", "two?lines"},
    {"tab\tbell\a\x7f", R"(tab\u0009bell\u0007\u007f)", "tab?bell??", "tab?bell??"},
    {"\xc2\x80\xc2\x9b[31m\xc2\xa0", "\\u0080\\u009b[31m\xc2\xa0", "??[31m\xc2\xa0",
     "??[31m\xc2\xa0"},
    {"{\"zone\":1},%s%n", R"({\"zone\":1},%s%n)", R"({\"zone\":1},%s%n)", "{\"zone\":1},%s%n"},
    {"Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x98\x80", "Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x98\x80",
     "Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x98\x80", "Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x98\x80"},
    // No UTF-8: a lone continuation, a cut character, one that is longer than need be, a half of a
    // pair, above U+10FFFF.
    {"\x80", "\xef\xbf\xbd", "\xef\xbf\xbd", "\xef\xbf\xbd"},
    {"cut\xe2\x82", "cut\xef\xbf\xbd\xef\xbf\xbd", "cut\xef\xbf\xbd\xef\xbf\xbd",
     "cut\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd", "\xef\xbf\xbd\xef\xbf\xbd",
     "\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
     "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
     "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
     "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
};

bool Has(const std::string &text, const std::string &part) {
    return text.find(part) != std::string::npos;
}

TEST(ZoneReport, AnyName) {
    for (const Name &name : kNames) {
        Zone zone(name.name);
        void *block = zmalloc_in(zone, 12345);
        const std::string bytes = std::to_string(zmalloc_size(block));

        const json::Value json = json::Parse(Report(ZMALLOC_REPORT_JSON));
        ASSERT_EQ(json["zones"].list.size(), 1u) << name.json;
        const json::Value &found = json["zones"].list[0];
        EXPECT_EQ(found["name"].text, name.json);
        EXPECT_EQ(found["bytes"].text, bytes);
        EXPECT_EQ(found["blocks"].text, "1");

        const std::string labels = "{allocator=\"" + std::string(zmalloc_allocator_name()) +
                                   "\",lib=\"" + std::string(Variant().lib) + "\",zone=\"" +
                                   name.openmetrics + "\",id=\"" + found["id"].text + "\"} ";
        EXPECT_TRUE(
            Has(Report(ZMALLOC_REPORT_OPENMETRICS), "\nzmalloc_zone_bytes" + labels + bytes + "\n"))
            << labels;
        EXPECT_TRUE(
            Has(Report(ZMALLOC_REPORT_OPENMETRICS), "\nzmalloc_zone_blocks" + labels + "1\n"));

        EXPECT_TRUE(Has(Report(ZMALLOC_REPORT_TEXT), "\nzones: 1\n"));
        EXPECT_TRUE(Has(Report(ZMALLOC_REPORT_TEXT), " 1 blocks  " + std::string(name.text) + "\n"))
            << name.text;
        zfree_in(zone, block);
    }
}

// A name is cut before a character, not inside.
TEST(ZoneReport, LongNames) {
    for (size_t before = 90; before <= 101; before++) {
        Zone zone((std::string(before, 'x') + "\xf0\x9f\x98\x80" + std::string(500, 'y')).c_str());
        const std::string name =
            json::Parse(Report(ZMALLOC_REPORT_JSON))["zones"].list[0]["name"].text;
        std::string expected(before, 'x');
        if (before <= 96) expected += "\xf0\x9f\x98\x80";
        if (before < 96) expected += std::string(96 - before, 'y');
        EXPECT_EQ(name, expected.substr(0, 100));
    }
    Zone garbage(std::string(500, '\x80').c_str());
    EXPECT_TRUE(Has(Report(ZMALLOC_REPORT_JSON), "\xef\xbf\xbd"));
}

TEST(ZoneReport, NothingWithoutZones) {
    EXPECT_FALSE(Has(Report(ZMALLOC_REPORT_TEXT), "\nzones: "));
    EXPECT_FALSE(Has(Report(ZMALLOC_REPORT_OPENMETRICS), "zmalloc_zone"));
    EXPECT_TRUE(Has(Report(ZMALLOC_REPORT_JSON), "\"zones\":[]"));
}

// OpenMetrics wants the samples of a metric together, after what describes it.
TEST(ZoneReport, ManyZones) {
    constexpr size_t kZones = 1000;
    std::vector<zmalloc_zone_t *> zones;
    std::vector<void *> blocks;
    for (size_t i = 0; i < kZones; i++) {
        zones.push_back(zmalloc_zone_create(("zone " + std::to_string(i)).c_str()));
        blocks.push_back(zmalloc_in(zones[i], i < kZones - 10 ? i : 2000 << (i + 10 - kZones)));
    }
    // The place of one is free.
    zfree_in(zones[500], blocks[500]);
    EXPECT_EQ(zmalloc_zone_destroy(zones[500]), 0);

    const json::Value json = json::Parse(Report(ZMALLOC_REPORT_JSON));
    ASSERT_EQ(json["zones"].list.size(), kZones - 1);
    size_t sum = 0;
    for (const json::Value &zone : json["zones"].list) sum += std::stoul(zone["bytes"].text);
    blocks[500] = nullptr;
    EXPECT_EQ(sum, FiguresOf(blocks).first);

    std::istringstream lines(Report(ZMALLOC_REPORT_OPENMETRICS));
    std::vector<std::string> metrics;  // as they follow each other
    size_t samples = 0;
    for (std::string line; std::getline(lines, line);) {
        const bool is_comment = line.rfind("# ", 0) == 0;
        std::string metric = is_comment ? line.substr(line.find(' ', 2) + 1) : line;
        metric = metric.substr(0, metric.find_first_of(" {"));
        if (metrics.empty() || metrics.back() != metric) metrics.push_back(metric);
        samples += !is_comment && metric.rfind("zmalloc_zone_", 0) == 0;
    }
    EXPECT_EQ(samples, 2 * (kZones - 1));
    EXPECT_EQ(std::count(metrics.begin(), metrics.end(), "zmalloc_zone_bytes"), 1);
    EXPECT_EQ(std::count(metrics.begin(), metrics.end(), "zmalloc_zone_blocks"), 1);

    // A page of text has the largest only, in their order.
    const std::string text = Report(ZMALLOC_REPORT_TEXT);
    EXPECT_TRUE(Has(text, "\nzones: 999, the largest\n"));
    size_t above = 0;
    for (size_t i = kZones; i-- > kZones - 10;) {
        const size_t at = text.find("  zone " + std::to_string(i) + "\n");
        EXPECT_NE(at, std::string::npos) << i;
        EXPECT_GT(at, above) << i;
        above = at;
    }
    EXPECT_FALSE(Has(text, "  zone 900\n"));
    EXPECT_TRUE(Has(text, " 999 blocks  in all zones\n"));
    for (size_t i = 0; i < kZones; i++) {
        zfree_in(zones[i], blocks[i]);
        EXPECT_EQ(zmalloc_zone_destroy(zones[i]), i == 500 ? -1 : 0);
    }
}

}  // namespace
}  // namespace zmalloc_test
