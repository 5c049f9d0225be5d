// The page of --html, as a browser shows it.
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "tests/tools/process.h"

namespace ztrace_test {
namespace {

// `kind`: "", "grown" or "exact".
std::string Planted(const std::string &name, const std::string &kind = "") {
    const std::string file = TempFile(name);
    EXPECT_EQ(RunProgram({DataFile("tests/zheap/planted"), "pprof", file, kind}).status, 0);
    return file;
}

std::string WritePage(std::vector<std::string> arguments) {
    const std::string page = TempFile("page.html");
    arguments.insert(arguments.begin(), {DataFile("tools/zheap/zheap"), "--html=" + page});
    const Finished finished = RunProgram(arguments);
    EXPECT_EQ(finished.status, 0) << finished.err;
    return page;
}

const char kBrowser[] = "/usr/bin/chromium";

// The document when its scripts have run.
std::string Shown(const std::string &page) {
    const Finished finished = RunProgram(
        {kBrowser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
         "--disable-background-networking", "--user-data-dir=" + TempFile("profile"),
         "--virtual-time-budget=5000", "--dump-dom", "file://" + page},
        {"HOME=" + TempFile("")});
    EXPECT_EQ(finished.status, 0) << finished.err;
    return finished.out;
}

// The first row of the table.
std::string FirstRow(const std::string &shown) {
    const size_t begin = shown.find("<tr>", shown.find("<tbody>"));
    return shown.substr(begin, shown.find("</tr>", begin) - begin);
}

// Whether the flame graph has a frame with this name.
bool HasFrame(const std::string &shown, const std::string &name) {
    return shown.find("name=\"" + name + "\" class=\"frame\"") != std::string::npos;
}

class PageTest : public testing::Test {
  protected:
    void SetUp() override {
        if (access(kBrowser, X_OK) != 0) GTEST_SKIP() << "no chromium (Debian package chromium)";
    }
};

TEST(PageFileTest, IsOneFile) {
    const std::string page = ReadFile(WritePage({Planted("one")}));
    EXPECT_EQ(page.rfind("<!DOCTYPE html>", 0), 0u);
    for (const char *missing : {" src=", "@import", "<link", "</script><b>\\\"sessions"}) {
        EXPECT_EQ(page.find(missing), std::string::npos) << missing;
    }
    EXPECT_NE(page.find("flamegraph"), std::string::npos);
}

// /dev/full takes no byte, as a full disk.
TEST(PageFileTest, SaysThatTheDiskIsFull) {
    const Finished finished =
        RunProgram({DataFile("tools/zheap/zheap"), "--html=/dev/full", Planted("one")});
    EXPECT_EQ(finished.status, 2);
    EXPECT_EQ(finished.err, "zheap: /dev/full: No space left on device\n");
}

TEST_F(PageTest, ShowsTheTopStackByLiveBytes) {
    const std::string shown = Shown(WritePage({Planted("one")}));
    const std::string row = FirstRow(shown);
    for (const char *part : {"64.0 MiB", "84.1 %", "fill_cache", "planted.cc:", "cache"}) {
        EXPECT_NE(row.find(part), std::string::npos) << part << "\n" << row;
    }
    for (const char *frame : {"all", "planted_main", "serve_requests", "fill_cache"}) {
        EXPECT_TRUE(HasFrame(shown, frame)) << frame;
    }
    EXPECT_FALSE(HasFrame(shown, "parse_header"));  // narrower than a pixel
    EXPECT_NE(shown.find("fill_cache: 64.0 MiB (84.1 %)"), std::string::npos);
    EXPECT_NE(shown.find("&lt;/script&gt;&lt;b&gt;\"sessions\""), std::string::npos);
}

TEST_F(PageTest, SwitchesToWasteAndToAllocatedBytes) {
    const std::string page = WritePage({Planted("one")});
    const std::string waste = Shown(page + "#waste"), allocated = Shown(page + "#allocated");
    EXPECT_NE(FirstRow(waste).find("open_session"), std::string::npos);
    EXPECT_TRUE(HasFrame(waste, "open_session"));
    EXPECT_NE(FirstRow(allocated).find("parse_header"), std::string::npos);
    EXPECT_TRUE(HasFrame(allocated, "parse_header"));
}

// The table from its first row to what is below it.
std::string Table(const std::string &shown) {
    const size_t begin = shown.find("<tbody>");
    return shown.substr(begin, shown.find("<script", begin) - begin);
}

TEST_F(PageTest, LeavesOutStacksWithoutTheFigure) {
    const std::string page = WritePage({Planted("two", "grown")});
    const std::string live = Table(Shown(page)), allocated = Table(Shown(page + "#allocated"));
    EXPECT_EQ(live.find("parse_header"), std::string::npos) << live;
    EXPECT_NE(live.find("1 stack has no live bytes."), std::string::npos) << live;
    EXPECT_NE(allocated.find("parse_header"), std::string::npos) << allocated;
    EXPECT_EQ(allocated.find("stack has no"), std::string::npos) << allocated;
}

TEST_F(PageTest, TellsTheLikelyError) {
    const std::string estimated = Shown(WritePage({Planted("one")}));
    EXPECT_NE(estimated.find("Live: 76.1 MiB (\u00b18 %) in"), std::string::npos);
    EXPECT_NE(estimated.find("A sample every 512.0 KiB on average"), std::string::npos);
    const std::string exact = Shown(WritePage({Planted("exact", "exact")}));
    EXPECT_NE(exact.find("Live: 76.1 MiB in"), std::string::npos);
    EXPECT_NE(exact.find("Every block is a sample."), std::string::npos);
}

TEST_F(PageTest, ShowsWhatGrew) {
    const std::string old_file = Planted("one"), file = Planted("two", "grown");
    const std::string shown = Shown(WritePage({"--diff=" + old_file, file}));
    const std::string row = FirstRow(shown);
    EXPECT_NE(row.find("open_session"), std::string::npos) << row;
    EXPECT_NE(row.find("+16.0 MiB"), std::string::npos) << row;
    EXPECT_NE(shown.find("open_session: 20.0 MiB (21.3 %, +16.0 MiB)"), std::string::npos);
}

}  // namespace
}  // namespace ztrace_test
