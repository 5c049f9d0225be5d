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

Payload Samples(Input *input) {
    Payload payload;
    const std::string raw = input->Bytes(input->Below(256));
    payload.events = static_cast<uint32_t>(input->Below(16));
    payload.raw_size = static_cast<uint32_t>(raw.size());
    payload.stored = Compressed(raw);
    return payload;
}

Payload PayloadOf(Input *input, uint32_t type, bool compress) {
    if (type == ZT_BLOCK_EVENTS && compress) return Columns(input);
    if ((type == ZT_BLOCK_SAMPLES || type == ZT_BLOCK_STACKS) && compress) return Samples(input);
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
    const uint32_t types[] = {ZT_BLOCK_EVENTS, ZT_BLOCK_EVENTS,  ZT_BLOCK_NOTE,
                              ZT_BLOCK_END,    ZT_BLOCK_SAMPLES, ZT_BLOCK_STACKS};
    const uint32_t type = types[input->Below(6)];
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

// A copy of a reader's stacks, each index in range.
struct Stacks {
    uint64_t rate = 0;
    std::vector<std::string> texts;  // path and build id of each module
    std::vector<zt_frame> frames;
    std::vector<uint32_t> frames_of;
    std::vector<zt_stack> stacks;
};

Stacks StacksOf(const zt_reader *reader) {
    Stacks copy;
    const zt_stacks *from = zt_reader_stacks(reader);
    if (from == nullptr) return copy;
    copy.rate = from->rate;
    for (uint32_t i = 0; i < from->modules; i++) {
        copy.texts.emplace_back(from->module[i].path);
        copy.texts.emplace_back(from->module[i].build_id);
    }
    copy.frames.assign(from->frame, from->frame + from->frames);
    copy.frames_of.assign(from->frame_of, from->frame_of + from->frames_of);
    copy.stacks.assign(from->stack, from->stack + from->stacks);
    for (const zt_frame &frame : copy.frames) {
        FUZZ_CHECK(frame.module == ZT_NO_MODULE || frame.module < from->modules);
    }
    for (const uint32_t frame : copy.frames_of) FUZZ_CHECK(frame < from->frames);
    for (const zt_stack &stack : copy.stacks) {
        FUZZ_CHECK(stack.depth <= ZT_MAX_DEPTH && stack.first + stack.depth <= from->frames_of);
    }
    return copy;
}

void WriteStacks(zt_writer *writer, Stacks copy) {
    std::vector<zt_module> modules(copy.texts.size() / 2);
    for (size_t i = 0; i < modules.size(); i++) {
        modules[i] = {copy.texts[2 * i].c_str(), copy.texts[2 * i + 1].c_str()};
    }
    zt_stacks stacks = {};
    stacks.rate = copy.rate;
    stacks.module = modules.data();
    stacks.modules = static_cast<uint32_t>(modules.size());
    stacks.frame = copy.frames.data();
    stacks.frames = static_cast<uint32_t>(copy.frames.size());
    stacks.frame_of = copy.frames_of.data();
    stacks.frames_of = static_cast<uint32_t>(copy.frames_of.size());
    stacks.stack = copy.stacks.data();
    stacks.stacks = static_cast<uint32_t>(copy.stacks.size());
    FUZZ_CHECK(zt_writer_stacks(writer, &stacks) == 0);
}

struct Trace {
    std::vector<zt_event> events;
    std::vector<zt_sample> samples;
    Stacks stacks;
};

std::vector<zt_sample> SamplesOf(const zt_reader *reader) {
    const zt_sample *samples;
    const size_t count = zt_reader_samples(reader, &samples);
    FUZZ_CHECK(count <= ZT_MAX_SAMPLES);
    for (size_t i = 1; i < count; i++) FUZZ_CHECK(zt_sample_follows(&samples[i - 1], &samples[i]));
    return count ? std::vector<zt_sample>(samples, samples + count) : std::vector<zt_sample>();
}

// Reads all events up to the first error, and checks each.
Trace Read(int fd) {
    zt_error error;
    error.text[0] = '\0';
    Trace trace;
    std::vector<zt_event> &events = trace.events;
    zt_reader *reader = zt_reader_open_fd(fd, "fuzzed", &error);
    if (reader == nullptr) {
        FUZZ_CHECK(OneLine(error));
        return trace;
    }
    zt_event event;
    int got;
    uint64_t time = 0;
    while (events.size() < kMostEvents && (got = zt_read(reader, &event)) != 0) {
        if (got < 0) {
            FUZZ_CHECK(OneLine(error) && zt_read(reader, &event) == -1);
            break;
        }
        FUZZ_CHECK(event.op < ZT_KINDS && event.size <= ZT_MAX_SIZE);
        FUZZ_CHECK(event.align_log2 <= ZT_MAX_ALIGN_LOG2 && event.object < ZT_MAX_LIVE);
        FUZZ_CHECK(event.thread < zt_reader_threads(reader) && event.time >= time);
        time = event.time;
        events.push_back(event);
    }
    const char *program = zt_reader_note(reader, "program");
    FUZZ_CHECK(program == nullptr || std::string(program).find('\n') == std::string::npos);
    trace.samples = SamplesOf(reader);
    trace.stacks = StacksOf(reader);
    zt_reader_close(reader);
    return trace;
}

bool Same(const zt_event &a, const zt_event &b) {
    return a.time == b.time && a.size == b.size && a.object == b.object && a.thread == b.thread &&
           a.op == b.op && a.align_log2 == b.align_log2 && a.stack == b.stack;
}

bool Same(const zt_sample &a, const zt_sample &b) {
    return a.time == b.time && a.rss == b.rss && a.rss_anon == b.rss_anon && a.cpu == b.cpu &&
           a.system == b.system && a.minor_faults == b.minor_faults &&
           a.major_faults == b.major_faults && a.threads == b.threads;
}

// What is written and read again must be the same.
void CheckRoundTrip(const Trace &trace) {
    const std::vector<zt_event> &events = trace.events;
    const std::vector<zt_sample> &samples = trace.samples;
    File file;
    zt_error error;
    error.text[0] = '\0';
    zt_options options = {};
    for (const zt_event &event : events) options.stacks = options.stacks || event.stack != 0;
    options.stacks = options.stacks || !trace.stacks.stacks.empty();
    zt_writer *writer = zt_writer_open(file.fd(), "copy", &options, &error);
    FUZZ_CHECK(writer != nullptr);
    if (!samples.empty()) {
        FUZZ_CHECK(zt_writer_samples(writer, samples.data(), samples.size()) == 0);
    }
    for (zt_event event : events) {
        const uint32_t object = event.object;
        FUZZ_CHECK(zt_write(writer, &event) == 0 && event.object == object);
    }
    if (!trace.stacks.stacks.empty()) WriteStacks(writer, trace.stacks);
    FUZZ_CHECK(zt_writer_close(writer) == 0);
    file.Rewind();
    const Trace again = Read(file.fd());
    FUZZ_CHECK(again.events.size() == events.size());
    FUZZ_CHECK(again.samples.size() == samples.size());
    FUZZ_CHECK(again.stacks.texts == trace.stacks.texts);
    FUZZ_CHECK(again.stacks.frames_of == trace.stacks.frames_of);
    FUZZ_CHECK(again.stacks.stacks.size() == trace.stacks.stacks.size());
    for (size_t i = 0; i < events.size(); i++) FUZZ_CHECK(Same(again.events[i], events[i]));
    for (size_t i = 0; i < samples.size(); i++) FUZZ_CHECK(Same(again.samples[i], samples[i]));
}

void CheckOps(const std::string &path, const std::vector<zt_event> &events) {
    size_t calls = 0;
    for (const zt_event &event : events) calls += event.op < ZT_OPS;
    zt_error error;
    error.text[0] = '\0';
    ops ops;
    if (ops_read(&ops, path.c_str(), 64 << 20, &error) == 0) {
        FUZZ_CHECK(events.size() == kMostEvents || ops.count == calls);
        for (size_t i = 0; i < ops.count; i++) {
            FUZZ_CHECK(ops.op[i].object < ops.objects);
            FUZZ_CHECK(ops_touched(&ops, i) <= ops.op[i].size);
        }
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
    const zmalloc_test::Trace trace = zmalloc_test::Read(file.fd());
    if (!trace.events.empty() || !trace.samples.empty()) zmalloc_test::CheckRoundTrip(trace);
    zmalloc_test::CheckOps(file.path(), trace.events);
    return 0;
}
