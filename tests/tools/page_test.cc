// The page of compare --html, as a browser shows it.
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/tools/process.h"

namespace ztrace_test {
namespace {

const char kBrowser[] = "/usr/bin/chromium";

// Of the first part of the trace that ships.  Its name would end the page's script.
std::string WritePage() {
    const std::string page = TempFile("page.html"), trace = TempFile("<b>\"cut\".ztrace");
    WriteFile(trace, ReadFile(DataFile("tools/zreplay/traces/redis.ztrace")).substr(0, 200000));
    const Finished finished =
        RunProgram({DataFile("tools/zreplay/compare"), "--html=" + page, "--rounds=1", trace});
    EXPECT_EQ(finished.status, 0) << finished.err;
    EXPECT_NE(finished.out.find("verdict"), std::string::npos);
    return page;
}

// For all tests: it takes some seconds.
const std::string &Page() {
    static const std::string page = WritePage();
    return page;
}

size_t Count(const std::string &text, const std::string &part) {
    size_t count = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        count++;
    }
    return count;
}

TEST(PageTest, IsOneFile) {
    const std::string page = ReadFile(Page());
    EXPECT_EQ(page.rfind("<!DOCTYPE html>", 0), 0u);
    for (const char *missing : {" src=", "@import", "<link", "<b>\\\"cut"}) {
        EXPECT_EQ(page.find(missing), std::string::npos) << missing;
    }
    EXPECT_NE(page.find("uPlot"), std::string::npos);
}

// The document when its scripts have run.
std::string Shown(const std::string &page) {
    const Finished finished =
        RunProgram({kBrowser, "--headless", "--no-sandbox", "--disable-gpu",
                    "--disable-dev-shm-usage", "--user-data-dir=" + TempFile("profile"),
                    "--virtual-time-budget=5000", "--dump-dom", "file://" + page},
                   {"HOME=" + TempFile("")});
    EXPECT_EQ(finished.status, 0) << finished.err;
    return finished.out;
}

// Of a trace with call stacks the page has a flame graph; of another it has none.
TEST(PageTest, ABrowserShowsCallStacks) {
    if (access(kBrowser, X_OK) != 0) GTEST_SKIP() << "no chromium (Debian package chromium)";
    const std::string page = TempFile("stacks.html"), trace = TempFile("stacks.ztrace");
    Finished finished = RunProgram({DataFile("tools/ztrace/ztrace"), "--stacks=16", "-o", trace,
                                    DataFile("tests/tools/stacked_program")});
    ASSERT_EQ(finished.status, 0) << finished.err;
    finished = RunProgram(
        {DataFile("tools/zreplay/compare"), "--html=" + page, "--rounds=1", "--only=libc", trace});
    ASSERT_EQ(finished.status, 0) << finished.err;
    const std::string shown = Shown(page);
    for (const char *function : {"fill_cache", "load_table", "grow_buffer", "main"}) {
        EXPECT_NE(shown.find("name=\"" + std::string(function) + "\" class=\"frame\""),
                  std::string::npos)
            << function;
    }
    EXPECT_EQ(shown.find("name=\"serve_requests\" class=\"frame\""), std::string::npos);
    EXPECT_NE(shown.find("<div id=\"stacks\">"), std::string::npos) << "shown";
}

TEST(PageTest, ABrowserShowsTheVerdictTheChartsAndTheTable) {
    if (access(kBrowser, X_OK) != 0) GTEST_SKIP() << "no chromium (Debian package chromium)";
    const std::string shown = Shown(Page());
    EXPECT_NE(shown.find("<div id=\"stacks\" hidden=\"\">"), std::string::npos) << "it has none";
    for (const char *part :
         {"&lt;b&gt;\"cut\".ztrace: ", "<th>RSS, the most</th>", "<th>time of the calls</th>",
          "RSS over the time of the recording, MiB", "data-drawn=\"true\"", "malloc: ", "not freed",
          "of the frees", "<td class=\"key\">RSS, MiB</td>", "<th>tcmalloc_minimal</th>",
          "1 round. ", "RSS, 10 s later: after the last call", ">1 \u00b5s</text>"}) {
        EXPECT_NE(shown.find(part), std::string::npos) << part;
    }
    // Two maps, with the same blocks in each cell.
    EXPECT_GE(Count(shown, "data-blocks=\""), 100u);
    EXPECT_EQ(Count(shown, "data-blocks=\"0\"") % 2, 0u);
    for (const char *wrong : {"NaN", "undefined", "Infinity"}) {
        EXPECT_EQ(shown.substr(0, shown.find("<script")).find(wrong), std::string::npos) << wrong;
    }
}

}  // namespace
}  // namespace ztrace_test
