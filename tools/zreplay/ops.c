#include "tools/zreplay/ops.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/trace/memory.h"

#define FIRST_OPS 65536

/* Sizes of the live objects, and their sums. */
struct live {
    uint64_t *size;
    size_t capacity;
    uint64_t bytes;
    uint64_t blocks;
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

/* Accounts for one event. */
static int follow(struct live *live, const struct zt_event *event) {
    void *size = live->size;
    if (grow(&size, &live->capacity, sizeof(*live->size), (size_t)event->object + 1) != 0) {
        return -1;
    }
    live->size = size;
    uint64_t *block = &live->size[event->object];
    if (event->op == ZT_FREE || event->op == ZT_REALLOC) live->bytes -= *block;
    if (event->op == ZT_FREE) {
        live->blocks--;
        return 0;
    }
    if (event->op != ZT_REALLOC) live->blocks++;
    *block = event->size;
    live->bytes += event->size;
    return 0;
}

static void note_peak(struct ops *ops, const struct live *live, const struct zt_event *event) {
    if (live->bytes > ops->peak_bytes) {
        ops->peak_bytes = live->bytes;
        ops->peak = ops->count;
    }
    if (live->blocks > ops->peak_blocks) ops->peak_blocks = live->blocks;
    if (event->object >= ops->objects) ops->objects = event->object + 1;
}

static int append(struct ops *ops, size_t *capacity, const struct zt_event *event) {
    void *array = ops->op;
    if (grow(&array, capacity, sizeof(*ops->op), ops->count + 1) != 0) return -1;
    ops->op = array;
    ops->op[ops->count++] = (struct op){
        .size = event->size,
        .object = event->object,
        .op = event->op,
        .align_log2 = event->align_log2,
    };
    return 0;
}

static int read_all(struct ops *ops, struct zt_reader *reader, struct live *live,
                    uint64_t max_bytes, struct zt_error *error, const char *path) {
    struct zt_event event;
    size_t capacity = FIRST_OPS;
    int got;
    while ((got = zt_read(reader, &event)) > 0) {
        if ((ops->count + 1) * sizeof(*ops->op) > max_bytes) {
            snprintf(error->text, sizeof(error->text),
                     "%.300s: more than %zu events; this machine's memory has room for no more",
                     path, ops->count);
            return -1;
        }
        if (follow(live, &event) != 0) break;
        note_peak(ops, live, &event);
        if (append(ops, &capacity, &event) != 0) break;
        ops->end_bytes = live->bytes;
    }
    if (got > 0) snprintf(error->text, sizeof(error->text), "%.300s: out of memory", path);
    return got == 0 ? 0 : -1;
}

int ops_read(struct ops *ops, const char *path, uint64_t max_bytes, struct zt_error *error) {
    memset(ops, 0, sizeof(*ops));
    struct zt_reader *reader = zt_reader_open(path, error);
    if (!reader) return -1;
    struct live live = {.capacity = FIRST_OPS};
    live.size = zt_memory_alloc(live.capacity * sizeof(*live.size));
    ops->op = zt_memory_alloc(FIRST_OPS * sizeof(*ops->op));
    int result = -1;
    if (live.size && ops->op) {
        result = read_all(ops, reader, &live, max_bytes, error, path);
    } else {
        snprintf(error->text, sizeof(error->text), "%.300s: out of memory", path);
    }
    const char *program = zt_reader_note(reader, "program");
    snprintf(ops->program, sizeof(ops->program), "%s", program ? program : "an unnamed program");
    ops->threads = zt_reader_threads(reader);
    ops->truncated = zt_reader_truncated(reader);
    ops->whole = zt_reader_offset(reader);
    zt_memory_free(live.size);
    zt_reader_close(reader);
    return result;
}

void ops_free(struct ops *ops) { zt_memory_free(ops->op); }
