#include "tests/tools/trace_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "tools/trace/bzip2.h"

namespace ztrace_test {
namespace {

// A file without a name, gone when it goes out of scope.
class Temporary {
  public:
    explicit Temporary(const std::string &bytes = "") : file_(std::tmpfile()) {
        EXPECT_NE(file_, nullptr);
        EXPECT_EQ(write(fd(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
        lseek(fd(), 0, SEEK_SET);
    }
    ~Temporary() { std::fclose(file_); }
    Temporary(const Temporary &) = delete;
    Temporary &operator=(const Temporary &) = delete;

    int fd() const { return fileno(file_); }

    std::string Bytes() const {
        std::string bytes(static_cast<size_t>(lseek(fd(), 0, SEEK_END)), '\0');
        EXPECT_EQ(pread(fd(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
        return bytes;
    }

  private:
    std::FILE *file_;
};

uint64_t RandomSize(std::mt19937_64 &random) {
    return random() & ((uint64_t{1} << random() % 49) - 1);
}

zt_event RandomAllocation(std::mt19937_64 &random) {
    zt_event event = {};
    event.op = static_cast<uint8_t>(random() % 3);
    event.size = RandomSize(random);
    if (event.op == ZT_ALIGNED) {
        event.align_log2 = static_cast<uint8_t>(random() % (ZT_MAX_ALIGN_LOG2 + 1));
    }
    return event;
}

std::string Number(uint32_t value) {
    uint8_t bytes[4];
    zt_put32(bytes, value);
    return std::string(reinterpret_cast<char *>(bytes), 4);
}

std::string WithChecksum(const std::string &bytes) {
    return bytes + Number(zt_crc32(bytes.data(), bytes.size()));
}

}  // namespace

std::vector<zt_event> RandomEvents(std::mt19937_64 &random, size_t count, uint32_t threads) {
    std::vector<zt_event> events;
    std::vector<uint32_t> live, unused;  // numbers, as trace.h says they are given out
    uint32_t numbers = 0, seen = 0;
    uint64_t time = 0;
    while (events.size() < count) {
        zt_event event = RandomAllocation(random);
        if (!live.empty() && random() % 2) {
            size_t i = random() % live.size();
            event = {};
            event.op = random() % 4 ? ZT_FREE : ZT_REALLOC;
            event.object = live[i];
            if (event.op == ZT_REALLOC) {
                event.size = RandomSize(random);
            } else {
                live[i] = live.back();
                live.pop_back();
                unused.push_back(event.object);
            }
        } else {
            event.object = unused.empty() ? numbers++ : unused.back();
            if (!unused.empty()) unused.pop_back();
            live.push_back(event.object);
        }
        event.thread = static_cast<uint32_t>(random() % std::min(seen + 1, threads));
        seen = std::max(seen, event.thread + 1);
        time += random() & ((uint64_t{1} << random() % 40) - 1);
        event.time = time;
        events.push_back(event);
    }
    return events;
}

std::string WriteTrace(std::vector<zt_event> &events, const zt_options &options,
                       const std::map<std::string, std::string> &notes,
                       const std::vector<zt_sample> &samples) {
    Temporary file;
    zt_error error;
    zt_writer *writer = zt_writer_open(file.fd(), "output", &options, &error);
    EXPECT_NE(writer, nullptr) << error.text;
    EXPECT_EQ(zt_writer_note(writer, "program", "a program"), 0);
    for (const auto &[key, value] : notes) {
        EXPECT_EQ(zt_writer_note(writer, key.c_str(), value.c_str()), 0);
    }
    if (!samples.empty()) {
        EXPECT_EQ(zt_writer_samples(writer, samples.data(), samples.size()), 0);
    }
    for (zt_event &event : events) EXPECT_EQ(zt_write(writer, &event), 0) << error.text;
    EXPECT_EQ(zt_writer_close(writer), 0) << error.text;
    return file.Bytes();
}

Read ReadTrace(const std::string &bytes) {
    Temporary file(bytes);
    Read read;
    zt_error error;
    zt_reader *reader = zt_reader_open_fd(file.fd(), "input", &error);
    read.opened = reader != nullptr;
    if (reader) {
        zt_event event;
        int got;
        while ((got = zt_read(reader, &event)) > 0) read.events.push_back(event);
        // The reader repeats an error, and also the end.
        EXPECT_EQ(zt_read(reader, &event), got);
        EXPECT_EQ(got < 0, error.text[0] != '\0');
        read.truncated = zt_reader_truncated(reader);
        const zt_sample *samples;
        const size_t count = zt_reader_samples(reader, &samples);
        if (count) read.samples.assign(samples, samples + count);
        const char *program = zt_reader_note(reader, "program");
        if (program) read.program = program;
        zt_reader_close(reader);
    }
    read.error = error.text;
    return read;
}

std::vector<size_t> BlockOffsets(const std::string &bytes) {
    std::vector<size_t> offsets = {ZT_FILE_HEADER_SIZE};
    while (offsets.back() < bytes.size()) {
        const auto *header = reinterpret_cast<const uint8_t *>(bytes.data()) + offsets.back();
        offsets.push_back(offsets.back() + ZT_BLOCK_HEADER_SIZE + zt_get32(header + 20));
    }
    return offsets;
}

std::string FileHeader(uint32_t version, uint32_t tick) {
    return WithChecksum(std::string(ZTRACE_MAGIC, ZTRACE_MAGIC_SIZE) + Number(version) +
                        Number(tick) + Number(0));
}

std::string Block(zt_block block, const std::string &payload) {
    return WithChecksum(Number(ZT_BLOCK_MAGIC) + Number(block.index) + Number(block.type) +
                        Number(block.count) + Number(block.raw_size) + Number(block.stored_size) +
                        Number(zt_crc32(payload.data(), payload.size()))) +
           payload;
}

std::string EventBlock(uint32_t index, uint32_t events, const std::string (&columns)[ZT_COLUMNS],
                       uint32_t version) {
    std::string raw;
    const int count = zt_columns(version);
    for (int c = 0; c < count; c++) raw += Number(static_cast<uint32_t>(columns[c].size()));
    for (int c = 0; c < count; c++) raw += columns[c];
    return PackedBlock(index, ZT_BLOCK_EVENTS, events, raw);
}

std::string PackedBlock(uint32_t index, zt_block_type type, uint32_t count,
                        const std::string &raw) {
    std::string stored(raw.size() + raw.size() / 100 + 600, '\0');
    size_t size = stored.size();
    EXPECT_EQ(zt_compress(raw.data(), raw.size(), stored.data(), &size), 0);
    stored.resize(size);
    zt_block block = {};
    block.index = index;
    block.type = type;
    block.count = count;
    block.raw_size = static_cast<uint32_t>(raw.size());
    block.stored_size = static_cast<uint32_t>(stored.size());
    return Block(block, stored);
}

}  // namespace ztrace_test
