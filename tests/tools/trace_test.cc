// The trace format: the reader gives what the writer wrote, and trusts no other bytes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "tests/emulated.h"
#include "tests/sanitized.h"
#include "tests/tools/trace_file.h"

namespace ztrace_test {
namespace {

using testing::Test;

// There is one thread, so ThreadSanitizer has little to see, and it is slow.
constexpr size_t kOneOf = zmalloc_test::kThreadSanitizer ? 16 : 1;

bool Same(const zt_event &a, const zt_event &b) {
    return a.time == b.time && a.size == b.size && a.object == b.object && a.thread == b.thread &&
           a.op == b.op && a.align_log2 == b.align_log2;
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

TEST(TraceTest, ReadsWhatWasWritten) {
    std::mt19937_64 random(1);
    for (int round = 0; round < 40; round++) {
        zt_options options = {};
        options.tick_ns = round % 3 ? static_cast<uint32_t>(1 + random() % 100000) : 0;
        options.block_events = round % 4 ? static_cast<uint32_t>(1 + random() % 500) : 0;
        size_t count = random() % 5000;
        std::vector<zt_event> model =
            RandomEvents(random, count, static_cast<uint32_t>(1 + random() % 300));
        std::vector<zt_event> written = model;
        // The writer numbers new objects.
        for (zt_event &event : written) {
            if (event.op < ZT_REALLOC) event.object = 12345678;
        }
        Read read = ReadTrace(WriteTrace(written, options));
        EXPECT_EQ(read.error, "");
        EXPECT_FALSE(read.truncated);
        EXPECT_EQ(read.program, "a program");
        ExpectPrefix(read.events, model, count, std::max(options.tick_ns, 1u));
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
    zt_event unknown_op = {}, too_large = {}, align = {}, thread = {}, dead = {};
    unknown_op.op = ZT_OPS;
    too_large.size = ZT_MAX_SIZE + 1;
    align.op = ZT_ALIGNED;
    align.align_log2 = ZT_MAX_ALIGN_LOG2 + 1;
    thread.thread = 1;
    dead.op = ZT_FREE;
    for (zt_event event : {unknown_op, too_large, align, thread, dead}) {
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
          std::string(100000, '\0'), FileHeader(ZT_VERSION + 1, 1), FileHeader(ZT_VERSION, 0),
          FileHeader(ZT_VERSION, ZT_MAX_TICK + 1)}) {
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
