#include "tools/zreplay/ops.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/trace/memory.h"

#define FIRST_OPS 65536

/* The most memory that decoding takes for each number of an object (its size and the reader's
 * tables) and for each event, with the copies of arrays that grow. */
#define OBJECT_COST 80
#define EVENT_COST (2 * sizeof(struct op))

/* The least memory that a block takes, by any allocator. */
#define LEAST_BLOCK 16
#define LEAST_PAGE 4096

struct block {
    uint64_t size : 48;
    uint64_t align_log2 : 16;
};

/* Sizes of the live objects, and their sums. */
struct live {
    struct block *block;
    size_t capacity;
    uint64_t bytes;
    uint64_t blocks;
    uint64_t large;
    uint64_t touched;
    uint64_t untouched;
};

static int grow(void **array, size_t *capacity, size_t item, size_t wanted) {
    while (*capacity < wanted) {
        void *larger = zt_memory_grow(*array, *capacity * 2 * item);
        if (!larger) return -1;
        *array = larger;
        *capacity *= 2;
    }
    return 0;
}

/* Memory of a block that nothing is written to: small blocks share a page, blocks that begin a
 * page do not. */
static uint64_t least_cost(const struct block *block) {
    if (block->align_log2 >= 12) return LEAST_PAGE;
    uint64_t aligned = UINT64_C(1) << block->align_log2;
    return aligned > LEAST_BLOCK ? aligned : LEAST_BLOCK;
}

static uint64_t touched_cost(const struct block *block) {
    uint64_t least = least_cost(block);
    return block->size > least ? block->size : least;
}

static void add_block(struct live *live, const struct block *block) {
    live->blocks++;
    live->bytes += block->size;
    if (block->size >= OPS_LARGE) live->large += block->size;
    live->touched += touched_cost(block);
    live->untouched += least_cost(block);
}

static void take_block(struct live *live, const struct block *block) {
    live->blocks--;
    live->bytes -= block->size;
    if (block->size >= OPS_LARGE) live->large -= block->size;
    live->touched -= touched_cost(block);
    live->untouched -= least_cost(block);
}

/* Accounts for one event. */
static int follow(struct live *live, const struct zt_event *event) {
    void *array = live->block;
    if (grow(&array, &live->capacity, sizeof(*live->block), (size_t)event->object + 1) != 0) {
        return -1;
    }
    live->block = array;
    struct block *block = &live->block[event->object];
    if (event->op == ZT_FREE || event->op == ZT_REALLOC) take_block(live, block);
    if (event->op == ZT_FREE) return 0;
    block->size = event->size & ZT_MAX_SIZE;
    block->align_log2 = event->align_log2;
    add_block(live, block);
    return 0;
}

static void note_peak(struct ops *ops, const struct live *live, const struct zt_event *event) {
    if (live->bytes > ops->peak_bytes) {
        ops->peak_bytes = live->bytes;
        ops->peak_large = live->large;
        ops->peak = ops->count;
    }
    if (live->blocks > ops->peak_blocks) ops->peak_blocks = live->blocks;
    if (live->touched > ops->peak_touched) ops->peak_touched = live->touched;
    if (live->untouched > ops->peak_untouched) ops->peak_untouched = live->untouched;
    if (event->object >= ops->objects) ops->objects = event->object + 1;
}

static int append(struct ops *ops, size_t *capacity, const struct zt_event *event) {
    void *array = ops->op;
    if (grow(&array, capacity, sizeof(*ops->op), ops->count + 1) != 0) return -1;
    uint64_t ms = event->time / 1000000;
    ops->op = array;
    ops->op[ops->count++] = (struct op){
        .size = event->size & ZT_MAX_SIZE,
        .thread = event->thread < UINT16_MAX ? (uint16_t)event->thread : UINT16_MAX,
        .object = event->object & (ZT_MAX_LIVE - 1),
        .op = event->op & 7,
        .align_log2 = event->align_log2 & 63,
        .ms = ms < OPS_LAST_MS ? ms : OPS_LAST_MS,
    };
    return 0;
}

/* A majority vote finds the only thread that can have more than half of all events. */
static uint16_t majority(const struct ops *ops) {
    size_t votes = 0;
    uint16_t thread = 0;
    for (size_t i = 0; i < ops->count; i++) {
        if (votes == 0) thread = ops->op[i].thread;
        if (ops->op[i].thread == thread) {
            votes++;
        } else {
            votes--;
        }
    }
    return thread;
}

static void count_elsewhere(struct ops *ops) {
    uint16_t thread = majority(ops);
    for (size_t i = 0; i < ops->count; i++) ops->elsewhere += ops->op[i].thread != thread;
    if (ops->elsewhere > ops->count / 2) ops->elsewhere = ops->count;
}

/* Whether one event more may be kept. */
static bool has_room(const struct ops *ops, const struct zt_event *event, uint64_t max_bytes) {
    uint64_t objects = event->object >= ops->objects ? event->object + UINT64_C(1) : ops->objects;
    return (ops->count + 1) * EVENT_COST + objects * OBJECT_COST <= max_bytes;
}

static int read_all(struct ops *ops, struct zt_reader *reader, struct live *live,
                    uint64_t max_bytes, struct zt_error *error, const char *path) {
    struct zt_event event;
    size_t capacity = FIRST_OPS;
    int got;
    while ((got = zt_read(reader, &event)) > 0) {
        if (!has_room(ops, &event, max_bytes)) {
            snprintf(error->text, sizeof(error->text),
                     "%.300s: more than %zu events and %" PRIu32
                     " blocks; this machine's memory has room for no more",
                     path, ops->count, ops->objects);
            return -1;
        }
        if (follow(live, &event) != 0) break;
        note_peak(ops, live, &event);
        if (append(ops, &capacity, &event) != 0) break;
        ops->end_bytes = live->bytes;
        ops->duration = event.time;
    }
    if (got > 0) snprintf(error->text, sizeof(error->text), "%.300s: out of memory", path);
    return got == 0 ? 0 : -1;
}

static uint64_t note_number(struct zt_reader *reader, const char *key) {
    const char *note = zt_reader_note(reader, key);
    return note ? strtoull(note, NULL, 10) : 0;
}

int ops_read(struct ops *ops, const char *path, uint64_t max_bytes, struct zt_error *error) {
    memset(ops, 0, sizeof(*ops));
    struct zt_reader *reader = zt_reader_open(path, error);
    if (!reader) return -1;
    struct live live = {.capacity = FIRST_OPS};
    live.block = zt_memory_alloc(live.capacity * sizeof(*live.block));
    ops->op = zt_memory_alloc(FIRST_OPS * sizeof(*ops->op));
    int result = -1;
    if (live.block && ops->op) {
        result = read_all(ops, reader, &live, max_bytes, error, path);
    } else {
        snprintf(error->text, sizeof(error->text), "%.300s: out of memory", path);
    }
    const char *program = zt_reader_note(reader, "program");
    snprintf(ops->program, sizeof(ops->program), "%s", program ? program : "an unnamed program");
    ops->lost = note_number(reader, "lost-events");
    ops->unseen = note_number(reader, "unknown-frees") + note_number(reader, "missed-frees");
    ops->threads = zt_reader_threads(reader);
    count_elsewhere(ops);
    ops->truncated = zt_reader_truncated(reader);
    ops->whole = zt_reader_offset(reader);
    zt_memory_free(live.block);
    zt_reader_close(reader);
    return result;
}

/* What recording a call may add to the program's time, in us: measured 0.07 to 1.5, the latter
 * where several programs wrote to a slow disk. */
#define RECORDED_US 2

/* Of a millisecond, in us, so much may have been recording: a tenth of the time remains. */
#define MOST_OF_MS 900

void ops_hasten(struct ops *ops) {
    uint64_t us = ops->count > 0 ? ops->op[0].ms * 1000 : 0;
    for (size_t i = 0, next; i < ops->count; i = next) {
        uint64_t ms = ops->op[i].ms, recording = 0;
        for (next = i; next < ops->count && ops->op[next].ms == ms; next++) {
            ops->op[next].ms = us / 1000;
            if (recording + RECORDED_US <= MOST_OF_MS) recording += RECORDED_US;
        }
        if (next < ops->count) us += (ops->op[next].ms - ms) * 1000 - recording;
    }
}

void ops_free(struct ops *ops) { zt_memory_free(ops->op); }
