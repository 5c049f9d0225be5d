// The causes that a report tells for memory that is resident and not used.
#include <fcntl.h>
#include <sys/mman.h>

#include <sstream>

#include "tests/sbom/json.h"
#include "tests/support.h"
#include "zmalloc/profile.h"
#include "zmalloc/stats.h"

namespace zmalloc_test {
namespace {

std::string Report(zmalloc_report_format format) {
    std::vector<char> buffer(64 << 10);
    EXPECT_LT(zmalloc_report(buffer.data(), buffer.size(), format), 64 << 10);
    return buffer.data();
}

json::Value Json() { return json::Parse(Report(ZMALLOC_REPORT_JSON)); }

bool Has(const std::string &text, const std::string &part) {
    return text.find(part) != std::string::npos;
}

// Whether the allocator tells this cause.
bool TellsCause(std::string_view cause) {
    const auto &causes = Variant().causes;
    return std::find(causes.begin(), causes.end(), cause) != causes.end();
}

const char *const kCauses[] = {"slabs", "caches",   "others",  "dirty",
                               "muzzy", "metadata", "profile", "mappings"};

long long Number(const json::Value &value) {
    return value.text.empty() || value.text == "null" ? 0 : std::stoll(value.text);
}

bool Known(const json::Value &value) { return value.text != "null"; }

TEST(Causes, AddUpToTheGap) {
    const json::Value report = Json();
    const json::Value &causes = report["causes"];
    ASSERT_TRUE(Known(causes["gap"]));
    EXPECT_EQ(Number(causes["gap"]), Number(report["rss"]) - Number(report["used"]));
    long long sum = Number(causes["rest"]);
    for (const char *cause : kCauses) {
        EXPECT_FALSE(causes[cause].text.empty()) << cause;
        sum += Number(causes[cause]);
    }
    EXPECT_EQ(sum, Number(causes["gap"]));
    EXPECT_EQ(causes.object.size(), 5 + sizeof kCauses / sizeof *kCauses - 1);
}

// jemalloc counts blocks in thread caches as allocated.
TEST(Causes, NoByteCountsTwice) {
    if (Variant().allocator != "jemalloc") GTEST_SKIP() << "this allocator does not";
    std::vector<void *> blocks;
    for (size_t size = 8; size <= 14000; size += 8) blocks.push_back(zmalloc(size));
    for (void *block : blocks) zfree(block);
    const json::Value report = Json();
    const json::Value &causes = report["causes"];
    EXPECT_GT(Number(causes["caches"]), 0);
    const long long beyond = Number(report["allocated"]) - Number(report["used"]);
    EXPECT_LE(Number(causes["caches"]) + Number(causes["others"]), beyond);
}

// What an allocator does not tell is unknown in each format, and not 0.
TEST(Causes, UnknownIsNot0) {
    const json::Value report = Json();
    const json::Value &causes = report["causes"];
    const std::string metrics = Report(ZMALLOC_REPORT_OPENMETRICS);
    for (const char *cause : {"slabs", "caches", "muzzy", "metadata"}) {
        EXPECT_EQ(Known(causes[cause]), TellsCause(cause)) << cause;
    }
    std::istringstream lines(Report(ZMALLOC_REPORT_TEXT));
    std::string line;
    while (std::getline(lines, line) && line != "causes:") continue;
    ASSERT_TRUE(std::getline(lines, line));
    for (const char *cause : kCauses) {
        ASSERT_TRUE(std::getline(lines, line));
        EXPECT_TRUE(Has(line, std::string("    ") + cause)) << line;
        EXPECT_EQ(Has(line, "unknown"), !Known(causes[cause])) << line;
        EXPECT_EQ(Has(metrics, std::string(",cause=\"") + cause + "\"}"), Known(causes[cause]));
    }
    EXPECT_TRUE(Has(metrics, ",cause=\"rest\"} "));
}

// Half of the blocks of many slabs are free, and nothing can give their memory back.
TEST(Causes, FreeBlocksBesideUsedOnes) {
    constexpr size_t kBlocks = 100000, kSize = 320;
    if (!TellsCause("slabs")) GTEST_SKIP() << "this allocator does not tell";
    std::vector<void *> blocks;
    for (size_t i = 0; i < kBlocks; i++) {
        blocks.push_back(zmalloc(kSize));
        std::memset(blocks[i], 1, kSize);
    }
    const json::Value before = Json();
    for (size_t i = 0; i < kBlocks; i += 2) zfree(blocks[i]);
    const json::Value after = Json();
    const auto grown = [&](const char *cause) {
        return Number(after["causes"][cause]) - Number(before["causes"][cause]);
    };
    // Some may be in a cache.
    constexpr size_t kFreed = kBlocks / 2 * kSize;
    const auto freed = static_cast<double>(kFreed);
    EXPECT_NEAR(static_cast<double>(grown("slabs") + grown("caches")), freed, 0.1 * freed);
    EXPECT_GT(static_cast<double>(grown("slabs")), 0.5 * freed);
    for (size_t i = 1; i < kBlocks; i += 2) zfree(blocks[i]);
}

#ifdef __linux__

// A file of which 3 MiB are resident.
class MappedFile {
  public:
    explicit MappedFile(const std::string &name) : path_(testing::TempDir() + "/" + name) {
        const int fd = open(path_.c_str(), O_RDWR | O_CREAT, 0600);
        EXPECT_GE(fd, 0) << path_;
        EXPECT_EQ(ftruncate(fd, kBytes), 0);
        at_ = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
        EXPECT_NE(at_, MAP_FAILED);
        std::memset(at_, 1, kBytes);
        close(fd);
    }
    ~MappedFile() {
        munmap(at_, kBytes);
        unlink(path_.c_str());
    }
    MappedFile(const MappedFile &) = delete;
    static constexpr size_t kBytes = 3 << 20;

  private:
    std::string path_;
    void *at_;
};

TEST(Causes, MappingsHaveTheirNames) {
    const json::Value before = Json();
    const struct {
        const char *name, *json, *openmetrics, *text;
    } kNames[] = {
        {"plain", "plain", "plain", "plain"},
        {"a \"quote\"", R"(a \"quote\")", R"(a \"quote\")", "a \"quote\""},
        {"back\\slash", R"(back\\slash)", R"(back\\slash)", "back\\slash"},
        {"esc\x1b[31m\x80", "esc\\u001b[31m\xef\xbf\xbd", "esc?[31m\xef\xbf\xbd",
         "esc?[31m\xef\xbf\xbd"},
        {"%s%n", "%s%n", "%s%n", "%s%n"},
    };
    for (const auto &name : kNames) {
        SCOPED_TRACE(name.json);
        const MappedFile file(name.name);
        const json::Value report = Json();
        const json::Value &largest = report["causes"]["largest_mappings"];
        EXPECT_LE(largest.list.size(), 5U);
        long long bytes = 0;
        for (const json::Value &mapping : largest.list) {
            const std::string &text = mapping["name"].text;
            const std::string end = std::string("/") + name.json;
            if (text.size() >= end.size() &&
                text.compare(text.size() - end.size(), end.size(), end) == 0) {
                bytes = Number(mapping["bytes"]);
            }
        }
        EXPECT_EQ(bytes, static_cast<long long>(MappedFile::kBytes));
        EXPECT_GE(Number(report["causes"]["mappings"]) - Number(before["causes"]["mappings"]),
                  bytes);
        EXPECT_TRUE(Has(Report(ZMALLOC_REPORT_OPENMETRICS),
                        std::string("/") + name.openmetrics + "\"} " + std::to_string(bytes)));
        EXPECT_TRUE(Has(Report(ZMALLOC_REPORT_TEXT), std::string("/") + name.text + "\n"));
    }
}

TEST(Causes, OfALongNameTheEndIsTold) {
    const MappedFile file(std::string(200, 'x') + "the end");
    EXPECT_TRUE(Has(Report(ZMALLOC_REPORT_JSON), "xxxthe end\",\"bytes\":3145728}"));
}

#endif

// ---- Waste -----------------------------------------------------------------------------

TEST(Waste, IsToldWhileAProfileIsOn) {
    constexpr size_t kBlocks = 20000;
    const std::string nobody = Report(ZMALLOC_REPORT_OPENMETRICS);
    EXPECT_EQ(Json()["waste"].text, "null");
    EXPECT_FALSE(Has(Report(ZMALLOC_REPORT_TEXT), "free bytes that code keeps"));
    EXPECT_FALSE(Has(nobody, "zmalloc_waste_bytes"));
    ASSERT_EQ(zmalloc_profile_start(1000), 0);
    zmalloc_label("a \"waster\"\x1b");
    std::vector<void *> blocks;
    for (size_t i = 0; i < kBlocks; i++) blocks.push_back(zmalloc(200));
    for (size_t i = 0; i < kBlocks; i++) {
        if (i % 10 != 0) zfree(blocks[i]);
    }
    zmalloc_label(nullptr);
    const json::Value report = Json();
    const std::string text = Report(ZMALLOC_REPORT_TEXT);
    EXPECT_EQ(report["waste"].kind, json::Value::Kind::kList);
    EXPECT_LE(report["waste"].list.size(), 3U);
    EXPECT_TRUE(Has(text, "free bytes that code keeps"));
    if (!Variant().knows_slabs) {
        EXPECT_TRUE(report["waste"].list.empty());
        EXPECT_TRUE(Has(text, "  none is known\n"));
    } else {
        ASSERT_FALSE(report["waste"].list.empty());
        const json::Value &most = report["waste"].list[0];
        EXPECT_EQ(most["label"].text, R"(a \"waster\"\u001b)");
        EXPECT_GT(Number(most["bytes"]), 100000);
        EXPECT_TRUE(Has(text, "label \"a \"waster\"?\"  "));
        std::string stack;
        for (const json::Value &frame : most["stack"].list) {
            EXPECT_EQ(frame.text.find("0x"), 0U);
            stack += (stack.empty() ? "" : " ") + frame.text;
        }
        EXPECT_TRUE(Has(Report(ZMALLOC_REPORT_OPENMETRICS),
                        R"(,label="a \"waster\"?",stack=")" + stack + "\"} "));
        EXPECT_TRUE(Has(text, stack.empty() ? "unknown stack" : stack));
    }
    for (size_t i = 0; i < kBlocks; i += 10) zfree(blocks[i]);
    zmalloc_profile_stop();
}

}  // namespace
}  // namespace zmalloc_test
