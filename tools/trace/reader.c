/* The file may hold any bytes: the reader checks each length before it uses the length, and each
 * event before it hands the event out. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/trace/bzip2.h"
#include "tools/trace/format.h"
#include "tools/trace/map.h"
#include "tools/trace/memory.h"
#include "tools/trace/objects.h"
#include "tools/trace/samples.h"
#include "tools/trace/stacks.h"

struct zt_reader {
    int fd;
    bool own_fd;
    bool ended;     /* nothing more will come */
    bool truncated; /* the file ended without an end block */
    char name[4096];
    struct zt_error *error;
    uint32_t version;
    uint32_t tick_ns;
    uint64_t offset; /* of the next block */
    uint64_t block_offset;
    uint32_t blocks;

    struct zt_objects objects;
    struct zt_map born; /* from the births of live objects to their numbers */
    uint64_t births;
    uint64_t events;
    uint64_t ticks;
    uint32_t thread;
    uint32_t threads;

    uint32_t pending; /* events left in the block */
    uint8_t *raw;
    uint8_t *stored;
    const uint8_t *at[ZT_COLUMNS];
    const uint8_t *end[ZT_COLUMNS];

    size_t samples;
    struct zt_sample *sample;

    bool has_stacks;
    uint32_t most_stack; /* 1 + the highest number that an event has */
    struct zt_stacks stacks;

    size_t notes_size;
    char notes[ZT_MAX_INFO + 1];
    char note[ZT_MAX_INFO + 1]; /* the one asked for last */
};

static int damaged(struct zt_reader *reader, const char *what) {
    zt_fail(reader->error, "%s: damaged at byte %" PRIu64 ": %s", reader->name,
            reader->block_offset, what);
    return -1;
}

static int out_of_memory(struct zt_reader *reader) {
    zt_fail(reader->error, "%s: out of memory", reader->name);
    return -1;
}

/* Reads up to `size` bytes, fewer only at the end of the file; -1 on errors. */
static ssize_t read_some(struct zt_reader *reader, uint8_t *to, size_t size) {
    size_t have = 0;
    while (have < size) {
        ssize_t n = read(reader->fd, to + have, size - have);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            zt_fail(reader->error, "%s: %s", reader->name, strerror(errno));
            return -1;
        }
        if (n == 0) break;
        have += (size_t)n;
    }
    return (ssize_t)have;
}

/* A recording is not a trace yet. */
static const char *hint_for(const char *name) {
    const size_t length = strlen(name);
    const bool raw = length > 4 && strcmp(name + length - 4, ".raw") == 0;
    return raw ? " (it may be a recording that an interrupted ztrace left: use ztrace --convert)"
               : "";
}

static int read_file_header(struct zt_reader *reader) {
    uint8_t header[ZT_FILE_HEADER_SIZE];
    ssize_t n = read_some(reader, header, sizeof(header));
    if (n < 0) return -1;
    if (n < ZTRACE_MAGIC_SIZE || memcmp(header, ZTRACE_MAGIC, ZTRACE_MAGIC_SIZE) != 0) {
        zt_fail(reader->error, "%s: not a trace: the mark of a .ztrace file is missing at byte 0%s",
                reader->name, hint_for(reader->name));
        return -1;
    }
    if (n < ZT_FILE_HEADER_SIZE) {
        zt_fail(reader->error, "%s: not a trace: it ends at byte %zd, and the file's header has %d",
                reader->name, n, ZT_FILE_HEADER_SIZE);
        return -1;
    }
    if (zt_get32(header + 20) != zt_crc32(header, 20)) {
        return damaged(reader, "the checksum of the file's header does not match");
    }
    reader->version = zt_get32(header + 8);
    if (reader->version < ZT_OLDEST_VERSION || reader->version > ZT_VERSION) {
        zt_fail(reader->error,
                "%s: a trace of version %" PRIu32 " (byte 8), and this program reads %d to %d",
                reader->name, reader->version, ZT_OLDEST_VERSION, ZT_VERSION);
        return -1;
    }
    reader->tick_ns = zt_get32(header + 12);
    if (reader->tick_ns == 0 || reader->tick_ns > ZT_MAX_TICK || zt_get32(header + 16) != 0) {
        return damaged(reader, "the tick in the file's header is not 1 to 1000000000 ns");
    }
    reader->offset = ZT_FILE_HEADER_SIZE;
    return 0;
}

static int allocate(struct zt_reader *reader) {
    reader->raw = zt_memory_alloc(ZT_MAX_RAW_SIZE + 1);
    reader->stored = zt_memory_alloc(ZT_MAX_STORED_SIZE);
    if (!reader->raw || !reader->stored || zt_objects_init(&reader->objects) != 0 ||
        zt_map_init(&reader->born) != 0) {
        return out_of_memory(reader);
    }
    return 0;
}

static struct zt_reader *open_reader(int fd, bool own_fd, const char *name,
                                     struct zt_error *error) {
    struct zt_reader *reader = zt_memory_alloc(sizeof(*reader));
    if (!reader) {
        zt_fail(error, "%s: out of memory", name);
        if (own_fd) close(fd);
        return NULL;
    }
    reader->fd = fd;
    reader->own_fd = own_fd;
    reader->error = error;
    snprintf(reader->name, sizeof(reader->name), "%s", name);
    if (allocate(reader) == 0 && read_file_header(reader) == 0) return reader;
    zt_reader_close(reader);
    return NULL;
}

struct zt_reader *zt_reader_open_fd(int fd, const char *name, struct zt_error *error) {
    error->text[0] = '\0';
    return open_reader(fd, false, name, error);
}

struct zt_reader *zt_reader_open(const char *path, struct zt_error *error) {
    error->text[0] = '\0';
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        zt_fail(error, "%s: %s", path, strerror(errno));
        return NULL;
    }
    return open_reader(fd, true, path, error);
}

void zt_reader_close(struct zt_reader *reader) {
    if (!reader) return;
    if (reader->own_fd) close(reader->fd);
    zt_map_free(&reader->born);
    zt_memory_free(reader->objects.birth);
    zt_memory_free(reader->sample);
    zt_free_stacks(&reader->stacks);
    zt_memory_free(reader->stored);
    zt_memory_free(reader->raw);
    zt_memory_free(reader);
}

static int end_here(struct zt_reader *reader, bool truncated) {
    reader->ended = true;
    reader->truncated = truncated;
    return 0;
}

/* The bytes of the columns' lengths. */
static uint32_t lengths_size(const struct zt_reader *reader) {
    return 4 * (uint32_t)zt_columns(reader->version);
}

/* Whether a block of this type may have these lengths. */
static bool lengths_allowed(const struct zt_reader *reader, const struct zt_block *block) {
    bool plain = block->raw_size == block->stored_size && block->count == 0;
    switch (block->type) {
        case ZT_BLOCK_NOTE:
            return plain && block->raw_size <= ZT_MAX_INFO;
        case ZT_BLOCK_END:
            return plain && block->raw_size == ZT_END_SIZE;
        case ZT_BLOCK_EVENTS:
            return block->count >= 1 && block->count <= ZT_MAX_BLOCK_EVENTS &&
                   block->raw_size >= lengths_size(reader) + block->count &&
                   block->raw_size <= ZT_COLUMN_LENGTHS_SIZE + block->count * ZT_EVENT_WIDTH &&
                   block->stored_size <= ZT_MAX_STORED_SIZE;
        case ZT_BLOCK_SAMPLES:
            return reader->version >= 2 && block->count >= 1 && block->count <= ZT_MAX_SAMPLES &&
                   block->raw_size <= block->count * ZT_SAMPLE_WIDTH &&
                   block->stored_size <= ZT_MAX_STORED_SIZE;
        case ZT_BLOCK_STACKS:
            return reader->version >= 3 && block->count >= 1 && block->count <= ZT_MAX_STACKS &&
                   block->raw_size <= ZT_MAX_RAW_SIZE && block->stored_size <= ZT_MAX_STORED_SIZE;
        default:
            return false;
    }
}

/* Reads a block's header: 1, 0 when the file ends before it does, or -1. */
static int read_header(struct zt_reader *reader, struct zt_block *block) {
    uint8_t header[ZT_BLOCK_HEADER_SIZE];
    reader->block_offset = reader->offset;
    ssize_t n = read_some(reader, header, sizeof(header));
    if (n < 0) return -1;
    if (n >= 4 && zt_get32(header) != ZT_BLOCK_MAGIC) {
        return damaged(reader, "no block begins here");
    }
    if (n < ZT_BLOCK_HEADER_SIZE) return 0;
    if (zt_get32(header + 28) != zt_crc32(header, 28)) {
        return damaged(reader, "the checksum of the block's header does not match");
    }
    block->index = zt_get32(header + 4);
    block->type = zt_get32(header + 8);
    block->count = zt_get32(header + 12);
    block->raw_size = zt_get32(header + 16);
    block->stored_size = zt_get32(header + 20);
    block->crc = zt_get32(header + 24);
    if (block->index != reader->blocks)
        return damaged(reader, "blocks before this one are missing");
    if (!lengths_allowed(reader, block)) {
        return damaged(reader, "the block's type, or a length in its header, is not allowed");
    }
    return 1;
}

static int take_notes(struct zt_reader *reader, size_t size) {
    if (size > ZT_MAX_INFO - reader->notes_size) {
        return damaged(reader, "more than 65536 bytes of notes");
    }
    char *to = reader->notes + reader->notes_size;
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = reader->stored[i];
        /* No control characters: a terminal would act on them. */
        to[i] = (char)(byte == '\n' || (byte >= ' ' && byte < 127) ? byte : '?');
    }
    reader->notes_size += size;
    return 1;
}

/* Decompresses a block into reader->raw. */
static int unpack(struct zt_reader *reader, const struct zt_block *block) {
    enum zt_unpacked unpacked =
        zt_decompress(reader->stored, block->stored_size, reader->raw, block->raw_size);
    if (unpacked == ZT_UNPACK_NO_MEMORY) return out_of_memory(reader);
    if (unpacked == ZT_UNPACKED) return 0;
    return damaged(reader, "the block does not unpack to the length in its header");
}

static int take_events(struct zt_reader *reader, const struct zt_block *block) {
    if (unpack(reader, block) != 0) return -1;
    if (reader->has_stacks) return damaged(reader, "events come after the stacks");
    const uint8_t *at = reader->raw + lengths_size(reader);
    size_t left = block->raw_size - lengths_size(reader);
    for (int c = 0; c < zt_columns(reader->version); c++) {
        uint32_t length = zt_get32(reader->raw + 4 * c);
        if (length > left) return damaged(reader, "a column is longer than its block");
        reader->at[c] = at;
        reader->end[c] = at += length;
        left -= length;
    }
    if (left) return damaged(reader, "a block is longer than its columns");
    reader->pending = block->count;
    return 1;
}

static int take_samples(struct zt_reader *reader, const struct zt_block *block) {
    if (reader->samples || reader->events) {
        return damaged(reader, "samples do not come once, before the events");
    }
    reader->sample = zt_memory_alloc(block->count * sizeof(*reader->sample));
    if (!reader->sample) return out_of_memory(reader);
    if (unpack(reader, block) != 0) return -1;
    if (zt_unpack_samples(reader->raw, block->raw_size, reader->sample, block->count) != 0) {
        return damaged(reader, "a sample is wrong");
    }
    reader->samples = block->count;
    return 1;
}

static int take_stacks(struct zt_reader *reader, const struct zt_block *block) {
    if (reader->has_stacks || block->count < reader->most_stack) {
        return damaged(reader, "stacks do not come once, for all events");
    }
    if (unpack(reader, block) != 0) return -1;
    const char *wrong =
        zt_unpack_stacks(reader->raw, block->raw_size, block->count, &reader->stacks);
    if (wrong) return damaged(reader, wrong);
    reader->has_stacks = true;
    return 1;
}

static int take_end(struct zt_reader *reader) {
    uint64_t events = zt_get32(reader->stored) | (uint64_t)zt_get32(reader->stored + 4) << 32;
    if (events != reader->events || zt_get32(reader->stored + 8) != reader->threads) {
        return damaged(reader, "the counts in the end block are wrong");
    }
    if (reader->most_stack && !reader->has_stacks) {
        return damaged(reader, "the stacks are missing");
    }
    uint8_t more;
    ssize_t n = read_some(reader, &more, 1);
    reader->block_offset = reader->offset;
    if (n != 0) return n < 0 ? -1 : damaged(reader, "the file goes on after the end block");
    return end_here(reader, false);
}

/* Reads the next block: 1, 0 at the end, or -1. */
static int read_block(struct zt_reader *reader) {
    struct zt_block block;
    int got = read_header(reader, &block);
    if (got <= 0) return got < 0 ? -1 : end_here(reader, true);
    ssize_t n = read_some(reader, reader->stored, block.stored_size);
    if (n < 0) return -1;
    if ((uint32_t)n < block.stored_size) return end_here(reader, true);
    if (zt_crc32(reader->stored, block.stored_size) != block.crc) {
        return damaged(reader, "the checksum of the block does not match");
    }
    reader->offset += ZT_BLOCK_HEADER_SIZE + block.stored_size;
    reader->blocks++;
    if (block.type == ZT_BLOCK_NOTE) return take_notes(reader, block.stored_size);
    if (block.type == ZT_BLOCK_END) return take_end(reader);
    if (block.type == ZT_BLOCK_SAMPLES) return take_samples(reader, &block);
    if (block.type == ZT_BLOCK_STACKS) return take_stacks(reader, &block);
    return take_events(reader, &block);
}

/* Takes a number from a column; -1 unless it is there and at most `max`. */
static int take(struct zt_reader *reader, enum zt_column column, uint64_t max, uint64_t *value) {
    if (zt_get_varint(&reader->at[column], reader->end[column], value) != 0) return -1;
    return *value <= max ? 0 : -1;
}

static int take_thread(struct zt_reader *reader) {
    uint64_t thread;
    if (take(reader, ZT_COLUMN_THREAD, ZT_MAX_THREADS - 1, &thread) != 0) return -1;
    if (thread > reader->threads) return -1;
    reader->thread = (uint32_t)thread;
    return 0;
}

static int take_time(struct zt_reader *reader, uint64_t *time) {
    uint64_t ticks, max = UINT64_MAX / reader->tick_ns;
    if (take(reader, ZT_COLUMN_TIME, max - reader->ticks, &ticks) != 0) return -1;
    reader->ticks += ticks;
    *time = reader->ticks * reader->tick_ns;
    return 0;
}

static int take_stack(struct zt_reader *reader, struct zt_event *event) {
    uint64_t number;
    if (take(reader, ZT_COLUMN_STACK, ZT_MAX_STACKS - 1, &number) != 0) return -1;
    event->stack = (uint32_t)number + 1;
    if (event->stack > reader->most_stack) reader->most_stack = event->stack;
    return 0;
}

/* The object of a realloc or free. */
static int take_object(struct zt_reader *reader, struct zt_event *event) {
    uint64_t age;
    if (take(reader, ZT_COLUMN_AGE, UINT64_MAX, &age) != 0 || age >= reader->births ||
        !zt_map_take(&reader->born, reader->births - 1 - age, &event->object)) {
        return damaged(reader, "an event is about an object that is not live");
    }
    if (event->op == ZT_FREE) {
        zt_objects_end(&reader->objects, event->object);
        return 0;
    }
    uint64_t birth = event->op == ZT_REALLOC ? reader->births++ : reader->births - 1 - age;
    bool added = zt_map_add(&reader->born, birth, event->object) == 0;
    return added ? 0 : out_of_memory(reader);
}

static int new_object(struct zt_reader *reader, struct zt_event *event) {
    if (zt_objects_full(&reader->objects)) {
        return damaged(reader, "more than 67108864 live objects");
    }
    bool added = zt_objects_new(&reader->objects, 0, &event->object) == 0 &&
                 zt_map_add(&reader->born, reader->births++, event->object) == 0;
    return added ? 0 : out_of_memory(reader);
}

static int take_event(struct zt_reader *reader, struct zt_event *event) {
    if (reader->at[ZT_COLUMN_OP] == reader->end[ZT_COLUMN_OP]) {
        return damaged(reader, "a column is too short");
    }
    uint8_t byte = *reader->at[ZT_COLUMN_OP]++;
    memset(event, 0, sizeof(*event));
    event->op = byte & ZT_OP_MASK;
    const uint8_t most = ZT_OP_MASK | ZT_OP_THREAD | (reader->version < 3 ? 0 : ZT_OP_STACK);
    if (event->op >= (reader->version == 1 ? ZT_TOUCHED : ZT_KINDS) || byte > most ||
        (byte & ZT_OP_STACK && event->op > ZT_REALLOC)) {
        return damaged(reader, "an event has an unknown operation");
    }
    if (byte & ZT_OP_THREAD && take_thread(reader) != 0) {
        return damaged(reader, "a thread's number is wrong");
    }
    event->thread = reader->thread;
    if (event->thread == reader->threads) {
        if (event->op >= ZT_OPS) return damaged(reader, "the first event of a thread is no call");
        reader->threads++;
    }
    if (take_time(reader, &event->time) != 0) return damaged(reader, "a time is wrong");
    if (zt_has_size(event->op) && take(reader, ZT_COLUMN_SIZE, ZT_MAX_SIZE, &event->size) != 0) {
        return damaged(reader, "a size is wrong or not below 2^48");
    }
    uint64_t align_log2;
    if (event->op == ZT_ALIGNED) {
        if (take(reader, ZT_COLUMN_ALIGN, ZT_MAX_ALIGN_LOG2, &align_log2) != 0) {
            return damaged(reader, "an alignment is wrong or not below 2^48");
        }
        event->align_log2 = (uint8_t)align_log2;
    }
    if (byte & ZT_OP_STACK && take_stack(reader, event) != 0) {
        return damaged(reader, "a call stack's number is wrong");
    }
    reader->events++;
    if (event->op == ZT_THREAD_END) return 0;
    return zt_has_age(event->op) ? take_object(reader, event) : new_object(reader, event);
}

int zt_read(struct zt_reader *reader, struct zt_event *event) {
    if (reader->error->text[0]) return -1;
    while (!reader->pending) {
        if (reader->ended) return 0;
        int got = read_block(reader);
        if (got <= 0) return got;
    }
    if (take_event(reader, event) != 0) return -1;
    if (--reader->pending) return 1;
    for (int c = 0; c < zt_columns(reader->version); c++) {
        if (reader->at[c] != reader->end[c]) return damaged(reader, "a column is too long");
    }
    return 1;
}

bool zt_reader_truncated(const struct zt_reader *reader) { return reader->truncated; }

uint64_t zt_reader_offset(const struct zt_reader *reader) { return reader->offset; }

size_t zt_reader_samples(const struct zt_reader *reader, const struct zt_sample **samples) {
    *samples = reader->sample;
    return reader->samples;
}

const struct zt_stacks *zt_reader_stacks(const struct zt_reader *reader) {
    return reader->has_stacks ? &reader->stacks : NULL;
}

uint32_t zt_reader_threads(const struct zt_reader *reader) { return reader->threads; }

const char *zt_reader_note(struct zt_reader *reader, const char *key) {
    size_t length = strlen(key);
    for (const char *line = reader->notes; *line;) {
        size_t size = strcspn(line, "\n");
        if (strncmp(line, key, length) == 0 && strncmp(line + length, ": ", 2) == 0) {
            snprintf(reader->note, sizeof(reader->note), "%.*s", (int)(size - length - 2),
                     line + length + 2);
            return reader->note;
        }
        line += size + (line[size] == '\n');
    }
    return NULL;
}
