#include "tools/zreplay/stat.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/trace/memory.h"

#define FIRST_OBJECTS 65536

struct block {
    uint64_t born; /* ns */
    uint64_t size : 48;
    uint64_t thread : 16; /* UINT16_MAX: this one, or one with a higher number */
    bool live;
};

/* The reading of a trace. */
struct reading {
    struct trace_stat *stat;
    struct block *block; /* by object */
    size_t capacity;
    uint64_t most_bytes;
    struct stat_moment live; /* now */
    uint64_t step;           /* ns from one moment to the next */
};

static unsigned size_row(uint64_t size) {
    unsigned row = 0;
    while (row + 1 < STAT_SIZES && size > UINT64_C(16) << row) row++;
    return row;
}

static unsigned life_column(uint64_t ns) {
    unsigned column = 0;
    for (uint64_t end = 1000; column + 2 < STAT_LIVES && ns >= end; end *= 10) column++;
    return column;
}

static unsigned thread_row(uint32_t thread) {
    return thread < STAT_THREADS ? thread : STAT_THREADS - 1;
}

static uint32_t thread_number(const struct zt_event *event) {
    return event->thread < UINT16_MAX ? event->thread : UINT16_MAX;
}

static void add(struct stat_blocks *blocks, uint64_t bytes) {
    blocks->blocks++;
    blocks->bytes += bytes;
}

static void birth(struct reading *reading, struct block *block, const struct zt_event *event) {
    block->born = event->time;
    block->size = event->size & ZT_MAX_SIZE;
    block->thread = thread_number(event) & UINT16_MAX;
    block->live = true;
    add(&reading->live.live, block->size);
    reading->live.bytes[size_row(block->size)] += block->size;
}

static void leave(struct reading *reading, const struct block *block) {
    reading->live.live.blocks--;
    reading->live.live.bytes -= block->size;
    reading->live.bytes[size_row(block->size)] -= block->size;
}

/* The block stays the same, and its life goes on. */
static void resize(struct reading *reading, struct block *block, const struct zt_event *event) {
    struct trace_stat *stat = reading->stat;
    const struct block before = *block;
    *(event->size > before.size   ? &stat->grew
      : event->size < before.size ? &stat->shrank
                                  : &stat->same) += 1;
    leave(reading, block);
    birth(reading, block, event);
    block->born = before.born;
    block->thread = before.thread;
}

static void end_block(struct reading *reading, const struct block *block, unsigned column) {
    add(&reading->stat->by[size_row(block->size)][column], block->size);
    add(&reading->stat->born, block->size);
}

static void death(struct reading *reading, struct block *block, const struct zt_event *event) {
    struct trace_stat *stat = reading->stat;
    uint32_t thread = thread_number(event);
    end_block(reading, block, life_column(event->time - block->born));
    stat->freed_by[thread_row(block->thread)][thread_row(thread)]++;
    if (thread != block->thread) {
        stat->freed_elsewhere++;
        stat->freed_elsewhere_bytes += block->size;
    }
    leave(reading, block);
    block->live = false;
}

/* Drops every other moment, so that the rest of a long trace has room. */
static void thin(struct reading *reading) {
    struct trace_stat *stat = reading->stat;
    for (uint32_t i = 1; i < STAT_MOMENTS; i += 2) stat->moment[i / 2] = stat->moment[i];
    stat->moments = STAT_MOMENTS / 2;
    reading->step *= 2;
}

/* Before an event: notes what was live at each step of time that has passed. */
static void note_moments(struct reading *reading, uint64_t now) {
    struct trace_stat *stat = reading->stat;
    while (now / reading->step > stat->moments) {
        if (stat->moments == STAT_MOMENTS) {
            thin(reading);
            continue;
        }
        stat->moment[stat->moments] = reading->live;
        stat->moment[stat->moments].ns = (stat->moments + 1) * reading->step;
        stat->moments++;
    }
}

/* 0, or -1 where there is no room for one block more. */
static int grow(struct reading *reading, uint32_t object) {
    while (reading->capacity <= object) {
        size_t bytes = reading->capacity * 2 * sizeof(*reading->block);
        void *larger = bytes <= reading->most_bytes ? zt_memory_grow(reading->block, bytes) : NULL;
        if (!larger) return -1;
        reading->block = larger;
        reading->capacity *= 2;
    }
    return 0;
}

static int follow(struct reading *reading, const struct zt_event *event) {
    struct trace_stat *stat = reading->stat;
    if (event->op >= ZT_OPS) return 0; /* no call */
    if (grow(reading, event->object) != 0) return -1;
    struct block *block = &reading->block[event->object];
    note_moments(reading, event->time);
    if (event->op == ZT_FREE) {
        death(reading, block, event);
    } else if (event->op == ZT_REALLOC) {
        resize(reading, block, event);
    } else {
        birth(reading, block, event);
    }
    stat->events++;
    stat->calls[event->op]++;
    stat->duration = event->time;
    if (reading->live.live.bytes > stat->peak.live.bytes) {
        stat->peak = reading->live;
        stat->peak.ns = event->time;
        stat->peak_event = stat->events;
    }
    return 0;
}

static int read_all(struct reading *reading, struct zt_reader *reader, const char *path,
                    struct zt_error *error) {
    struct zt_event event;
    int got;
    while ((got = zt_read(reader, &event)) > 0) {
        if (follow(reading, &event) == 0) continue;
        snprintf(error->text, sizeof(error->text),
                 "%.300s: block %" PRIu32 ": this machine's memory has room for no more", path,
                 event.object);
        return -1;
    }
    if (got < 0) return -1;
    reading->stat->end = reading->live;
    reading->stat->end.ns = reading->stat->duration;
    for (size_t i = 0; i < reading->capacity; i++) {
        const struct block *block = &reading->block[i];
        if (block->live) end_block(reading, block, STAT_LIVES - 1);
    }
    return 0;
}

/* 0, or -1 without memory. */
static int take_samples(struct trace_stat *stat, const struct zt_reader *reader) {
    const struct zt_sample *samples;
    size_t count = zt_reader_samples(reader, &samples);
    if (count == 0) return 0;
    stat->sample = zt_memory_alloc(count * sizeof(*samples));
    if (!stat->sample) return -1;
    memcpy(stat->sample, samples, count * sizeof(*samples));
    stat->samples = count;
    return 0;
}

/* What the notes and the reader tell. */
static void take_notes(struct trace_stat *stat, struct zt_reader *reader) {
    const char *program = zt_reader_note(reader, "program");
    snprintf(stat->program, sizeof(stat->program), "%s", program ? program : "an unnamed program");
    gaps_read(reader, stat->gaps);
    gaps_count(reader, &stat->lost, &stat->unseen);
    stat->threads = zt_reader_threads(reader);
    stat->truncated = zt_reader_truncated(reader);
    stat->whole = zt_reader_offset(reader);
}

int stat_read(struct trace_stat *stat, const char *path, uint64_t max_bytes,
              struct zt_error *error) {
    struct reading reading = {
        .stat = stat, .capacity = FIRST_OBJECTS, .most_bytes = max_bytes, .step = 1000000};
    memset(stat, 0, sizeof(*stat));
    struct zt_reader *reader = zt_reader_open(path, error);
    if (!reader) return -1;
    int result = -1;
    reading.block = zt_memory_alloc(reading.capacity * sizeof(*reading.block));
    if (reading.block) result = read_all(&reading, reader, path, error);
    if (!reading.block || (result == 0 && take_samples(stat, reader) != 0)) {
        result = -1;
        snprintf(error->text, sizeof(error->text), "%.300s: out of memory", path);
    }
    take_notes(stat, reader);
    const struct zt_stacks *stacks = zt_reader_stacks(reader);
    const uint64_t rate = stacks ? stacks->rate : 0;
    zt_memory_free(reading.block);
    zt_reader_close(reader);
    if (result != 0 || !rate) return result;
    stat->stacks = call_stacks_read(path, stat->peak_event, rate, error);
    return stat->stacks ? 0 : -1;
}

void stat_free(struct trace_stat *stat) {
    zt_memory_free(stat->sample);
    call_stacks_free(stat->stacks);
}

const struct stat_moment *stat_at(const struct trace_stat *stat, double part) {
    static const struct stat_moment begin;
    const struct stat_moment *at = &begin;
    for (uint32_t i = 0; i < stat->moments; i++) {
        if ((double)stat->moment[i].ns <= part * (double)stat->duration) at = &stat->moment[i];
    }
    return at;
}
