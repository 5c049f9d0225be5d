// Each macro that config.h of a released server may define is a row of the table of features, or
// stands among those that are none, with a reason.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

std::string Contents(const std::string &path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::set<std::string> Matches(const std::string &text, const char *pattern) {
    const std::regex expression(pattern);
    std::set<std::string> found;
    for (std::sregex_iterator match(text.begin(), text.end(), expression), end; match != end;
         ++match) {
        found.insert((*match)[1]);
    }
    return found;
}

// Names in backticks, in both tables of the document.
std::set<std::string> Known() {
    return Matches(Contents(std::getenv("ZMALLOC_FEATURES")), "`(\\w+)( \\w+)?`");
}

class ConfigH : public testing::TestWithParam<std::string> {};

TEST_P(ConfigH, MacrosAreKnown) {
    const std::set<std::string> known = Known();
    const std::set<std::string> macros =
        Matches(Contents(GetParam()), "(?:^|\n)[ \t]*#[ \t]*define[ \t]+(\\w+)");
    EXPECT_GT(macros.size(), 30u);
    for (const std::string &macro : macros) {
        EXPECT_EQ(known.count(macro), 1u)
            << GetParam() << " defines " << macro
            << ": add a row to FEATURES in zmalloc/features/features.bzl, or a reason to "
               "NO_FEATURES";
    }
}

std::vector<std::string> Files() {
    std::istringstream words(std::getenv("CONFIG_H"));
    return {std::istream_iterator<std::string>(words), {}};
}

INSTANTIATE_TEST_SUITE_P(Servers, ConfigH, testing::ValuesIn(Files()),
                         [](const auto &test) { return std::to_string(test.index); });

}  // namespace
