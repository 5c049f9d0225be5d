// A replay over jemalloc has a background thread if the recorded program had one.  It sleeps by the
// clock of the trace.
#include <gtest/gtest.h>

#include <climits>
#include <cstdlib>
#include <map>
#include <sstream>

#include "tests/tools/process.h"
#include "tests/tools/trace_file.h"

namespace ztrace_test {
namespace {

const double kMiB = 1 << 20;
const uint32_t kBlocks = 65536;  // of 1 KiB
const uint64_t kSecond = 1000000000;
const uint64_t kSeconds = 30;

zt_event Event(zt_op op, uint64_t size, uint32_t object, uint64_t seconds) {
    zt_event event = {};
    event.op = static_cast<uint8_t>(op);
    event.size = size;
    event.object = object;
    event.time = seconds * kSecond;
    return event;
}

// 64 MiB that are freed at once; then no call for 30 s.
std::vector<zt_event> FreedAndSilent(uint32_t threads) {
    std::vector<zt_event> events;
    for (uint32_t i = 0; i < kBlocks; i++) events.push_back(Event(ZT_MALLOC, 1024, i, 0));
    for (uint32_t i = 0; i < kBlocks; i++) events.push_back(Event(ZT_FREE, 0, i, 0));
    events.push_back(Event(ZT_MALLOC, 100, 0, kSeconds));
    if (threads > 1) events[0].thread = 0;
    for (size_t i = 1; i < events.size() && threads > 1; i++) events[i].thread = 1;
    return events;
}

// A look at the program each second, also when it has made its last call.
std::vector<zt_sample> Looks() {
    std::vector<zt_sample> looks(kSeconds + 15);
    for (size_t i = 0; i < looks.size(); i++) {
        looks[i].time = (i + 1) * kSecond;
        looks[i].rss = looks[i].rss_anon = 1 << 20;
    }
    return looks;
}

std::string Save(const std::string &note, uint32_t threads) {
    std::string path = TempFile("background.ztrace");
    std::vector<zt_event> events = FreedAndSilent(threads);
    std::map<std::string, std::string> notes;
    if (!note.empty()) notes["background-thread"] = note;
    WriteFile(path, WriteTrace(events, {}, notes, Looks()));
    return path;
}

struct Replayed {
    bool background = false, program = false;
    std::map<int, double> mib;  // by second
    double later = 0;
};

bool Has(const std::string &json, const std::string &key) {
    return json.find("\"" + key + "\": true,") != std::string::npos;
}

// Replays over an allocator.
Replayed Replay(const std::string &variant, const std::string &trace,
                std::vector<std::string> options = {},
                const std::vector<std::string> &environment = {}) {
    options.insert(options.begin(), {DataFile("tools/zreplay/zreplay_" + variant), "--json",
                                     "--timeline", "--rounds=1"});
    options.push_back(trace);
    const Finished finished = RunProgram(options, environment);
    EXPECT_EQ(finished.status, 0) << finished.err;
    Replayed replayed;
    const std::string key = "\"program_timeline\": [", later = "\"rss_quiet\": ";
    std::istringstream line(finished.out.substr(finished.out.find(key) + key.size()));
    char mark;
    double ms, program, rss;
    while (line >> mark && mark != ']') {
        if (mark == ',') line >> mark;
        if (!(line >> ms >> mark >> program >> mark >> rss >> mark)) break;
        replayed.mib[static_cast<int>(ms / 1000)] = rss / kMiB;
    }
    replayed.background = Has(finished.out, "background_thread");
    replayed.program = Has(finished.out, "program_background_thread");
    replayed.later =
        std::strtod(finished.out.c_str() + finished.out.find(later) + later.size(), nullptr) / kMiB;
    return replayed;
}

TEST(Background, JemallocGivesBackWhileNobodyCalls) {
    for (const uint32_t threads : {1, 2}) {
        const std::string with = Save("from 0.000 s", threads);
        const Replayed replayed = Replay("jemalloc", with);
        EXPECT_TRUE(replayed.background && replayed.program);
        ASSERT_EQ(replayed.mib.size(), kSeconds + 15);
        // All was freed at once, so that the thread looks after 10 s; it then takes 7 s or so,
        // which depends on the size of pages.
        const double first = replayed.mib.at(1);
        EXPECT_GT(first, 60);
        EXPECT_GT(replayed.mib.at(9), first - 4);
        EXPECT_LT(replayed.mib.at(25), first - 50);
        const Replayed off = Replay("jemalloc", with, {}, {"MALLOC_CONF=background_thread:false"});
        EXPECT_FALSE(off.background);
        EXPECT_GT(off.mib.at(29), 60);
    }
}

TEST(Background, WithoutANoteThereIsNone) {
    for (const std::string variant : {"jemalloc", "libc"}) {
        const Replayed replayed = Replay(variant, Save("", 1));
        EXPECT_FALSE(replayed.background || replayed.program);
        EXPECT_EQ(replayed.mib.at(1), replayed.mib.at(29));
        EXPECT_EQ(replayed.mib.at(31), replayed.mib.at(44));
    }
    const Replayed libc = Replay("libc", Save("from 0.000 s", 1));
    EXPECT_FALSE(libc.background);
    EXPECT_TRUE(libc.program);
    EXPECT_EQ(libc.mib.at(1), libc.mib.at(29));
}

TEST(Background, SettingsTurnItOn) {
    const Replayed replayed =
        Replay("jemalloc", Save("", 1), {}, {"MALLOC_CONF=background_thread:true"});
    EXPECT_TRUE(replayed.background);
    EXPECT_FALSE(replayed.program);
    EXPECT_LT(replayed.mib.at(29), replayed.mib.at(1) - 50);
}

// A replay over a library that is preloaded, of a program whose thread began then.
Replayed ReplayPreloaded(const std::string &note, uint32_t threads) {
    char library[PATH_MAX];
    EXPECT_NE(realpath(DataFile("tests/tools/libbackground_malloc.so").c_str(), library), nullptr);
    Replayed replayed = Replay("libc", Save(note, threads), {std::string("--preloaded=") + library},
                               {std::string("LD_PRELOAD=") + library});
    EXPECT_TRUE(replayed.background);
    return replayed;
}

// The thread of a preloaded library wakes at each of its times, and what it does is done before the
// clock moves on; also after the last call, where the row "10 s later" stays that.
TEST(Background, APreloadedLibrarysThreadSleepsByTheClock) {
    for (const uint32_t threads : {1, 2}) {
        const Replayed replayed = ReplayPreloaded("from 0.000 s", threads);
        const double first = replayed.mib.at(1);
        for (int second = 2; second <= 44; second++) {
            EXPECT_NEAR(replayed.mib.at(second), first + 10 * (second - 1), 3) << second;
        }
        EXPECT_NEAR(replayed.later, first + 10 * (40 - 1), 3);
    }
}

TEST(Background, BeginsWhenTheProgramsBegan) {
    const Replayed replayed = ReplayPreloaded("from 6.500 s to 20.000 s", 1);
    EXPECT_EQ(replayed.mib.at(1), replayed.mib.at(6));
    EXPECT_NEAR(replayed.mib.at(7), replayed.mib.at(6) + 5, 3);
    EXPECT_NEAR(replayed.mib.at(15), replayed.mib.at(6) + 85, 3);
}

}  // namespace
}  // namespace ztrace_test
