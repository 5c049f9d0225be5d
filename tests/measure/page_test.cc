// The page of --html, as a browser shows it.
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/tools/process.h"

namespace ztrace_test {
namespace {

std::string WritePage() {
    const std::string page = TempFile("page.html");
    const Finished finished =
        RunProgram({DataFile("tools/zmeasure/zmeasure"), "--html=" + page, "--runs=5",
                    "--only=as-is,libc", "--variant=as-is,GROW=50", "--variant=as-is,CRASH=1",
                    DataFile("tests/measure/planted"), "</script><b>\"quoted\"</b>", "", "it's"});
    EXPECT_EQ(finished.status, 0) << finished.err;
    // The command is shown as a shell takes it.
    EXPECT_NE(finished.out.find("planted '</script><b>\"quoted\"</b>' '' 'it'\\''s'\n"),
              std::string::npos)
        << finished.out;
    return page;
}

TEST(PageTest, IsOneFile) {
    const std::string page = ReadFile(WritePage());
    EXPECT_EQ(page.rfind("<!DOCTYPE html>", 0), 0u);
    for (const char *missing : {"src=", "@import", "<link", "</script><b>"}) {
        EXPECT_EQ(page.find(missing), std::string::npos) << missing;
    }
    EXPECT_NE(page.find("uPlot"), std::string::npos);
}

TEST(PageTest, ABrowserShowsTheSentenceAndTheCharts) {
    const std::string browser = "/usr/bin/chromium";
    if (access(browser.c_str(), X_OK) != 0) GTEST_SKIP() << "no chromium (Debian package chromium)";
    const Finished finished =
        RunProgram({browser, "--headless", "--no-sandbox", "--disable-gpu",
                    "--disable-dev-shm-usage", "--user-data-dir=" + TempFile("profile"),
                    "--virtual-time-budget=5000", "--dump-dom", "file://" + WritePage()},
                   {"HOME=" + TempFile("")});
    ASSERT_EQ(finished.status, 0) << finished.err;
    const std::string &page = finished.out;
    EXPECT_NE(page.find("<p>RSS, peak: "), std::string::npos);
    EXPECT_NE(page.find("as-is,GROW=50 "), std::string::npos);
    EXPECT_NE(page.find("; not judged: as-is,CRASH=1."), std::string::npos);
    EXPECT_NE(page.find("planted '&lt;/script&gt;&lt;b&gt;\"quoted\"&lt;/b&gt;' '' 'it'\\''s'<"),
              std::string::npos);
    EXPECT_NE(page.find("<td title=\"killed by signal 11"), std::string::npos);
    EXPECT_NE(page.find("<rect"), std::string::npos);
    // uPlot gives its canvas a size when it draws.
    const size_t canvas = page.find("<canvas");
    ASSERT_NE(canvas, std::string::npos);
    EXPECT_NE(page.find("width=\"", canvas), std::string::npos);
    EXPECT_NE(page.find("data-drawn=\"true\""), std::string::npos);
}

}  // namespace
}  // namespace ztrace_test
