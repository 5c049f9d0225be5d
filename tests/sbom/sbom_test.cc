// Checks the document against SPDX 2.3, and that all rows of the table of sources are in it.
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "tests/sbom/json.h"
#include "tests/support.h"

namespace zmalloc_test {
namespace {

std::string Contents(const char *path) {
    std::stringstream contents;
    contents << std::ifstream(path).rdbuf();
    return contents.str();
}

const json::Value &Document() {
    static const json::Value document = json::Parse(Contents("third_party/sbom/zmalloc.spdx.json"));
    return document;
}

std::map<std::string, json::Value> Packages() {
    std::map<std::string, json::Value> packages;
    for (const json::Value &package : Document()["packages"].list) {
        EXPECT_TRUE(packages.emplace(package["name"].text, package).second);
    }
    return packages;
}

struct Row {
    std::string name, version, sha256, license, part;
};

std::vector<Row> Table() {
    std::vector<Row> rows;
    std::istringstream lines(std::getenv("SOURCES"));
    for (std::string line; std::getline(lines, line);) {
        std::istringstream columns(line);
        Row row;
        for (std::string *column :
             {&row.name, &row.version, &row.sha256, &row.license, &row.part}) {
            std::getline(columns, *column, '\t');
        }
        rows.push_back(row);
    }
    return rows;
}

// "KIND TO" of each relationship from an element.
std::set<std::string> RelationshipsOf(const std::string &element) {
    std::set<std::string> found;
    for (const json::Value &relationship : Document()["relationships"].list) {
        if (relationship["spdxElementId"].text != element) continue;
        found.insert(relationship["relationshipType"].text + " " +
                     relationship["relatedSpdxElement"].text);
    }
    return found;
}

bool Matches(const json::Value &value, const char *expression) {
    return std::regex_match(value.text, std::regex(expression));
}

TEST(Sbom, HasTheFieldsOfADocument) {
    const json::Value &document = Document();
    ASSERT_EQ(document.kind, json::Value::Kind::kObject) << "no JSON";
    EXPECT_EQ(document["spdxVersion"].text, "SPDX-2.3");
    EXPECT_EQ(document["dataLicense"].text, "CC0-1.0");
    EXPECT_EQ(document["SPDXID"].text, "SPDXRef-DOCUMENT");
    EXPECT_TRUE(Matches(document["name"], "zmalloc-.+"));
    EXPECT_TRUE(Matches(document["documentNamespace"], "https://[^#]+-[0-9]+"));
    const json::Value &info = document["creationInfo"];
    EXPECT_TRUE(Matches(info["created"], R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"));
    ASSERT_EQ(info["creators"].list.size(), 1u);
    EXPECT_TRUE(Matches(info["creators"].list[0], "Tool: .+"));
    EXPECT_EQ(RelationshipsOf("SPDXRef-DOCUMENT"),
              (std::set<std::string>{"DESCRIBES SPDXRef-zmalloc"}));
}

TEST(Sbom, HasTheFieldsOfPackages) {
    std::set<std::string> ids;
    for (const auto &[name, package] : Packages()) {
        EXPECT_TRUE(Matches(package["SPDXID"], "SPDXRef-[A-Za-z0-9.-]+")) << name;
        EXPECT_TRUE(ids.insert(package["SPDXID"].text).second) << name;
        EXPECT_TRUE(Matches(package["downloadLocation"], "NOASSERTION|https://[^ ]+")) << name;
        EXPECT_EQ(package["filesAnalyzed"].text, "false") << name;
        EXPECT_FALSE(package["versionInfo"].text.empty()) << name;
        EXPECT_TRUE(Matches(package["licenseDeclared"], "[A-Za-z0-9.+-]+( WITH [A-Za-z0-9.-]+)?"));
    }
    ids.insert("SPDXRef-DOCUMENT");
    ids.insert("NOASSERTION");
    for (const json::Value &relationship : Document()["relationships"].list) {
        EXPECT_TRUE(ids.count(relationship["spdxElementId"].text));
        EXPECT_TRUE(ids.count(relationship["relatedSpdxElement"].text));
    }
}

TEST(Sbom, IsOfThisRelease) {
    const std::string version = Packages()["zmalloc"]["versionInfo"].text;
    EXPECT_NE(Contents("MODULE.bazel").find("\n    version = \"" + version + "\",\n"),
              std::string::npos)
        << version;
}

TEST(Sbom, HasEverySource) {
    std::map<std::string, json::Value> packages = Packages();
    const std::vector<Row> table = Table();
    EXPECT_GT(table.size(), 5u);
    EXPECT_EQ(packages.size(), table.size() + 1);
    for (const Row &row : table) {
        const json::Value &package = packages[row.name];
        EXPECT_EQ(package["versionInfo"].text, row.version) << row.name;
        EXPECT_EQ(package["licenseDeclared"].text, row.license) << row.name;
        ASSERT_EQ(package["checksums"].list.size(), 1u) << row.name;
        EXPECT_EQ(package["checksums"].list[0]["algorithm"].text, "SHA256");
        EXPECT_EQ(package["checksums"].list[0]["checksumValue"].text, row.sha256) << row.name;
        ASSERT_EQ(package["externalRefs"].list.size(), 1u) << row.name;
        const std::string purl = package["externalRefs"].list[0]["referenceLocator"].text;
        EXPECT_EQ(purl.rfind("pkg:", 0), 0u) << purl;
        EXPECT_NE(purl.find(row.version), std::string::npos) << purl;
    }
}

TEST(Sbom, TellsWhatIsLinked) {
    const std::map<std::string, std::string> kinds = {{"build", "BUILD_DEPENDENCY_OF"},
                                                      {"library", "OPTIONAL_DEPENDENCY_OF"},
                                                      {"test", "TEST_DEPENDENCY_OF"},
                                                      {"toolchain", "BUILD_TOOL_OF"},
                                                      {"tools", "OPTIONAL_COMPONENT_OF"}};
    std::map<std::string, json::Value> packages = Packages();
    std::set<std::string> links;
    for (const Row &row : Table()) {
        const std::string id = packages[row.name]["SPDXID"].text;
        std::set<std::string> expected;
        if (row.name == Variant().source) {
            links.insert("STATIC_LINK " + id);
        } else {
            expected.insert(kinds.at(row.part) + " SPDXRef-zmalloc");
        }
        EXPECT_EQ(RelationshipsOf(id), expected) << row.name;
    }
    EXPECT_EQ(RelationshipsOf("SPDXRef-zmalloc"), links);
}

}  // namespace
}  // namespace zmalloc_test
