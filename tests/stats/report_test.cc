// zmalloc_report(): its three formats, and buffers of every size.
#include <sstream>

#include "tests/sbom/json.h"
#include "tests/support.h"
#include "zmalloc/stats.h"

namespace zmalloc_test {
namespace {

std::string Report(zmalloc_report_format format) {
    std::vector<char> buffer(16384);
    const int length = zmalloc_report(buffer.data(), buffer.size(), format);
    EXPECT_GT(length, 0);
    EXPECT_EQ(std::strlen(buffer.data()), static_cast<size_t>(length));
    return buffer.data();
}

const char *const kNames[] = {
#define NAME(FIELD, name, what) #name,
    ZMALLOC_STATS_FIELDS(NAME)
#undef NAME
};

std::string Lib() { return std::string(Variant().lib); }

bool Knows(size_t field) {
    zmalloc_stats_t info;
    zmalloc_stats(&info, sizeof info, ZMALLOC_ALL_ARENAS, 1);
    return zmalloc_stats_knows(&info, static_cast<zmalloc_stats_field>(field));
}

TEST(Report, Text) {
    const std::string text = Report(ZMALLOC_REPORT_TEXT);
    EXPECT_EQ(text.find("zmalloc over " + Lib() + "\n"), 0u);
    std::istringstream lines(text);
    std::string line;
    std::getline(lines, line);
    for (size_t f = 0; f < ZMALLOC_STATS_COUNT; f++) {
        ASSERT_TRUE(std::getline(lines, line));
        EXPECT_EQ(line.find(std::string("  ") + kNames[f]), 0u) << line;
        EXPECT_EQ(line.find("unknown") == std::string::npos, Knows(f)) << line;
    }
    for (const char *step : {"allocated -> active", "active    -> resident", "resident  -> rss"}) {
        EXPECT_NE(text.find(step), std::string::npos) << step;
    }
}

TEST(Report, Json) {
    std::vector<char> room(kMiB, 1);  // something to report
    const json::Value report = json::Parse(Report(ZMALLOC_REPORT_JSON));
    EXPECT_EQ(report.object.size(), ZMALLOC_STATS_COUNT + 5u);
    EXPECT_EQ(report["zones"].kind, json::Value::Kind::kList);
    EXPECT_TRUE(report["zones"].list.empty());
    EXPECT_EQ(report["allocator"].text, zmalloc_allocator_name());
    EXPECT_EQ(report["lib"].text, Lib());
    for (size_t f = 0; f < ZMALLOC_STATS_COUNT; f++) {
        const std::string &value = report[kNames[f]].text;
        if (Knows(f)) {
            EXPECT_EQ(value.find_first_not_of("0123456789"), std::string::npos) << value;
            EXPECT_FALSE(value.empty());
        } else {
            EXPECT_EQ(value, "null") << kNames[f];
        }
    }
    EXPECT_EQ(report["used"].text, std::to_string(zmalloc_used_memory()));
}

// Checks the order that OpenMetrics asks for, that nothing is unknown, and the end mark.
TEST(Report, OpenMetrics) {
    std::istringstream lines(Report(ZMALLOC_REPORT_OPENMETRICS));
    std::string line;
    for (size_t f = 0; f < ZMALLOC_STATS_COUNT; f++) {
        if (!Knows(f)) continue;
        const std::string name = std::string("zmalloc_") + kNames[f] + "_bytes";
        std::getline(lines, line);
        EXPECT_EQ(line, "# TYPE " + name + " gauge");
        std::getline(lines, line);
        EXPECT_EQ(line, "# UNIT " + name + " bytes");
        std::getline(lines, line);
        EXPECT_EQ(line.find("# HELP " + name + " "), 0u) << line;
        std::getline(lines, line);
        EXPECT_EQ(line.find(name + "{allocator=\"" + zmalloc_allocator_name() + "\",lib=\"" +
                            Lib() + "\"} "),
                  0u)
            << line;
    }
    // causes_test.cc looks at what comes here.
    while (std::getline(lines, line) && line != "# EOF") {
        EXPECT_EQ(line.find("# ") == 0 || line.find("zmalloc_") == 0, true) << line;
    }
    EXPECT_EQ(line, "# EOF");
    EXPECT_FALSE(std::getline(lines, line));
}

TEST(Report, AnyBufferSize) {
    for (auto format : {ZMALLOC_REPORT_TEXT, ZMALLOC_REPORT_JSON, ZMALLOC_REPORT_OPENMETRICS}) {
        const size_t length = Report(format).size();
        EXPECT_GT(zmalloc_report(nullptr, 0, format), 0);
        for (size_t size : {size_t{1}, size_t{2}, size_t{100}, length / 2}) {
            std::vector<char> buffer(size + 1, 0x5a);
            EXPECT_GE(static_cast<size_t>(zmalloc_report(buffer.data(), size, format)), size);
            EXPECT_EQ(std::strlen(buffer.data()), size - 1);
            EXPECT_EQ(buffer[size], 0x5a);
        }
    }
    char buffer[10];
    EXPECT_EQ(zmalloc_report(buffer, sizeof buffer, static_cast<zmalloc_report_format>(99)), -1);
    EXPECT_EQ(zmalloc_report(buffer, sizeof buffer, static_cast<zmalloc_report_format>(-1)), -1);
}

}  // namespace
}  // namespace zmalloc_test
