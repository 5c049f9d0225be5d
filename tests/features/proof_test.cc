// Compares the table of features with the outcomes of a compiler (probes.bzl).
#include <gtest/gtest.h>

#include <fstream>
#include <iostream>
#include <string>
#include <vector>

namespace {

const char kProbes[] = "tests/features/probes/";

struct Row {
    std::string platform, feature, table;
};

std::vector<Row> Table() {
    std::ifstream file(std::string(kProbes) + "table");
    std::vector<Row> rows;
    Row row;
    std::getline(file, row.platform);
    while (file >> row.feature >> row.table) rows.push_back(row);
    return rows;
}

class Proof : public testing::TestWithParam<Row> {};

// Whether an error means "not there", in the words of compilers, linkers and headers.
bool SaysNotThere(const std::string &error) {
    for (const char *words :
         {"No such file", "not found", "undeclared", "undefined", "redeclared", "redefinition",
          "unknown type name", "different kind of symbol", "static assertion failed",
          "implicit declaration", "only meant to be used on", "not available"}) {
        if (error.find(words) != std::string::npos) return true;
    }
    return false;
}

TEST_P(Proof, TheCompilerSaysWhatTheTableSays) {
    const Row &row = GetParam();
    std::ifstream file(kProbes + row.feature + ".outcome");
    std::string outcome, error, line;
    ASSERT_TRUE(std::getline(file, outcome)) << "no outcome of " << row.feature;
    while (std::getline(file, line)) error += line + '\n';
    EXPECT_EQ(row.table, outcome) << row.feature << " on " << row.platform << ": the table says "
                                  << row.table << ", the compiler " << outcome << "\n"
                                  << error;
    // A compiler that does not work would confirm every "no".
    if (outcome == "no") {
        EXPECT_PRED1(SaysNotThere, error) << row.feature << " on " << row.platform;
    }
}

INSTANTIATE_TEST_SUITE_P(Feature, Proof, testing::ValuesIn(Table()),
                         [](const testing::TestParamInfo<Row> &row) { return row.param.feature; });

TEST(Probes, WereTaken) {
    const std::vector<Row> rows = Table();
    ASSERT_GT(rows.size(), 20u);
    size_t there = 0;
    for (const Row &row : rows) there += row.table == "yes";
    EXPECT_GT(there, 0u);
    EXPECT_LT(there, rows.size());
    std::cout << rows.size() << " rows for " << rows[0].platform << ": " << there << " are there\n";
}

}  // namespace
