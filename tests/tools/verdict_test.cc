// compare's verdict: true, or said not to be known.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "tools/zreplay/compare.h"

namespace {

using Figures = std::map<std::string, double>;

// What zreplay prints of a program with one thread and small blocks, over one allocator.
Figures Sound(double rss, double ns) {
    return {{"events", 1e7},
            {"events_elsewhere", 0},
            {"lost_events", 0},
            {"unseen_calls", 0},
            {"duration_s", 0.9},
            {"peak_requested", 1e8},
            {"peak_large", 0},
            {"peak_rss", rss},
            {"rss_most_sampled", rss},
            {"end_rss", rss},
            {"ns_all", ns},
            {"ns_all_without_last_round", ns * 1.05},
            {"peak_resident", rss},
            {"rss_most_sampled_low", rss},
            {"rss_most_sampled_high", rss},
            {"rounds", 3},
            {"rss_quiet", rss},
            {"end_rss_low", rss},
            {"end_rss_high", rss},
            {"rss_quiet_low", rss},
            {"rss_quiet_high", rss},
            {"ns_malloc", ns},
            {"used", 1e8},
            {"peak_used", 1e8}};
}

Figures With(Figures figures, const std::string &key, double value) {
    figures[key] = value;
    return figures;
}

// The table over allocators "a", "b", ... with these figures; "libc" is the first one where the
// program was recorded over a library.
std::string Table(const std::vector<Figures> &allocators, const std::string &recorded_over = "") {
    std::vector<std::string> names, texts;
    std::vector<run> runs;
    for (const Figures &figures : allocators) {
        std::string json = "{\n  \"trace\": \"t\",\n  \"program\": \"p\",\n  \"by_threads\": ";
        json += figures.count("one_thread") != 0 ? "false" : "true";
        json += ",\n  \"recorded_over\": \"" + recorded_over + "\"";
        for (const auto &[key, value] : figures) {
            json += ",\n  \"" + key + "\": " + std::to_string(value);
        }
        texts.push_back(json + "\n}\n");
        names.emplace_back(1, static_cast<char>('a' + names.size()));
        if (names.size() == 1 && !recorded_over.empty()) names[0] = "libc";
    }
    for (size_t i = 0; i < texts.size(); i++) {
        runs.push_back({names[i].c_str(), texts[i].data(), 0, nullptr});
    }
    testing::internal::CaptureStdout();
    print_comparison(runs.data(), runs.size());
    return testing::internal::GetCapturedStdout();
}

// The line that begins with this, without it.
std::string Line(const std::string &table, const std::string &begin) {
    const size_t at = table.find("\n  " + begin);
    if (at == std::string::npos) return "no line " + begin;
    const size_t from = table.find_first_not_of(' ', at + 3 + begin.size());
    return table.substr(from, table.find('\n', from) - from);
}

std::string Marks(const std::string &table, const std::string &row) {
    const std::string line = Line(table, row);
    std::string marks;
    for (const char c : line) {
        if (c == '*') marks += c;
    }
    return marks;
}

TEST(Verdict, NamesTheLeastAndAllThatAreAsGood) {
    const std::string table =
        Table({Sound(50e6, 40), Sound(54e6, 20), Sound(56e6, 10), Sound(100e6, 12)});
    EXPECT_EQ(Line(table, "memory"), "least: a, b; more: c 12 %, d 100 %");
    EXPECT_EQ(Line(table, "time"), "least: c; more: a 300 %, b 100 %, d 20 %");
    EXPECT_EQ(Marks(table, "RSS, MiB"), "**");
    EXPECT_EQ(Marks(table, "all, ns"), "*");
    EXPECT_EQ(Marks(table, "used, MiB"), "");
}

// Each value is held against the least one, not against the one before it.
TEST(Verdict, SmallStepsDoNotAddUp) {
    const std::string table = Table({Sound(100e6, 1), Sound(109e6, 1), Sound(118e6, 1)});
    EXPECT_EQ(Line(table, "memory"), "least: a, b; more: c 18 %");
    EXPECT_EQ(Marks(table, "RSS, MiB"), "**");
}

TEST(Verdict, MarksNothingWhereAllAreAsGood) {
    const std::string table = Table({Sound(100e6, 1.00), Sound(105e6, 1.05)});
    EXPECT_EQ(Line(table, "memory"), "no difference");
    EXPECT_EQ(Line(table, "time").rfind("no difference", 0), 0u);
    EXPECT_EQ(table.substr(0, table.find("\n\n*")).find('*'), std::string::npos) << table;
}

struct Doubt {
    const char *key;
    double value;
    bool memory, at_end, time;  // what it puts in doubt
};

TEST(Verdict, IsNotKnownWhereTheReplayMayDifferFromTheProgram) {
    const Doubt doubts[] = {
        {"events_elsewhere", 1e6, false, false, true},
        {"lost_events", 200e3, true, true, true},
        {"unseen_calls", 200e3, true, true, true},
        {"peak_large", 50e6, true, true, false},
        {"rss_most_sampled_high", 80e6, true, true, false},
        {"events_elsewhere", 100e3, false, false, false},
        {"duration_s", 6, false, false, true},
        {"end_rss_high", 80e6, false, true, false},
        {"lost_events", 50e3, false, false, false},
        {"peak_large", 10e6, false, false, false},
    };
    for (const Doubt &doubt : doubts) {
        SCOPED_TRACE(doubt.key);
        const std::string table = Table({With(Sound(50e6, 10), doubt.key, doubt.value),
                                         With(Sound(90e6, 20), doubt.key, doubt.value)});
        EXPECT_EQ(Line(table, "memory").rfind("least: ", 0) != 0, doubt.memory) << table;
        EXPECT_EQ(Line(table, "time").rfind("least: ", 0) != 0, doubt.time) << table;
        EXPECT_EQ(Marks(table, "RSS, MiB"), doubt.memory ? "" : "*") << table;
        const std::string end = table.substr(table.find("at its end"));
        EXPECT_EQ(Marks(end, "RSS, MiB"), doubt.at_end ? "" : "*") << table;
        EXPECT_EQ(Marks(table, "all, ns"), doubt.time ? "" : "*") << table;
    }
}

// The program had time in which allocators give memory back.
TEST(Verdict, OfMemoryAtTheEndNeedsATraceClockAndTwoRounds) {
    Figures one = With(Sound(50e6, 10), "duration_s", 6), other = With(one, "end_rss", 80e6);
    EXPECT_EQ(Line(Table({one, other}), "at end"), "least: a; more: b 60 %");
    other = With(one, "rss_quiet", 60e6);
    EXPECT_EQ(Line(Table({one, other}), "later"), "least: a; more: b 20 %");
    const std::string slowed = Table({With(one, "end_rss_high", 60e6), other});
    EXPECT_EQ(
        Line(slowed, "at end"),
        "not known: over a rounds differ by 20 %, as recording slowed the program or by chance");
    EXPECT_EQ(Line(slowed, "later"), "least: a; more: b 20 %");
    one["rounds"] = 1;
    EXPECT_EQ(Line(Table({one, other}), "at end").rfind("not known: one round", 0), 0u);
    one.erase("rss_quiet");
    EXPECT_EQ(Line(Table({one, other}), "at end").rfind("not known: the program had 6 s", 0), 0u);
}

// One thread makes the calls after the last event.
TEST(Verdict, OfMemoryLaterNeedsOneThread) {
    const Figures one = With(Sound(50e6, 10), "events_elsewhere", 5e6);
    const std::string table = Table({one, With(one, "rss_quiet", 90e6)});
    EXPECT_EQ(Line(table, "later"),
              "not known: several threads allocate, and one makes all calls in those 10 s");
    EXPECT_EQ(Line(table, "at end").rfind("no difference", 0), 0u);
}

// Times are the best of all rounds, and are known once a further round changes little.
TEST(Verdict, OfTimeNeedsSteadyRounds) {
    const Figures one = Sound(50e6, 10), other = Sound(50e6, 20);
    EXPECT_EQ(Line(Table({one, other}), "time"), "least: a; more: b 100 %");
    const std::string unsteady = Table({one, With(other, "ns_all_without_last_round", 30)});
    EXPECT_EQ(Line(unsteady, "time").rfind("not known: over b the last round still took 33 %", 0),
              0u);
    EXPECT_EQ(Marks(unsteady, "all, ns"), "");
    const std::string single = Table({With(one, "rounds", 1), other});
    EXPECT_EQ(Line(single, "time").rfind("not known: one round", 0), 0u);
}

// 25,000 fresh pages take more than 10,000 calls.
TEST(Verdict, DoesNotTimeFreshPages) {
    const std::string table =
        Table({With(With(Sound(1e8, 1000), "events", 1e4), "duration_s", 0.02),
               With(With(Sound(1e8, 3000), "events", 1e4), "duration_s", 0.02)});
    EXPECT_EQ(Line(table, "time").rfind("not known: fresh pages", 0), 0u) << table;
    EXPECT_EQ(Marks(table, "all, ns"), "");
}

TEST(Verdict, TellsTheShareOfTheProgramsTime) {
    EXPECT_NE(Table({Sound(1e8, 9), Sound(1e8, 45)}).find("take 10 to 50 % of the time"),
              std::string::npos);
    const std::string without = Table({With(Sound(1e8, 10), "duration_s", 0)});
    EXPECT_EQ(without.find("of the time"), std::string::npos) << without;
}

// What zreplay prints where the trace tells of the program itself, recorded over allocator "libc".
Figures Beside(Figures figures, double program, double replay) {
    figures["program_rss_most"] = program;
    figures["rss_at_program_most"] = replay;
    figures["program_rss_end"] = program;
    figures["rss_at_program_end"] = replay;
    return figures;
}

// 30 MB of the program did not come from its allocator: they are beside the 10 and 12 MB of each.
TEST(Verdict, CountsTheProgramsOtherMemory) {
    const Figures one = Sound(10e6, 10), other = Sound(12e6, 20);
    EXPECT_EQ(Line(Table({one, other}), "memory"), "least: a; more: b 20 %");
    const Figures libc = Beside(one, 40e6, 10e6);
    const std::string table = Table({libc, other}, "libc.so.6");
    EXPECT_EQ(Line(table, "memory"), "no difference");
    EXPECT_EQ(Line(table, "at end"), "no difference");
    EXPECT_EQ(Marks(table, "RSS, MiB"), "");
    EXPECT_NE(table.find("  program at most 38.1 MiB (RssAnon), over libc; the replay then "
                         "has 9.5.  The other 28.6 MiB count for every allocator"),
              std::string::npos)
        << table;
    const std::string large = Table({libc, Sound(20e6, 20)}, "libc.so.6");
    EXPECT_EQ(Line(large, "memory"), "least: libc; more: b 25 %");
    EXPECT_EQ(Marks(large, "RSS, MiB"), "*");
    EXPECT_EQ(Marks(large, "resident, MiB"), "*");
    // A column of the very library, or of the allocator that the library is.
    for (const char *file : {"b", "libb.so", "libb.so.2"}) {
        const std::string library = Table({libc, Beside(other, 40e6, 12e6)}, file);
        EXPECT_NE(library.find(", over b; the replay then has 11.4."), std::string::npos)
            << library;
    }
    // The program had another allocator than those that are compared.
    for (const char *file : {"libnone.so", "libbb.so", "libb.a", "b.so", "lib"}) {
        EXPECT_EQ(Line(Table({libc, other}, file), "memory"), "least: libc; more: b 20 %") << file;
    }
}

// Nothing is told of a rest that the two figures do not show.
TEST(Verdict, TellsNoRestThatIsNotSeen) {
    const std::string table =
        Table({Beside(Sound(10e6, 10), 10.01e6, 10e6), Sound(12e6, 20)}, "libc.so.6");
    EXPECT_EQ(Line(table, "program"),
              "at most 9.5 MiB (RssAnon), over libc; the replay then has 9.5");
}

// From ten times on, per cent are hard to read.
TEST(Verdict, TellsLargeDifferencesAsTimes) {
    EXPECT_EQ(Line(Table({Sound(1e6, 10), Sound(9.9e6, 20), Sound(30e6, 20)}), "memory"),
              "least: a; more: b 890 %, c (30 times as much)");
}

// What to do where a replay does not tell; and nothing where it tells all.
TEST(Verdict, NamesZmeasureWhereSomethingIsNotKnown) {
    const Figures one = Sound(50e6, 10), other = Sound(90e6, 20);
    const std::string hint = "\n          what is not known here, zmeasure can tell: ";
    EXPECT_EQ(Table({one, other}).find(hint), std::string::npos);
    const std::string table = Table({With(one, "rounds", 1), other});
    EXPECT_NE(table.find(hint), std::string::npos) << table;
}

// A replay that needs more than the program did is wrong, over other allocators too.
TEST(Verdict, IsNotKnownWhereTheReplayNeedsMoreThanTheProgram) {
    const Figures libc = Beside(Sound(50e6, 10), 40e6, 50e6), other = Sound(90e6, 20);
    const std::string table = Table({libc, other}, "libc.so.6");
    const std::string doubt =
        "not known: over libc, which the program had, the replay takes 25 % more than the program";
    EXPECT_EQ(Line(table, "memory"), doubt);
    EXPECT_EQ(Marks(table, "RSS, MiB"), "");
    // At the end a difference may be so large that it is there all the same.
    EXPECT_EQ(Line(table, "at end"),
              "least: libc; more: b 80 %; a difference below 72 % is not known: " +
                  doubt.substr(std::string("not known: ").size()));
    EXPECT_EQ(Line(Table({libc, Sound(85e6, 20)}, "libc.so.6"), "at end"), doubt);
    EXPECT_EQ(
        Line(Table({Beside(Sound(61e6, 10), 40e6, 61e6), Sound(300e6, 20)}, "libc.so.6"), "at end"),
        "not known: over libc, which the program had, the replay takes 52 % more than the "
        "program");
    EXPECT_EQ(Line(Table({Beside(Sound(50e6, 10), 46e6, 50e6), other}, "libc.so.6"), "memory"),
              "least: libc; more: b 80 %");
    // ztrace looked at the program in a moment that the replay has passed a little later.
    EXPECT_EQ(Line(Table({Beside(Sound(41e6, 10), 40e6, 60e6), other}, "libc.so.6"), "memory"),
              "least: libc; more: b 120 %");
}

// Who has the rest, an allocator or not, is known only of one thread.
TEST(Verdict, IsNotKnownWhereTheReplayOfSeveralThreadsLacksMuch) {
    const auto table = [](double replay, double elsewhere) {
        const Figures libc = Beside(Sound(50e6, 10), 70e6, replay);
        return Table({With(libc, "events_elsewhere", elsewhere),
                      With(Sound(90e6, 20), "events_elsewhere", elsewhere)},
                     "libc.so.6");
    };
    EXPECT_EQ(Line(table(50e6, 5e6), "memory"),
              "not known: over libc, which the program had, the replay lacks 29 % of the program's "
              "memory; several threads allocate");
    EXPECT_EQ(Line(table(60e6, 5e6), "memory"), "least: libc; more: b 67 %");
    EXPECT_EQ(Line(table(50e6, 0), "memory"), "least: libc; more: b 57 %");
}

// A recording is one run, and the next may need more.
TEST(Verdict, RunsOfSeveralThreadsDiffer) {
    const auto several = [](double rss) { return With(Sound(rss, 10), "events_elsewhere", 5e6); };
    EXPECT_EQ(Line(Table({several(50e6), several(62e6)}), "memory"),
              "no difference of 25 %: runs of several threads may differ by less");
    const std::string table = Table({several(50e6), several(62e6), several(64e6)});
    EXPECT_EQ(Line(table, "memory"), "least: a, b; more: c 28 %");
    EXPECT_EQ(Marks(table, "RSS, MiB"), "**");
    EXPECT_EQ(Line(Table({Sound(50e6, 10), Sound(62e6, 10)}), "memory"), "least: a; more: b 24 %");
}

TEST(Verdict, OneThreadDoesNotReplaySeveral) {
    const Figures two = With(Sound(50e6, 10), "events_elsewhere", 5e6);
    const Figures more = With(Sound(90e6, 10), "events_elsewhere", 5e6);
    const std::string threads = Table({two, more});
    EXPECT_EQ(Line(threads, "memory"), "least: a; more: b 80 %");
    EXPECT_EQ(Line(threads, "time"),
              "not known: several threads allocate, and the timed calls are made by one");
    const std::string one = Table({With(two, "one_thread", 1), more});
    EXPECT_EQ(Line(one, "memory").rfind("not known: several threads", 0), 0u) << one;
    EXPECT_EQ(Marks(one, "RSS, MiB"), "");
}

TEST(Verdict, TellsOfBackgroundThreads) {
    struct Case {
        bool program, first, second;
        std::string text;
    };
    const std::string middle = ": jemalloc gives memory back in the background, ";
    for (const Case &c : std::vector<Case>{
             {false, false, false, "no line thread"},
             {true, true, false, "a" + middle + "as in the recorded program"},
             {true, true, true, "a, b" + middle + "as in the recorded program"},
             {false, false, true, "b" + middle + "other than in the recorded program"},
             {true, false, false,
              "the recorded program's jemalloc gave memory back in the background; no column "
              "does"}}) {
        std::string json[2];
        std::vector<run> runs;
        for (int i = 0; i < 2; i++) {
            const bool here = i == 0 ? c.first : c.second;
            json[i] = std::string("{\n  \"background_thread\": ") + (here ? "true" : "false") +
                      ",\n  \"program_background_thread\": " + (c.program ? "true" : "false") +
                      "\n}\n";
            runs.push_back({i == 0 ? "a" : "b", json[i].data(), 0, nullptr});
        }
        testing::internal::CaptureStdout();
        print_comparison(runs.data(), runs.size());
        EXPECT_EQ(Line(testing::internal::GetCapturedStdout(), "thread"), c.text);
    }
}

// Beside the verdict: it is about what is in the trace.
TEST(Verdict, RepeatsWhatTheTraceLacks) {
    std::string json = "{\n  \"gaps\": [\"4 children\", \"a \\\"b\\\"\"],\n  \"ns_all\": 1\n}\n";
    std::string none = "{\n  \"gaps\": [],\n  \"ns_all\": 1\n}\n";
    for (std::string *text : {&json, &none}) {
        const run one = {"a", text->data(), 0, nullptr};
        testing::internal::CaptureStdout();
        print_comparison(&one, 1);
        const std::string table = testing::internal::GetCapturedStdout();
        const bool has = text == &json;
        EXPECT_EQ(table.find("\n  not in the trace: 4 children\n  not in the trace: a \"b\"\n\n") !=
                      std::string::npos,
                  has)
            << table;
        EXPECT_EQ(table.find("not in the trace") != std::string::npos, has) << table;
    }
}

TEST(Verdict, NeedsTwo) {
    EXPECT_EQ(Line(Table({Sound(50e6, 10)}), "memory"), "there is nothing to compare with");
}

// Without figures there is no winner.
TEST(Verdict, NeedsFigures) {
    Figures none = Sound(1, 1);
    none.erase("rss_most_sampled");
    none.erase("ns_all");
    const std::string table = Table({none, none});
    EXPECT_EQ(Line(table, "memory"), "not known: no figure");
    EXPECT_EQ(Line(table, "time"), "not known: no figure");
}

}  // namespace
