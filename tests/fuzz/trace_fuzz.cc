// Gives any bytes to the reader of traces and to zreplay's decoder.
//
// The first byte says how the rest becomes a file: unchanged; as blocks with headers and
// checksums that fit, so that the reader goes on to their contents; or as such blocks with
// compressed contents.
#include <vector>

#include "tests/fuzz/file.h"
#include "tools/trace/bzip2.h"
#include "tools/trace/format.h"
#include "tools/zreplay/ops.h"

namespace zmalloc_test {
namespace {

constexpr size_t kMostEvents = 20000;

void Put32(std::string *to, uint32_t value) {
    uint8_t bytes[4];
    zt_put32(bytes, value);
    to->append(reinterpret_cast<char *>(bytes), sizeof bytes);
}

// Appends the checksum of the header so far.
void Seal(std::string *header) { Put32(header, zt_crc32(header->data(), header->size())); }

std::string FileHeader(uint32_t tick) {
    std::string header(ZTRACE_MAGIC, ZTRACE_MAGIC_SIZE);
    Put32(&header, ZT_VERSION);
    Put32(&header, tick);
    Put32(&header, 0);
    Seal(&header);
    return header;
}

std::string Compressed(const std::string &raw) {
    std::string stored(raw.size() + raw.size() / 100 + 600, '\0');
    size_t size = stored.size();
    FUZZ_CHECK(zt_compress(raw.data(), raw.size(), &stored[0], &size) == 0);
    stored.resize(size);
    return stored;
}

struct Payload {
    uint32_t events = 0, raw_size = 0;
    std::string stored;
};

// Columns as the format has them, of the bytes that there are; mostly as many events as operations.
Payload Columns(Input *input) {
    Payload payload;
    std::string lengths, columns;
    for (int c = 0; c < ZT_COLUMNS; c++) {
        const std::string column = input->Bytes(input->Below(64));
        Put32(&lengths, static_cast<uint32_t>(column.size()));
        columns += column;
        if (c == ZT_COLUMN_OP) payload.events = static_cast<uint32_t>(column.size());
    }
    if (input->Below(16) == 15) payload.events = static_cast<uint32_t>(input->Below(64));
    payload.raw_size = static_cast<uint32_t>(lengths.size() + columns.size());
    payload.stored = Compressed(lengths + columns);
    return payload;
}

Payload PayloadOf(Input *input, uint32_t type, bool compress) {
    if (type == ZT_BLOCK_EVENTS && compress) return Columns(input);
    Payload payload;
    payload.stored = input->Bytes(input->Below(256));
    payload.raw_size = static_cast<uint32_t>(payload.stored.size());
    if (type == ZT_BLOCK_EVENTS) {
        payload.events = static_cast<uint32_t>(input->Below(64));
        payload.raw_size = static_cast<uint32_t>(input->Below(2048));
    }
    return payload;
}

std::string Block(Input *input, uint32_t index, bool compress) {
    const uint32_t types[] = {ZT_BLOCK_EVENTS, ZT_BLOCK_EVENTS, ZT_BLOCK_NOTE, ZT_BLOCK_END};
    const uint32_t type = types[input->Below(4)];
    const Payload payload = PayloadOf(input, type, compress);
    const std::string &stored = payload.stored;
    std::string header;
    for (uint32_t field :
         {ZT_BLOCK_MAGIC, index, type, payload.events, payload.raw_size,
          static_cast<uint32_t>(stored.size()), zt_crc32(stored.data(), stored.size())}) {
        Put32(&header, field);
    }
    Seal(&header);
    return header + stored;
}

std::string FileOf(Input *input) {
    const size_t form = input->Below(4);
    if (form == 0) return input->Rest();
    std::string file = FileHeader(1 + static_cast<uint32_t>(input->Below(1000)));
    for (uint32_t index = 0; input->left() != 0; index++) file += Block(input, index, form != 1);
    return file;
}

bool OneLine(const zt_error &error) {
    const std::string text = error.text;
    return !text.empty() && text.find('\n') == std::string::npos;
}

// Reads all events up to the first error, and checks each.
std::vector<zt_event> Read(int fd) {
    zt_error error;
    error.text[0] = '\0';
    std::vector<zt_event> events;
    zt_reader *reader = zt_reader_open_fd(fd, "fuzzed", &error);
    if (reader == nullptr) {
        FUZZ_CHECK(OneLine(error));
        return events;
    }
    zt_event event;
    int got;
    uint64_t time = 0;
    while (events.size() < kMostEvents && (got = zt_read(reader, &event)) != 0) {
        if (got < 0) {
            FUZZ_CHECK(OneLine(error) && zt_read(reader, &event) == -1);
            break;
        }
        FUZZ_CHECK(event.op < ZT_OPS && event.size <= ZT_MAX_SIZE);
        FUZZ_CHECK(event.align_log2 <= ZT_MAX_ALIGN_LOG2 && event.object < ZT_MAX_LIVE);
        FUZZ_CHECK(event.thread < zt_reader_threads(reader) && event.time >= time);
        time = event.time;
        events.push_back(event);
    }
    const char *program = zt_reader_note(reader, "program");
    FUZZ_CHECK(program == nullptr || std::string(program).find('\n') == std::string::npos);
    zt_reader_close(reader);
    return events;
}

bool Same(const zt_event &a, const zt_event &b) {
    return a.time == b.time && a.size == b.size && a.object == b.object && a.thread == b.thread &&
           a.op == b.op && a.align_log2 == b.align_log2;
}

// Events that are written and read again must be the same.
void CheckRoundTrip(const std::vector<zt_event> &events) {
    File file;
    zt_error error;
    error.text[0] = '\0';
    zt_writer *writer = zt_writer_open(file.fd(), "copy", nullptr, &error);
    FUZZ_CHECK(writer != nullptr);
    for (zt_event event : events) {
        const uint32_t object = event.object;
        FUZZ_CHECK(zt_write(writer, &event) == 0 && event.object == object);
    }
    FUZZ_CHECK(zt_writer_close(writer) == 0);
    file.Rewind();
    const std::vector<zt_event> again = Read(file.fd());
    FUZZ_CHECK(again.size() == events.size());
    for (size_t i = 0; i < events.size(); i++) FUZZ_CHECK(Same(again[i], events[i]));
}

void CheckOps(const std::string &path, size_t events) {
    zt_error error;
    error.text[0] = '\0';
    ops ops;
    if (ops_read(&ops, path.c_str(), 64 << 20, &error) == 0) {
        FUZZ_CHECK(events == kMostEvents || ops.count == events);
        for (size_t i = 0; i < ops.count; i++) FUZZ_CHECK(ops.op[i].object < ops.objects);
        FUZZ_CHECK(ops.count == 0 || ops.peak < ops.count);
        FUZZ_CHECK(ops.end_bytes <= ops.peak_bytes && ops.peak_untouched <= ops.peak_touched);
    } else {
        FUZZ_CHECK(OneLine(error));
    }
    ops_free(&ops);
}

}  // namespace
}  // namespace zmalloc_test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    zmalloc_test::Input input(data, size);
    zmalloc_test::File file(zmalloc_test::FileOf(&input));
    const std::vector<zt_event> events = zmalloc_test::Read(file.fd());
    if (!events.empty()) zmalloc_test::CheckRoundTrip(events);
    zmalloc_test::CheckOps(file.path(), events.size());
    return 0;
}
