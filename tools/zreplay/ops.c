#include "tools/zreplay/ops.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/trace/memory.h"

#define FIRST_OPS 65536
#define FIRST_TOUCHES 4096

/* The most memory that decoding takes for each number of an object (its size and the reader's
 * tables) and for each event, with the copies of arrays that grow. */
#define OBJECT_COST 96
#define EVENT_COST (2 * sizeof(struct op))
#define TOUCH_COST (2 * sizeof(struct ops_touch))

/* The least memory that a block takes, by any allocator. */
#define LEAST_BLOCK 16
#define LEAST_PAGE 4096

/* A trace tells of whole pages, and the program used half of the last one on average. */
#define PAGE 4096

struct block {
    uint64_t size : 48;
    uint64_t align_log2 : 16;
    size_t touch; /* of a large block: its place in ops->touch */
};

/* Sizes of the live objects, and their sums. */
struct live {
    struct block *block;
    size_t capacity;
    uint64_t bytes;
    uint64_t blocks;
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
    live->touched += touched_cost(block);
    live->untouched += least_cost(block);
}

static void take_block(struct live *live, const struct block *block) {
    live->blocks--;
    live->bytes -= block->size;
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
        ops->peak = ops->count;
    }
    if (live->blocks > ops->peak_blocks) ops->peak_blocks = live->blocks;
    if (live->touched > ops->peak_touched) ops->peak_touched = live->touched;
    if (live->untouched > ops->peak_untouched) ops->peak_untouched = live->untouched;
    if (event->object >= ops->objects) ops->objects = event->object + 1;
}

static uint16_t thread_of(const struct zt_event *event) {
    return event->thread < UINT16_MAX ? (uint16_t)event->thread : UINT16_MAX;
}

/* A thread's last number may stand for several. */
static void take_end(struct ops *ops, const struct zt_event *event) {
    const bool ends = event->op == ZT_THREAD_END;
    const bool known = ends && event->thread < UINT16_MAX && ops->count < UINT32_MAX;
    ops->ended[thread_of(event)] = known ? (uint32_t)ops->count : 0;
    if (ends) ops->tells_ends = true;
}

static int append(struct ops *ops, size_t *capacity, const struct zt_event *event) {
    void *array = ops->op;
    if (grow(&array, capacity, sizeof(*ops->op), ops->count + 1) != 0) return -1;
    uint64_t ms = event->time / 1000000;
    ops->op = array;
    ops->op[ops->count++] = (struct op){
        .size = event->size & ZT_MAX_SIZE,
        .thread = thread_of(event),
        .object = event->object & (ZT_MAX_LIVE - 1),
        .op = event->op & 7,
        .align_log2 = event->align_log2 & 63,
        .ms = ms < OPS_LAST_MS ? ms : OPS_LAST_MS,
    };
    return 0;
}

/* A block of OPS_LOOKED_AT bytes or more begins with the event that was appended last. */
static int begin_touch(struct ops *ops, size_t *capacity, struct block *block) {
    void *array = ops->touch;
    if (grow(&array, capacity, sizeof(*ops->touch), ops->touches + 1) != 0) return -1;
    ops->touch = array;
    block->touch = ops->touches++;
    ops->touch[block->touch] = (struct ops_touch){ops->count - 1, UINT64_MAX};
    return 0;
}

/* Pages that were touched mostly stay so: the most of several looks counts. */
static void take_touch(struct ops *ops, const struct live *live, const struct zt_event *event) {
    if (event->object >= live->capacity) return;
    const struct block *block = &live->block[event->object];
    if (block->size < OPS_LOOKED_AT) return;
    uint64_t *bytes = &ops->touch[block->touch].bytes;
    if (*bytes == UINT64_MAX || *bytes < event->size) *bytes = event->size;
}

static const struct ops_touch *find_touch(const struct ops *ops, size_t event) {
    size_t low = 0, high = ops->touches;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ops->touch[middle].event < event) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return &ops->touch[low];
}

uint64_t ops_touched(const struct ops *ops, size_t event) {
    const struct op *op = &ops->op[event];
    if (op->op == ZT_FREE || op->size < OPS_LOOKED_AT) return op->size;
    uint64_t bytes = find_touch(ops, event)->bytes;
    if (bytes >= op->size) return op->size;
    return bytes < PAGE ? bytes / 2 : bytes - PAGE / 2;
}

/* Sums up the large blocks at the peak of which nobody knows how much was touched. */
static void count_untold(struct ops *ops, struct live *live) {
    memset(live->block, 0, live->capacity * sizeof(*live->block));
    for (size_t i = 0; i < ops->count && i <= ops->peak; i++) {
        const struct op *op = &ops->op[i];
        bool untold =
            op->op != ZT_FREE && op->size >= OPS_LARGE && find_touch(ops, i)->bytes == UINT64_MAX;
        struct block *block = &live->block[op->object];
        ops->peak_large -= block->size;
        block->size = untold ? op->size : 0;
        ops->peak_large += block->size;
    }
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
    return (ops->count + 1) * EVENT_COST + objects * OBJECT_COST + ops->touches * TOUCH_COST <=
           max_bytes;
}

static int read_all(struct ops *ops, struct zt_reader *reader, struct live *live,
                    uint64_t max_bytes, struct zt_error *error, const char *path) {
    struct zt_event event;
    size_t capacity = FIRST_OPS, touches = FIRST_TOUCHES;
    int got;
    while ((got = zt_read(reader, &event)) > 0) {
        if (event.op == ZT_TOUCHED) take_touch(ops, live, &event);
        take_end(ops, &event);
        if (event.op >= ZT_OPS) continue;
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
        if (event.size >= OPS_LOOKED_AT && event.op != ZT_FREE &&
            begin_touch(ops, &touches, &live->block[event.object]) != 0)
            break;
        ops->end_bytes = live->bytes;
        ops->duration = event.time;
    }
    if (got > 0) snprintf(error->text, sizeof(error->text), "%.300s: out of memory", path);
    return got == 0 ? 0 : -1;
}

/* Keeps those with memory: when the program has ended, it has none. */
static int take_samples(struct ops *ops, struct zt_reader *reader, struct zt_error *error,
                        const char *path) {
    const struct zt_sample *samples;
    const size_t count = zt_reader_samples(reader, &samples);
    if (count == 0) return 0;
    ops->tells_ends = true;
    ops->sample = zt_memory_alloc(count * sizeof(*samples));
    if (!ops->sample) {
        snprintf(error->text, sizeof(error->text), "%.300s: out of memory", path);
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        if (samples[i].rss_anon > 0) ops->sample[ops->samples++] = samples[i];
    }
    return 0;
}

/* Of the busy part of a slot, so much may have been recording, in percent. */
#define MOST_RECORDING 90

void ops_pace(struct ops *ops, uint32_t ns) {
    const uint64_t slot_ns = UINT64_C(1000000) << ops->clock_shift;
    uint64_t now = 0;
    size_t event = 0;
    for (uint64_t slot = 0; slot < ops->clock_slots; slot++) {
        uint64_t recording = 0;
        ops->clock_ms[slot] = (uint32_t)(now / 1000000);
        const uint64_t until = (slot + 1) << ops->clock_shift;
        for (; event < ops->count && ops->op[event].ms < until; event++) recording += ns;
        if (recording > slot_ns / 100 * MOST_RECORDING) recording = slot_ns / 100 * MOST_RECORDING;
        now += slot_ns - recording;
    }
}

uint32_t ops_clock_at(const struct ops *ops, uint64_t ms) {
    const size_t slot = (size_t)(ms >> ops->clock_shift);
    if (slot < ops->clock_slots) return ops->clock_ms[slot];
    const uint64_t last = ops->op[ops->count - 1].ms;
    const uint64_t clock = ops_clock(ops, ops->count - 1) + (ms - last);
    return clock < OPS_NEVER ? (uint32_t)clock : OPS_NEVER - 1;
}

/* At first the clock shows the times as they were recorded. */
static int begin_clock(struct ops *ops, struct zt_error *error, const char *path) {
    enum { MOST_SLOTS = 1 << 20 };
    if (ops->count == 0) return 0;
    const uint64_t last = ops->op[ops->count - 1].ms;
    while (last >> ops->clock_shift >= MOST_SLOTS) ops->clock_shift++;
    ops->clock_slots = (last >> ops->clock_shift) + 1;
    ops->clock_ms = zt_memory_alloc(ops->clock_slots * sizeof(*ops->clock_ms));
    if (ops->clock_ms) {
        ops_pace(ops, 0);
        return 0;
    }
    snprintf(error->text, sizeof(error->text), "%.300s: out of memory", path);
    return -1;
}

/* A larger average than this is not believed. */
static uint32_t recording_ns(uint64_t ns) { return ns <= 100000 ? (uint32_t)ns : 0; }

/* "from SECONDS s", in ms. */
static uint32_t background_ms(const char *note) {
    const char from[] = "from ";
    char *end;
    if (!note || strncmp(note, from, strlen(from)) != 0) return OPS_NEVER;
    const double ms = strtod(note + strlen(from), &end) * 1000;
    const bool known = end != note + strlen(from) && ms >= 0 && ms < (double)OPS_LAST_MS;
    return known ? (uint32_t)ms : OPS_NEVER;
}

int ops_read(struct ops *ops, const char *path, uint64_t max_bytes, struct zt_error *error) {
    memset(ops, 0, sizeof(*ops));
    struct zt_reader *reader = zt_reader_open(path, error);
    if (!reader) return -1;
    struct live live = {.capacity = FIRST_OPS};
    live.block = zt_memory_alloc(live.capacity * sizeof(*live.block));
    ops->op = zt_memory_alloc(FIRST_OPS * sizeof(*ops->op));
    ops->touch = zt_memory_alloc(FIRST_TOUCHES * sizeof(*ops->touch));
    ops->ended = zt_memory_alloc(OPS_THREADS * sizeof(*ops->ended));
    int result = -1;
    if (live.block && ops->op && ops->touch && ops->ended) {
        result = read_all(ops, reader, &live, max_bytes, error, path);
        if (result == 0) count_untold(ops, &live);
    } else {
        snprintf(error->text, sizeof(error->text), "%.300s: out of memory", path);
    }
    const char *note = zt_reader_note(reader, "program");
    snprintf(ops->program, sizeof(ops->program), "%s", note ? note : "an unnamed program");
    gaps_read(reader, ops->gaps);
    gaps_count(reader, &ops->lost, &ops->unseen);
    ops->threads = zt_reader_threads(reader);
    note = zt_reader_note(reader, "allocator");
    snprintf(ops->allocator, sizeof(ops->allocator), "%s", note ? note : "");
    note = zt_reader_note(reader, "recording-ns");
    if (note) ops->recording_ns = recording_ns(strtoul(note, NULL, 10));
    ops->background_ms = background_ms(zt_reader_note(reader, "background-thread"));
    if (result == 0) result = take_samples(ops, reader, error, path);
    if (result == 0) result = begin_clock(ops, error, path);
    count_elsewhere(ops);
    ops->truncated = zt_reader_truncated(reader);
    ops->whole = zt_reader_offset(reader);
    zt_memory_free(live.block);
    zt_reader_close(reader);
    return result;
}

void ops_free(struct ops *ops) {
    zt_memory_free(ops->op);
    zt_memory_free(ops->touch);
    zt_memory_free(ops->ended);
    zt_memory_free(ops->sample);
    zt_memory_free(ops->clock_ms);
}
