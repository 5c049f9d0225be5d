// The trace format: the reader gives what the writer wrote, and trusts no other bytes.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "tests/emulated.h"
#include "tests/sanitized.h"
#include "tests/tools/process.h"
#include "tests/tools/trace_file.h"

namespace ztrace_test {
namespace {

using testing::Test;

// There is one thread, so ThreadSanitizer has little to see, and it is slow.
constexpr size_t kOneOf = zmalloc_test::kThreadSanitizer ? 16 : 1;

bool Same(const zt_event &a, const zt_event &b) {
    return a.time == b.time && a.size == b.size && a.object == b.object && a.thread == b.thread &&
           a.op == b.op && a.align_log2 == b.align_log2 && a.stack == b.stack;
}

// Whether `read` are the first `count` of `written`, the times in whole ticks.
void ExpectPrefix(const std::vector<zt_event> &read, std::vector<zt_event> written, size_t count,
                  uint32_t tick = 1) {
    ASSERT_EQ(read.size(), count);
    for (size_t i = 0; i < count; i++) {
        written[i].time -= written[i].time % tick;
        ASSERT_TRUE(Same(read[i], written[i])) << "event " << i;
    }
}

// The same with events that are no calls in between.
std::vector<zt_event> WithOthers(std::mt19937_64 &random, const std::vector<zt_event> &calls) {
    std::vector<zt_event> events;
    for (const zt_event &call : calls) {
        events.push_back(call);
        zt_event other = {};
        other.time = call.time;
        other.thread = call.thread;
        other.op = random() % 2 ? ZT_THREAD_END : ZT_TOUCHED;
        if (other.op == ZT_TOUCHED) {
            if (call.op == ZT_FREE) continue;
            other.object = call.object;
            other.size = call.size / (1 + random() % 4);
        }
        if (random() % 4 == 0) events.push_back(other);
    }
    return events;
}

TEST(TraceTest, ReadsWhatWasWritten) {
    std::mt19937_64 random(1);
    for (int round = 0; round < 40; round++) {
        zt_options options = {};
        options.tick_ns = round % 3 ? static_cast<uint32_t>(1 + random() % 100000) : 0;
        options.block_events = round % 4 ? static_cast<uint32_t>(1 + random() % 500) : 0;
        std::vector<zt_event> model = WithOthers(
            random,
            RandomEvents(random, random() % 5000, static_cast<uint32_t>(1 + random() % 300)));
        std::vector<zt_event> written = model;
        // The writer numbers new objects.
        for (zt_event &event : written) {
            if (event.op < ZT_REALLOC) event.object = 12345678;
        }
        Read read = ReadTrace(WriteTrace(written, options));
        EXPECT_EQ(read.error, "");
        EXPECT_FALSE(read.truncated);
        EXPECT_EQ(read.program, "a program");
        ExpectPrefix(read.events, model, model.size(), std::max(options.tick_ns, 1u));
    }
}

TEST(TraceTest, TimeNeverGoesBack) {
    std::vector<zt_event> events(3);
    events[0].time = 50;
    events[1].time = 20;
    events[2].time = 60;
    Read read = ReadTrace(WriteTrace(events, {}));
    ASSERT_EQ(read.events.size(), 3u);
    EXPECT_EQ(read.events[1].time, 50u);
    EXPECT_EQ(read.events[2].time, 60u);
}

TEST(TraceTest, LimitsAreReadBack) {
    std::vector<zt_event> events(1);
    events[0].op = ZT_ALIGNED;
    events[0].size = ZT_MAX_SIZE;
    events[0].align_log2 = ZT_MAX_ALIGN_LOG2;
    events[0].time = UINT64_MAX;
    Read read = ReadTrace(WriteTrace(events, {}));
    EXPECT_EQ(read.error, "");
    ExpectPrefix(read.events, events, 1);
}

TEST(TraceTest, WriterRefusesWhatMakesNoSense) {
    zt_event unknown_op = {}, too_large = {}, align = {}, thread = {}, dead = {}, end = {};
    end.op = ZT_THREAD_END;
    unknown_op.op = ZT_KINDS;
    too_large.size = ZT_MAX_SIZE + 1;
    align.op = ZT_ALIGNED;
    align.align_log2 = ZT_MAX_ALIGN_LOG2 + 1;
    thread.thread = 1;
    dead.op = ZT_FREE;
    for (zt_event event : {unknown_op, too_large, align, thread, dead, end}) {
        std::FILE *file = std::tmpfile();
        zt_error error;
        zt_writer *writer = zt_writer_open(fileno(file), "output", nullptr, &error);
        ASSERT_NE(writer, nullptr);
        EXPECT_EQ(zt_write(writer, &event), -1);
        EXPECT_NE(std::string(error.text), "");
        zt_event good = {};
        EXPECT_EQ(zt_write(writer, &good), -1) << "an error stays one";
        EXPECT_EQ(zt_writer_close(writer), -1);
        std::fclose(file);
    }
}

bool SameSample(const zt_sample &a, const zt_sample &b) {
    return a.time == b.time && a.rss == b.rss && a.rss_anon == b.rss_anon && a.cpu == b.cpu &&
           a.system == b.system && a.minor_faults == b.minor_faults &&
           a.major_faults == b.major_faults && a.threads == b.threads;
}

// Samples that follow each other, in whole us and KiB.
std::vector<zt_sample> RandomSamples(std::mt19937_64 &random, size_t count) {
    std::vector<zt_sample> samples;
    zt_sample sample = {};
    auto some = [&random](unsigned bits) {
        return random() & ((uint64_t{1} << random() % bits) - 1);
    };
    while (samples.size() < count) {
        sample.time += some(30) * 1000;
        sample.rss = some(50) * 1024;
        sample.rss_anon = some(50) * 1024;
        sample.cpu += some(30) * 1000;
        sample.system += some(30) * 1000;
        sample.minor_faults += some(40);
        sample.major_faults += some(40);
        sample.threads = static_cast<uint32_t>(some(32));
        samples.push_back(sample);
    }
    return samples;
}

// Writes samples, each call once, and then `events`; "" where the writer refuses that.
std::string WriteSamples(const std::vector<std::vector<zt_sample>> &calls, size_t events = 1) {
    std::FILE *file = std::tmpfile();
    zt_error error;
    zt_event event = {};
    zt_writer *writer = zt_writer_open(fileno(file), "output", nullptr, &error);
    bool written = true;
    for (const auto &samples : calls) {
        written = written && zt_writer_samples(writer, samples.data(), samples.size()) == 0;
    }
    for (size_t i = 0; i < events; i++) written = written && zt_write(writer, &event) == 0;
    EXPECT_EQ(error.text[0] == '\0', written);
    EXPECT_EQ(zt_writer_close(writer) == 0, written);
    std::string bytes(static_cast<size_t>(lseek(fileno(file), 0, SEEK_END)), '\0');
    EXPECT_EQ(pread(fileno(file), bytes.data(), bytes.size(), 0),
              static_cast<ssize_t>(bytes.size()));
    std::fclose(file);
    return written ? bytes : "";
}

TEST(TraceTest, SamplesAreReadBack) {
    std::mt19937_64 random(6);
    for (size_t count : {1, 2, 700, ZT_MAX_SAMPLES}) {
        std::vector<zt_sample> samples = RandomSamples(random, count);
        const Read read = ReadTrace(WriteSamples({samples}));
        EXPECT_EQ(read.error, "");
        EXPECT_EQ(read.events.size(), 1u);
        ASSERT_EQ(read.samples.size(), count);
        for (size_t i = 0; i < count; i++)
            ASSERT_TRUE(SameSample(read.samples[i], samples[i])) << i;
    }
    zt_sample odd = {};
    odd.time = 1999;
    odd.rss = 2047;
    const Read rounded = ReadTrace(WriteSamples({{odd}}));
    ASSERT_EQ(rounded.samples.size(), 1u);
    EXPECT_EQ(rounded.samples[0].time, 1000u);
    EXPECT_EQ(rounded.samples[0].rss, 1024u);
    EXPECT_TRUE(ReadTrace(WriteSamples({})).samples.empty());
}

TEST(TraceTest, SamplesOutOfOrderAreRefused) {
    std::mt19937_64 random(7);
    const std::vector<zt_sample> samples = RandomSamples(random, 9);
    EXPECT_EQ(WriteSamples({samples, samples}), "");
    EXPECT_EQ(WriteSamples({std::vector<zt_sample>(ZT_MAX_SAMPLES + 1)}), "");
    EXPECT_EQ(WriteSamples({{}}), "");
    EXPECT_EQ(WriteSamples({{samples.rbegin(), samples.rend()}}), "");
}

class DamagedTraceTest : public Test {
  protected:
    DamagedTraceTest() {
        std::mt19937_64 random(2);
        events_ = RandomEvents(random, 240, 5);
        zt_options options = {};
        options.block_events = kBlockEvents;
        bytes_ = WriteTrace(events_, options);
        offsets_ = BlockOffsets(bytes_);
    }

    // Events in the blocks that are whole in the first `size` bytes.
    size_t WholeEvents(size_t size) const {
        size_t whole = 0;
        while (whole + 1 < offsets_.size() && offsets_[whole + 1] <= size) whole++;
        // The first block is a note.
        return whole == 0 ? 0 : std::min((whole - 1) * kBlockEvents, events_.size());
    }

    static constexpr uint32_t kBlockEvents = 15;
    std::vector<zt_event> events_;
    std::string bytes_;
    std::vector<size_t> offsets_;
};

TEST_F(DamagedTraceTest, TruncatedIsReadUpToTheLastWholeBlock) {
    std::vector<size_t> sizes(offsets_.begin(), offsets_.end() - 1);
    std::mt19937_64 random(3);
    for (int i = 0; i < 300; i++) {
        sizes.push_back(ZT_FILE_HEADER_SIZE + random() % (bytes_.size() - ZT_FILE_HEADER_SIZE));
    }
    ASSERT_GT(offsets_.size(), 15u);
    for (size_t size : sizes) {
        Read read = ReadTrace(bytes_.substr(0, size));
        EXPECT_EQ(read.error, "") << size;
        EXPECT_TRUE(read.truncated) << size;
        ExpectPrefix(read.events, events_, WholeEvents(size));
    }
    EXPECT_FALSE(ReadTrace(bytes_).truncated);
}

TEST_F(DamagedTraceTest, AnyChangedByteIsReported) {
    std::mt19937_64 random(4);
    for (size_t i = 0; i < bytes_.size(); i += kOneOf) {
        std::string bytes = bytes_;
        bytes[i] = static_cast<char>(bytes[i] ^ (1 + random() % 255));
        Read read = ReadTrace(bytes);
        ASSERT_EQ(read.error.rfind("input: ", 0), 0u) << "byte " << i << ": " << read.error;
        ASSERT_NE(read.error.find("byte "), std::string::npos) << read.error;
        ASSERT_EQ(read.error.find('\n'), std::string::npos);
        // Events before the damaged block are right.
        ASSERT_LE(read.events.size(), WholeEvents(i));
        ExpectPrefix(read.events, events_, read.events.size());
    }
}

TEST_F(DamagedTraceTest, BlocksMissingSwappedOrAddedAreReported) {
    auto block = [&](size_t i) {
        return bytes_.substr(offsets_[i], offsets_[i + 1] - offsets_[i]);
    };
    std::string missing = bytes_, swapped = bytes_;
    missing.erase(offsets_[3], offsets_[4] - offsets_[3]);
    swapped.replace(offsets_[3], offsets_[5] - offsets_[3], block(4) + block(3));
    EXPECT_NE(ReadTrace(missing).error, "");
    EXPECT_NE(ReadTrace(swapped).error, "");
    EXPECT_NE(ReadTrace(bytes_ + "x").error, "");
    EXPECT_NE(ReadTrace(bytes_ + bytes_).error, "");
}

TEST(ForeignFileTest, IsNoTrace) {
    std::ifstream self(zmalloc_test::Self(), std::ios::binary);
    std::string elf((std::istreambuf_iterator<char>(self)), std::istreambuf_iterator<char>());
    std::string half = FileHeader(ZT_VERSION, 1).substr(0, ZT_FILE_HEADER_SIZE / 2);
    for (const std::string &bytes :
         {std::string(), std::string("malloc 16\nfree 1\n"), elf.substr(0, 100000), half,
          std::string(100000, '\0'), FileHeader(ZT_VERSION + 1, 1), FileHeader(0, 1),
          FileHeader(ZT_VERSION, 0), FileHeader(ZT_VERSION, ZT_MAX_TICK + 1)}) {
        Read read = ReadTrace(bytes);
        EXPECT_FALSE(read.opened);
        EXPECT_EQ(read.error.rfind("input: ", 0), 0u) << read.error;
    }
    zt_error error;
    EXPECT_EQ(zt_reader_open("no-such-file.ztrace", &error), nullptr);
    EXPECT_EQ(std::string(error.text), "no-such-file.ztrace: No such file or directory");
    EXPECT_EQ(zt_reader_open("/", &error), nullptr);
}

// The reader checks lengths even where the checksums are right.
TEST(HostileTraceTest, LengthsAreChecked) {
    const uint32_t kHuge = 0xffffffff;
    const zt_block hostile[] = {
        {0, ZT_BLOCK_EVENTS, kHuge, 100, 10, 0},
        {0, ZT_BLOCK_EVENTS, 1, kHuge, 10, 0},
        {0, ZT_BLOCK_EVENTS, 1, 40, kHuge, 0},
        {0, ZT_BLOCK_EVENTS, ZT_MAX_BLOCK_EVENTS + 1, ZT_MAX_RAW_SIZE, 10, 0},
        {0, ZT_BLOCK_EVENTS, 0, 40, 10, 0},
        {0, ZT_BLOCK_NOTE, 0, kHuge, kHuge, 0},
        {0, ZT_BLOCK_NOTE, 0, 20, 10, 0},
        {0, ZT_BLOCK_END, 0, ZT_END_SIZE + 1, ZT_END_SIZE + 1, 0},
        {0, ZT_BLOCK_TYPES, 0, 10, 10, 0},
        {7, ZT_BLOCK_NOTE, 0, 10, 10, 0},
    };
    for (const zt_block &block : hostile) {
        Read read = ReadTrace(FileHeader(ZT_VERSION, 1) + Block(block, "0123456789"));
        EXPECT_EQ(read.error.rfind("input: damaged at byte 24: ", 0), 0u) << read.error;
    }
}

// A note can neither move a terminal's cursor nor be read past its end.
TEST(HostileTraceTest, NotesAreMadePrintable) {
    std::string text = std::string("program: a\x1b[2J\x07\xff") + '\0' + "z\nnext";
    zt_block note = {0, ZT_BLOCK_NOTE, 0, 0, 0, 0};
    note.raw_size = note.stored_size = static_cast<uint32_t>(text.size());
    Read read = ReadTrace(FileHeader(ZT_VERSION, 1) + Block(note, text));
    EXPECT_EQ(read.program, "a?[2J???z");
}

TEST(HostileTraceTest, EventsAreChecked) {
    const std::string one_more(1, '\1'), far("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10);
    struct {
        const char *what;
        std::string column[ZT_COLUMNS];
    } hostile[] = {
        {"unknown operation", {"\7", "", one_more, one_more, "", ""}},
        {"unknown flag", {"\x10", "", one_more, one_more, "", ""}},
        {"free of nothing", {std::string(1, ZT_FREE), "", one_more, "", "", one_more}},
        {"a thread begins with its end", {std::string(1, ZT_THREAD_END), "", one_more, "", "", ""}},
        {"touched nothing", {std::string(1, ZT_TOUCHED), "", one_more, one_more, "", one_more}},
        {"thread out of turn", {std::string(1, ZT_OP_THREAD), "\2", one_more, one_more, "", ""}},
        {"no time", {std::string(1, ZT_MALLOC), "", "", one_more + one_more, "", ""}},
        {"time of 65 bits", {std::string(1, ZT_MALLOC), "", far, one_more, "", ""}},
        {"size too large",
         {std::string(1, ZT_MALLOC), "", one_more, "\x80\x80\x80\x80\x80\x80\x40", "", ""}},
        {"endless number", {std::string(1, ZT_MALLOC), "", "\x80", "\x80", "", ""}},
        {"alignment", {std::string(1, ZT_ALIGNED), "", one_more, one_more, "\x30", ""}},
        {"left over", {std::string(1, ZT_MALLOC), "", one_more, one_more, "", one_more}},
    };
    for (const auto &event : hostile) {
        Read read = ReadTrace(FileHeader(ZT_VERSION, 1) + EventBlock(0, 1, event.column));
        EXPECT_EQ(read.error.rfind("input: damaged at byte 24: ", 0), 0u)
            << event.what << ": " << read.error;
    }
}

// Samples come before the events, once, in a trace of version 2, and are what they say.
TEST(HostileTraceTest, SamplesAreChecked) {
    const std::string good = "\1\2\3\4\5\6\7\1", none(1, '\0');
    const std::string most = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\1";
    std::string columns[ZT_COLUMNS] = {none, "", none, none, "", ""};
    const std::string begin = FileHeader(ZT_VERSION, 1);
    auto samples = [](uint32_t index, uint32_t count, const std::string &raw) {
        return PackedBlock(index, ZT_BLOCK_SAMPLES, count, raw);
    };
    const Read right = ReadTrace(begin + samples(0, 2, good + good) + EventBlock(1, 1, columns));
    EXPECT_EQ(right.error, "");
    ASSERT_EQ(right.samples.size(), 2u);
    EXPECT_EQ(right.samples[1].time, 2000u);
    EXPECT_EQ(right.samples[1].minor_faults, 12u);
    for (const std::string &wrong :
         {FileHeader(1, 1) + samples(0, 1, good), begin + samples(0, 1, good) + samples(1, 1, good),
          begin + EventBlock(0, 1, columns) + samples(1, 1, good), begin + samples(0, 0, good),
          begin + samples(0, ZT_MAX_SAMPLES + 1, good), begin + samples(0, 2, good),
          begin + samples(0, 1, good + good), begin + samples(0, 1, most + good.substr(1)),
          begin + samples(0, 1, good.substr(0, 7) + most)}) {
        const Read read = ReadTrace(wrong);
        EXPECT_EQ(read.error.rfind("input: damaged at byte ", 0), 0u) << read.error;
    }
}

// What zt_writer_stacks() wrote, in a trace with these events.
std::string WithStacks(std::vector<zt_event> &events, const zt_stacks &stacks) {
    const std::string path = TempFile("stacks.ztrace");
    zt_error error;
    zt_options options = {};
    options.stacks = true;
    FILE *file = fopen(path.c_str(), "w");
    zt_writer *writer = zt_writer_open(fileno(file), "stacks", &options, &error);
    for (zt_event &event : events) EXPECT_EQ(zt_write(writer, &event), 0) << error.text;
    EXPECT_EQ(zt_writer_stacks(writer, &stacks), 0) << error.text;
    EXPECT_EQ(zt_writer_close(writer), 0) << error.text;
    fclose(file);
    return path;
}

struct SomeStacks {
    SomeStacks() {
        stacks.rate = 32768;
        stacks.module = modules.data();
        stacks.frame = frames.data();
        stacks.frame_of = frame_of.data();
        stacks.stack = stack.data();
        stacks.modules = 2;
        stacks.frames = 3;
        stacks.frames_of = 4;
        stacks.stacks = 3;
    }

    std::vector<zt_module> modules = {{"/bin/program", "00ff"}, {"/lib/a.so", ""}};
    std::vector<zt_frame> frames = {{0x1234, 0}, {UINT64_MAX, ZT_NO_MODULE}, {7, 1}};
    std::vector<uint32_t> frame_of = {2, 0, 1, 0};
    std::vector<zt_stack> stack = {{0, 2}, {2, 0}, {2, 2}};
    zt_stacks stacks = {};
};

TEST(TraceTest, ReadsTheStacksThatWereWritten) {
    const SomeStacks some;
    std::vector<zt_event> events(3);
    events[0].stack = 3;
    events[2].stack = 1;
    const std::string path = WithStacks(events, some.stacks);
    zt_error error;
    zt_reader *reader = zt_reader_open(path.c_str(), &error);
    ASSERT_NE(reader, nullptr) << error.text;
    zt_event event;
    for (const uint32_t stack : {3u, 0u, 1u}) {
        ASSERT_EQ(zt_read(reader, &event), 1) << error.text;
        EXPECT_EQ(event.stack, stack);
    }
    ASSERT_EQ(zt_read(reader, &event), 0) << error.text;
    const zt_stacks *read = zt_reader_stacks(reader);
    ASSERT_NE(read, nullptr);
    EXPECT_EQ(read->rate, 32768u);
    ASSERT_EQ(read->modules, 2u);
    EXPECT_STREQ(read->module[0].path, "/bin/program");
    EXPECT_STREQ(read->module[0].build_id, "00ff");
    EXPECT_STREQ(read->module[1].build_id, "");
    ASSERT_EQ(read->frames, 3u);
    EXPECT_EQ(read->frame[1].offset, UINT64_MAX);
    EXPECT_EQ(read->frame[1].module, ZT_NO_MODULE);
    EXPECT_EQ(read->frame[2].module, 1u);
    ASSERT_EQ(read->stacks, 3u);
    EXPECT_EQ(read->stack[1].depth, 0u);
    EXPECT_EQ(read->frame_of[read->stack[2].first + 1], 0u);
    zt_reader_close(reader);
}

// A reader that knows no stacks must not take the file for one that it knows; a trace without
// stacks stays what such a reader knows.
TEST(TraceTest, OnlyStacksNeedVersion3) {
    const SomeStacks some;
    std::vector<zt_event> events(1);
    const std::string with = ReadFile(WithStacks(events, some.stacks)),
                      without = WriteTrace(events, {});
    EXPECT_EQ(zt_get32(reinterpret_cast<const uint8_t *>(with.data()) + 8), 3u);
    EXPECT_EQ(zt_get32(reinterpret_cast<const uint8_t *>(without.data()) + 8), 2u);
}

// Blocks of stacks that are wrong, or at the wrong place.
TEST(HostileTraceTest, StacksAreChecked) {
    const std::string none(1, '\0'), one("\1\0\1\1\0\5\1\0", 8);
    std::string columns[ZT_COLUMNS] = {none, "", none, none, "", "", ""};
    std::string marked[ZT_COLUMNS] = {"\x10", "", none, none, "", "", none};
    const std::string begin = FileHeader(ZT_VERSION, 1);
    auto stacks = [](uint32_t index, uint32_t count, const std::string &raw) {
        return PackedBlock(index, ZT_BLOCK_STACKS, count, raw);
    };
    EXPECT_EQ(ReadTrace(begin + EventBlock(0, 1, marked) + stacks(1, 1, one)).error, "");
    std::string many[ZT_COLUMNS] = {"\x10", "", none, none, "", "", "\2"};
    std::string freed[ZT_COLUMNS] = {
        std::string("\0\x14", 2), "", none + none, none, "", none, none};
    for (const std::string &wrong :
         {begin + EventBlock(0, 1, many) + stacks(1, 1, one), begin + EventBlock(0, 2, freed),
          begin + stacks(0, 1, one) + stacks(1, 1, one),
          begin + stacks(0, 1, one) + EventBlock(1, 1, columns), begin + stacks(0, 0, one),
          begin + stacks(0, 1, one + none), begin + stacks(0, 2, one),
          begin + stacks(0, 1, none + one.substr(1)), begin + stacks(0, 1, one.substr(0, 7) + "\1"),
          begin + stacks(0, 1, std::string("\1\0\1\1\1\5\1\0", 8)),
          begin + stacks(0, 1, std::string("\1\0\xff\xff\xff\xff\1\0\0", 9)),
          FileHeader(2, 1) + stacks(0, 1, one)}) {
        const Read read = ReadTrace(wrong);
        EXPECT_EQ(read.error.rfind("input: damaged at byte ", 0), 0u) << read.error;
    }
    std::mt19937_64 random(9);
    for (size_t round = 0; round < 2000 / kOneOf; round++) {
        std::string raw = one;
        for (int change = 0; change < 3; change++) {
            raw[random() % raw.size()] = static_cast<char>(random() % (round % 2 ? 256 : 4));
        }
        (void)ReadTrace(begin + stacks(0, static_cast<uint32_t>(1 + random() % 3), raw));
    }
}

// A trace of version 1 has the same events.
TEST(TraceTest, ReadsVersion1) {
    const std::string none(1, '\0');
    std::string columns[ZT_COLUMNS] = {none, "", none, none, "", ""};
    const Read read = ReadTrace(FileHeader(1, 1) + EventBlock(0, 1, columns, 1));
    EXPECT_EQ(read.error, "");
    EXPECT_EQ(read.events.size(), 1u);
    const std::string zeros(2, '\0');
    std::string later[ZT_COLUMNS] = {
        none + static_cast<char>(ZT_TOUCHED), "", zeros, zeros, "", none};
    EXPECT_EQ(ReadTrace(FileHeader(2, 1) + EventBlock(0, 2, later, 2)).error, "");
    EXPECT_NE(ReadTrace(FileHeader(1, 1) + EventBlock(0, 2, later, 1)).error, "");
    std::string end[ZT_COLUMNS] = {
        none + static_cast<char>(ZT_THREAD_END), "", zeros, none, "", ""};
    EXPECT_EQ(ReadTrace(FileHeader(2, 1) + EventBlock(0, 2, end, 2)).error, "");
    EXPECT_NE(ReadTrace(FileHeader(1, 1) + EventBlock(0, 2, end, 1)).error, "");
}

// Columns have any contents, in blocks that are otherwise right.
TEST(HostileTraceTest, RandomColumnsAreReadOrReported) {
    std::mt19937_64 random(5);
    size_t reported = 0, events = 0;
    for (size_t round = 0; round < 2000 / kOneOf; round++) {
        uint32_t count = static_cast<uint32_t>(1 + random() % 30);
        std::string columns[ZT_COLUMNS];
        for (int c = 0; c < ZT_COLUMNS; c++) {
            size_t size = c == ZT_COLUMN_OP ? count : random() % (2 * count);
            for (size_t i = 0; i < size; i++) {
                columns[c] += static_cast<char>(random() % (round % 2 ? 256 : 5));
            }
        }
        Read read = ReadTrace(FileHeader(ZT_VERSION, 1) + EventBlock(0, count, columns));
        EXPECT_TRUE(read.truncated || read.error != "");
        reported += read.error != "";
        events += read.events.size();
    }
    EXPECT_GT(reported, 1000 / kOneOf);
    EXPECT_GT(events, 100 / kOneOf);
}

}  // namespace
}  // namespace ztrace_test
