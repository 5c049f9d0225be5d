#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/trace/bzip2.h"
#include "tools/trace/format.h"
#include "tools/trace/memory.h"
#include "tools/trace/objects.h"
#include "tools/trace/samples.h"
#include "tools/trace/stacks.h"

struct zt_writer {
    int fd;
    const char *name;
    struct zt_error *error;
    uint32_t tick_ns;
    uint32_t block_events;
    uint32_t version;

    struct zt_objects objects;
    uint64_t births; /* allocations and reallocs so far */
    uint64_t events;
    uint64_t ticks; /* of the last event */
    uint32_t thread;
    uint32_t threads;

    uint32_t blocks;  /* written */
    uint32_t pending; /* events in the columns */
    size_t notes;     /* bytes of them */
    bool has_samples;
    bool has_stacks;
    uint32_t stacks; /* 1 + the highest number of a stack that an event has */
    uint8_t *raw;    /* lengths, then the columns, joined */
    uint8_t *stored;
    uint8_t *column[ZT_COLUMNS];
    uint8_t *at[ZT_COLUMNS]; /* where to go on */
};

static int fail(struct zt_writer *writer, const char *what) {
    zt_fail(writer->error, "%s: %s", writer->name, what);
    return -1;
}

static int write_all(struct zt_writer *writer, const uint8_t *data, size_t size) {
    while (size) {
        ssize_t n = write(writer->fd, data, size);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return fail(writer, n < 0 ? strerror(errno) : "cannot be written");
        data += n;
        size -= (size_t)n;
    }
    return 0;
}

static int write_file_header(struct zt_writer *writer) {
    uint8_t header[ZT_FILE_HEADER_SIZE] = {0};
    memcpy(header, ZTRACE_MAGIC, ZTRACE_MAGIC_SIZE); /* NOLINT: no string, bytes of a file */
    zt_put32(header + 8, writer->version);
    zt_put32(header + 12, writer->tick_ns);
    zt_put32(header + 20, zt_crc32(header, 20));
    return write_all(writer, header, sizeof(header));
}

/* A block of `size` bytes at `raw`, compressed when it has a count. */
static int write_block(struct zt_writer *writer, enum zt_block_type type, uint32_t count,
                       const uint8_t *raw, size_t size) {
    const uint8_t *payload = raw;
    size_t stored = size;
    if (count) {
        stored = ZT_MAX_STORED_SIZE;
        if (zt_compress(raw, size, writer->stored, &stored) != 0) {
            return fail(writer, "out of memory");
        }
        payload = writer->stored;
    }
    uint8_t header[ZT_BLOCK_HEADER_SIZE];
    zt_put32(header, ZT_BLOCK_MAGIC);
    zt_put32(header + 4, writer->blocks++);
    zt_put32(header + 8, type);
    zt_put32(header + 12, count);
    zt_put32(header + 16, (uint32_t)size);
    zt_put32(header + 20, (uint32_t)stored);
    zt_put32(header + 24, zt_crc32(payload, stored));
    zt_put32(header + 28, zt_crc32(header, 28));
    if (write_all(writer, header, sizeof(header)) != 0) return -1;
    return write_all(writer, payload, stored);
}

static int flush(struct zt_writer *writer) {
    if (!writer->pending) return 0;
    const int columns = zt_columns(writer->version);
    uint8_t *to = writer->raw + (size_t)4 * columns;
    for (int c = 0; c < columns; c++) {
        size_t length = (size_t)(writer->at[c] - writer->column[c]);
        zt_put32(writer->raw + 4 * c, (uint32_t)length);
        memcpy(to, writer->column[c], length);
        to += length;
        writer->at[c] = writer->column[c];
    }
    int result = write_block(writer, ZT_BLOCK_EVENTS, writer->pending, writer->raw,
                             (size_t)(to - writer->raw));
    writer->pending = 0;
    return result;
}

static int allocate(struct zt_writer *writer) {
    size_t size = ZT_COLUMN_LENGTHS_SIZE + (size_t)writer->block_events * ZT_EVENT_WIDTH;
    writer->raw = zt_memory_alloc(size);
    writer->stored = zt_memory_alloc(ZT_MAX_STORED_SIZE);
    if (!writer->raw || !writer->stored || zt_objects_init(&writer->objects) != 0) return -1;
    for (int c = 0; c < ZT_COLUMNS; c++) {
        writer->column[c] = zt_memory_alloc((size_t)writer->block_events * zt_column_width[c]);
        writer->at[c] = writer->column[c];
        if (!writer->column[c]) return -1;
    }
    return 0;
}

static void free_all(struct zt_writer *writer) {
    for (int c = 0; c < ZT_COLUMNS; c++) zt_memory_free(writer->column[c]);
    zt_memory_free(writer->objects.birth);
    zt_memory_free(writer->stored);
    zt_memory_free(writer->raw);
    zt_memory_free(writer);
}

struct zt_writer *zt_writer_open(int fd, const char *name, const struct zt_options *options,
                                 struct zt_error *error) {
    error->text[0] = '\0';
    struct zt_writer *writer = zt_memory_alloc(sizeof(*writer));
    if (!writer) {
        zt_fail(error, "%s: out of memory", name);
        return NULL;
    }
    writer->fd = fd;
    writer->name = name;
    writer->error = error;
    writer->tick_ns = options && options->tick_ns ? options->tick_ns : 1;
    writer->version = options && options->stacks ? ZT_VERSION : ZT_VERSION_PLAIN;
    writer->block_events =
        options && options->block_events ? options->block_events : ZT_MAX_BLOCK_EVENTS;
    if (writer->tick_ns > ZT_MAX_TICK || writer->block_events > ZT_MAX_BLOCK_EVENTS) {
        fail(writer, "the tick or the size of blocks is too large");
    } else if (allocate(writer) != 0) {
        fail(writer, "out of memory");
    } else if (write_file_header(writer) == 0) {
        return writer;
    }
    free_all(writer);
    return NULL;
}

int zt_writer_note(struct zt_writer *writer, const char *key, const char *value) {
    char line[4096];
    if (writer->error->text[0]) return -1;
    int size = snprintf(line, sizeof(line), "%s: %s\n", key, value);
    if (size < 0 || (size_t)size >= sizeof(line) || writer->notes + (size_t)size > ZT_MAX_INFO) {
        return fail(writer, "a note is too long");
    }
    if (flush(writer) != 0) return -1;
    writer->notes += (size_t)size;
    return write_block(writer, ZT_BLOCK_NOTE, 0, (const uint8_t *)line, (size_t)size);
}

int zt_writer_samples(struct zt_writer *writer, const struct zt_sample *samples, size_t count) {
    if (writer->error->text[0]) return -1;
    if (writer->has_samples || writer->events || count == 0 || count > ZT_MAX_SAMPLES) {
        return fail(writer, "samples come once, before the events, and are 1 to 4096");
    }
    for (size_t i = 1; i < count; i++) {
        if (!zt_sample_follows(&samples[i - 1], &samples[i])) {
            return fail(writer, "samples are not in their order");
        }
    }
    uint8_t *raw = zt_memory_alloc(count * ZT_SAMPLE_WIDTH);
    if (!raw) return fail(writer, "out of memory");
    size_t size = zt_pack_samples(raw, samples, count);
    int result = write_block(writer, ZT_BLOCK_SAMPLES, (uint32_t)count, raw, size);
    writer->has_samples = true;
    zt_memory_free(raw);
    return result;
}

int zt_writer_stacks(struct zt_writer *writer, const struct zt_stacks *stacks) {
    if (writer->error->text[0]) return -1;
    if (writer->has_stacks || writer->version < 3 || stacks->stacks == 0 ||
        stacks->stacks > ZT_MAX_STACKS || stacks->stacks < writer->stacks || stacks->rate == 0) {
        return fail(writer, "stacks come once, after the events, and are 1 to 65536");
    }
    if (flush(writer) != 0) return -1;
    const size_t most = zt_stacks_width(stacks);
    uint8_t *raw = zt_memory_alloc(most);
    if (!raw) return fail(writer, "out of memory");
    const size_t size = zt_pack_stacks(raw, stacks);
    int result = size > ZT_MAX_RAW_SIZE
                     ? fail(writer, "the call stacks are too large")
                     : write_block(writer, ZT_BLOCK_STACKS, stacks->stacks, raw, size);
    writer->has_stacks = true;
    zt_memory_free(raw);
    return result;
}

static void put(struct zt_writer *writer, enum zt_column column, uint64_t value) {
    writer->at[column] = zt_put_varint(writer->at[column], value);
}

/* Whether the event may follow those written. */
static int check(struct zt_writer *writer, const struct zt_event *event) {
    if (writer->error->text[0]) return -1;
    if (event->op >= ZT_KINDS) return fail(writer, "an event has an unknown operation");
    if (event->size > ZT_MAX_SIZE) return fail(writer, "an event has too large a size");
    if (event->align_log2 > ZT_MAX_ALIGN_LOG2) return fail(writer, "an alignment is too large");
    if (event->thread > writer->threads || event->thread >= ZT_MAX_THREADS) {
        return fail(writer, "threads are not numbered in the order of their first events");
    }
    if (event->thread == writer->threads && event->op >= ZT_OPS) {
        return fail(writer, "the first event of a thread is no call");
    }
    if (writer->has_stacks) return fail(writer, "an event comes after the stacks");
    if (event->stack > ZT_MAX_STACKS || (event->stack && writer->version < 3) ||
        (event->stack && event->op > ZT_REALLOC)) {
        return fail(writer, "an event has a call stack that it cannot have");
    }
    if (zt_has_age(event->op) && !zt_objects_live(&writer->objects, event->object)) {
        return fail(writer, "an event is about an object that is not live");
    }
    return 0;
}

/* Keeps account of the event's object, and writes its age where it has one. */
static int write_object(struct zt_writer *writer, struct zt_event *event) {
    if (event->op == ZT_THREAD_END) return 0;
    if (zt_has_age(event->op)) {
        uint64_t *birth = &writer->objects.birth[event->object];
        put(writer, ZT_COLUMN_AGE, writer->births - 1 - *birth);
        if (event->op == ZT_REALLOC) {
            *birth = writer->births++;
        } else if (event->op == ZT_FREE) {
            zt_objects_end(&writer->objects, event->object);
        }
        return 0;
    }
    if (zt_objects_new(&writer->objects, writer->births, &event->object) != 0) {
        return fail(writer, zt_objects_full(&writer->objects) ? "more than 67108864 live objects"
                                                              : "out of memory");
    }
    writer->births++;
    return 0;
}

int zt_write(struct zt_writer *writer, struct zt_event *event) {
    if (check(writer, event) != 0 || write_object(writer, event) != 0) return -1;
    bool other_thread = event->thread != writer->thread;
    *writer->at[ZT_COLUMN_OP]++ =
        (uint8_t)(event->op | (other_thread ? ZT_OP_THREAD : 0) | (event->stack ? ZT_OP_STACK : 0));
    if (other_thread) put(writer, ZT_COLUMN_THREAD, event->thread);
    writer->thread = event->thread;
    if (event->thread == writer->threads) writer->threads++;

    uint64_t ticks = event->time / writer->tick_ns;
    if (ticks < writer->ticks) ticks = writer->ticks;
    put(writer, ZT_COLUMN_TIME, ticks - writer->ticks);
    writer->ticks = ticks;

    if (zt_has_size(event->op)) put(writer, ZT_COLUMN_SIZE, event->size);
    if (event->op == ZT_ALIGNED) *writer->at[ZT_COLUMN_ALIGN]++ = event->align_log2;
    if (event->stack) put(writer, ZT_COLUMN_STACK, event->stack - 1);
    if (event->stack > writer->stacks) writer->stacks = event->stack;
    writer->events++;
    return ++writer->pending == writer->block_events ? flush(writer) : 0;
}

int zt_writer_close(struct zt_writer *writer) {
    int result = -1;
    if (!writer->error->text[0] && flush(writer) == 0) {
        uint8_t end[ZT_END_SIZE];
        zt_put32(end, (uint32_t)writer->events);
        zt_put32(end + 4, (uint32_t)(writer->events >> 32));
        zt_put32(end + 8, writer->threads);
        result = write_block(writer, ZT_BLOCK_END, 0, end, sizeof(end));
    }
    free_all(writer);
    return result;
}
