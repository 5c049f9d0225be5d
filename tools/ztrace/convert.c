/* Turns addresses into objects.  The recording may have gaps (a crash, a full disk, functions
 * that were not seen): convert() counts the records that do not fit, and the trace stays
 * consistent. */
#include "tools/ztrace/convert.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "tools/common/cli.h"
#include "tools/trace/format.h"
#include "tools/trace/map.h"
#include "tools/trace/memory.h"
#include "tools/ztrace/curve.h"
#include "tools/ztrace/header_notes.h"
#include "tools/ztrace/merge.h"
#include "tools/ztrace/table.h"

#define FIRST_OBJECTS 4096

struct thread {
    uint32_t number; /* in the trace, + 1; 0 before its first event */
    bool in_realloc;
    bool known; /* the block in realloc is */
    uint32_t object;
    uint64_t address;
    uint32_t stack;   /* of its next allocation; 0: none */
    unsigned depth;   /* frames that came so far */
    uint64_t *frames; /* of RAW_MAX_DEPTH; NULL before the first */
};

struct state {
    struct conversion *conversion;
    struct zt_error *error;
    struct zt_writer *writer;
    const struct raw_header *header;
    size_t size; /* of the raw file */
    uint32_t raw_threads;
    struct thread *threads;
    struct zt_map objects; /* by address */
    uint64_t *size_of;     /* by object: those requested; 0 when it is not live */
    size_t capacity;       /* of these */
    uint64_t live;         /* their sum */
    struct table table;    /* of call stacks */
    /* The record that is being converted. */
    struct thread *thread;
    uint64_t time;
    uint64_t address;
    uint64_t bytes;
    uint8_t op;
    uint8_t detail;
};

static int out_of_memory(struct state *state) {
    zt_fail(state->error, "%s: out of memory", state->conversion->raw_name);
    return -1;
}

/* Accounts for the bytes of the event's object. */
static int follow(struct state *state, const struct zt_event *event) {
    if (event->op >= ZT_OPS) return 0;
    while (event->object >= state->capacity) {
        size_t size = 2 * state->capacity * sizeof(*state->size_of);
        void *larger = zt_memory_grow(state->size_of, size);
        if (!larger) return out_of_memory(state);
        state->size_of = larger;
        state->capacity *= 2;
    }
    uint64_t *bytes = &state->size_of[event->object];
    state->live += event->size - *bytes;
    *bytes = event->size;
    if (state->live > state->conversion->peak) state->conversion->peak = state->live;
    return 0;
}

static int emit(struct state *state, enum zt_op op, uint32_t *object) {
    struct conversion *conversion = state->conversion;
    uint32_t *number = &state->thread->number;
    if (!*number && op < ZT_OPS) *number = ++conversion->threads;
    struct zt_event event = {
        .time = state->time,
        .size = op == ZT_FREE ? 0 : state->bytes,
        .object = *object,
        .thread = *number ? *number - 1 : 0, /* who looks at a block does not matter */
        .op = (uint8_t)op,
        .align_log2 = op == ZT_ALIGNED ? state->detail : 0,
        .stack = op <= ZT_REALLOC ? state->thread->stack : 0,
    };
    if (op <= ZT_REALLOC) state->thread->stack = 0;
    if (zt_write(state->writer, &event) != 0) return -1;
    *object = event.object;
    if (op < ZT_OPS) conversion->events++;
    return follow(state, &event);
}

/* From now on the address of this record is that of `object`. */
static int put_address(struct state *state, uint64_t address, uint32_t object) {
    uint32_t gone;
    if (zt_map_take(&state->objects, address, &gone)) {
        state->conversion->missed++;
        if (emit(state, ZT_FREE, &gone) != 0) return -1;
    }
    return zt_map_add(&state->objects, address, object) == 0 ? 0 : out_of_memory(state);
}

static int take_allocation(struct state *state, enum zt_op op) {
    uint32_t object = 0;
    if (emit(state, op, &object) != 0) return -1;
    return put_address(state, state->address, object);
}

/* How much of a block was touched.  Its address may by now be that of a smaller one, where the
 * recording has gaps. */
static int take_touched(struct state *state, uint32_t object) {
    if (state->size_of[object] < RAW_LARGE) return 0;
    if (state->bytes > state->size_of[object]) state->bytes = state->size_of[object];
    return emit(state, ZT_TOUCHED, &object);
}

static int take_look(struct state *state) {
    uint32_t object;
    if (!zt_map_find(&state->objects, state->address, &object)) return 0;
    return take_touched(state, object);
}

static int take_free(struct state *state) {
    uint32_t object;
    if (zt_map_take(&state->objects, state->address, &object)) {
        if (state->detail == RAW_LOOKED && take_touched(state, object) != 0) return -1;
        return emit(state, ZT_FREE, &object);
    }
    state->conversion->unknown++;
    return 0;
}

/* A realloc whose end was not recorded leaves its block's fate unknown. */
static int drop_realloc(struct state *state) {
    struct thread *thread = state->thread;
    bool drop = thread->in_realloc && thread->known;
    thread->in_realloc = false;
    if (!drop) return 0;
    state->conversion->missed++;
    return emit(state, ZT_FREE, &thread->object);
}

static int begin_realloc(struct state *state) {
    if (drop_realloc(state) != 0) return -1;
    struct thread *thread = state->thread;
    thread->in_realloc = true;
    thread->address = state->address;
    thread->known = zt_map_take(&state->objects, state->address, &thread->object);
    if (!thread->known || state->detail != RAW_LOOKED) return 0;
    return take_touched(state, thread->object);
}

static int end_realloc(struct state *state) {
    struct thread *thread = state->thread;
    bool known = thread->in_realloc && thread->known;
    thread->in_realloc = false;
    if (!known) {
        state->conversion->unknown++;
        return state->address ? take_allocation(state, ZT_MALLOC) : 0;
    }
    if (state->address) {
        if (emit(state, ZT_REALLOC, &thread->object) != 0) return -1;
        return put_address(state, state->address, thread->object);
    }
    if (state->detail == RAW_FREED) return emit(state, ZT_FREE, &thread->object);
    return put_address(state, thread->address, thread->object);
}

/* The process runs another program: all memory of the first one is gone. */
static int take_exec(struct state *state) {
    struct thread *own = state->thread;
    for (uint32_t i = 0; i < state->raw_threads; i++) {
        state->thread = &state->threads[i];
        if (drop_realloc(state) != 0) return -1;
    }
    state->thread = own;
    for (size_t i = 0; i <= state->objects.mask; i++) {
        if (!state->objects.entry[i].key) continue;
        if (emit(state, ZT_FREE, &state->objects.entry[i].value) != 0) return -1;
    }
    zt_map_free(&state->objects);
    if (zt_map_init(&state->objects) != 0) return out_of_memory(state);
    return state->header->stacks && table_next_image(&state->table) != 0 ? out_of_memory(state) : 0;
}

static int take_frame(struct state *state) {
    struct thread *thread = state->thread;
    if (!thread->frames) {
        thread->frames = zt_memory_alloc(RAW_MAX_DEPTH * sizeof(*thread->frames));
        if (!thread->frames) return out_of_memory(state);
    }
    if (thread->depth < RAW_MAX_DEPTH) thread->frames[thread->depth++] = state->address;
    return 0;
}

/* The stack of the thread's next allocation; without its frames where the recording has a gap. */
static int take_stack(struct state *state) {
    struct thread *thread = state->thread;
    const unsigned depth = state->detail == thread->depth ? thread->depth : 0;
    thread->depth = 0;
    if (!state->header->stacks || state->bytes >= RAW_MAX_STACKS) return 0;
    int64_t number = table_take(&state->table, (uint32_t)state->bytes, thread->frames, depth);
    if (number < 0) return out_of_memory(state);
    thread->stack = (uint32_t)number;
    return 0;
}

static int take_record(struct state *state) {
    uint32_t object = 0;
    switch (state->op) {
        case RAW_MALLOC:
            return take_allocation(state, ZT_MALLOC);
        case RAW_CALLOC:
            return take_allocation(state, ZT_CALLOC);
        case RAW_ALIGNED:
            return take_allocation(state, ZT_ALIGNED);
        case RAW_FREE:
            return take_free(state);
        case RAW_REALLOC_BEGIN:
            return begin_realloc(state);
        case RAW_REALLOC_END:
            return end_realloc(state);
        case RAW_TOUCHED:
            return take_look(state);
        case RAW_FRAME:
            return take_frame(state);
        case RAW_STACK:
            return take_stack(state);
        case RAW_THREAD_END:
            return state->thread->number ? emit(state, ZT_THREAD_END, &object) : 0;
        default:
            return take_exec(state);
    }
}

/* Decodes a record; false when no program of ours wrote it. */
static bool parse(struct state *state, const struct raw_record *record) {
    uint32_t thread = (uint32_t)(record->sequence & (RAW_MAX_THREADS - 1));
    uint64_t start = state->header->start_ns;
    if (thread >= state->raw_threads) return false;
    state->thread = &state->threads[thread];
    state->time = record->time_ns > start ? record->time_ns - start : 0;
    state->address = record->address;
    state->bytes = record->size_op >> 16;
    state->detail = (uint8_t)(record->size_op >> 8);
    state->op = (uint8_t)record->size_op;
    if (state->address == UINT64_MAX || state->detail > RAW_MAX_DEPTH) return false;
    if (state->op == RAW_ALIGNED && state->detail > ZT_MAX_ALIGN_LOG2) return false;
    return state->op < RAW_OPS;
}

/* Called every now and then; returns -1 to end the conversion. */
static int report_progress(struct state *state, uint64_t done) {
    uint64_t all = state->header->sequence;
    if (state->conversion->interrupted()) {
        zt_fail(state->error, "%s: interrupted", state->conversion->out_name);
        return -1;
    }
    if (state->conversion->progress && done <= all) {
        cli_progress("ztrace", "writing the trace: %" PRIu64 " %%", done * 100 / all);
    }
    return 0;
}

static int take_all(struct state *state) {
    struct merge merge;
    const char *chunks = (const char *)state->header + RAW_BEGIN_SIZE;
    const struct raw_record *record;
    if (merge_init(&merge, chunks, state->size - RAW_BEGIN_SIZE) != 0) {
        return out_of_memory(state);
    }
    uint64_t done = 0;
    int result = 0;
    while (result == 0 && (record = merge_next(&merge)) != NULL) {
        if (parse(state, record)) {
            result = take_record(state);
        } else {
            state->conversion->damaged++;
        }
        if (result == 0 && ++done % 65536 == 0) result = report_progress(state, done);
    }
    if (state->conversion->progress) cli_progress("ztrace", NULL);
    state->conversion->damaged += merge.damaged;
    merge_free(&merge);
    return result;
}

/* ztrace may have been killed while it changed the samples: those after a later one are left out.
 */
static int take_samples(struct state *state) {
    struct conversion *conversion = state->conversion;
    const struct zt_sample *raw =
        (const struct zt_sample *)((const char *)state->header + RAW_HEADER_SIZE);
    uint32_t count = state->header->samples, kept = 0;
    if (count > RAW_MAX_SAMPLES) count = RAW_MAX_SAMPLES;
    struct zt_sample *samples = zt_memory_alloc((count + 1) * sizeof(*samples));
    if (!samples) return out_of_memory(state);
    for (uint32_t i = 0; i < count; i++) {
        if (kept && !zt_sample_follows(&samples[kept - 1], &raw[i])) continue;
        samples[kept++] = raw[i];
    }
    for (uint32_t i = 0; i < kept; i++) {
        if (samples[i].rss_anon > conversion->rss_anon) conversion->rss_anon = samples[i].rss_anon;
        conversion->cpu_ns = samples[i].cpu;
    }
    conversion->has_samples = kept > 0;
    int result = kept ? zt_writer_samples(state->writer, samples, kept) : 0;
    zt_memory_free(samples);
    return result;
}

static int write_trace(struct state *state) {
    if (header_notes_begin(state->writer, state->header) != 0) return -1;
    if (take_samples(state) != 0 || take_all(state) != 0) return -1;
    if (state->table.stacks.stacks && zt_writer_stacks(state->writer, &state->table.stacks) != 0)
        return -1;
    return header_notes_end(state->writer, state->header, state->conversion);
}

static int convert_mapped(struct state *state) {
    struct zt_options options = {.tick_ns = state->conversion->tick_ns,
                                 .stacks = state->header->stacks != 0};
    state->raw_threads = state->header->threads;
    if (state->raw_threads > RAW_MAX_THREADS) state->raw_threads = RAW_MAX_THREADS;
    state->threads = zt_memory_alloc((state->raw_threads + 1) * sizeof(*state->threads));
    state->capacity = FIRST_OBJECTS;
    state->size_of = zt_memory_alloc(FIRST_OBJECTS * sizeof(*state->size_of));
    if (!state->threads || !state->size_of || zt_map_init(&state->objects) != 0) {
        return out_of_memory(state);
    }
    if (state->header->stacks && table_init(&state->table, state->header) != 0) {
        return out_of_memory(state);
    }
    state->writer = zt_writer_open(state->conversion->out_fd, state->conversion->out_name, &options,
                                   state->error);
    if (!state->writer) return -1;
    int result = write_trace(state);
    /* After a failure, closing only frees. */
    if (result != 0) zt_fail(state->error, "%s: cannot be written", state->conversion->out_name);
    return zt_writer_close(state->writer) == 0 ? result : -1;
}

int convert(struct conversion *conversion, struct zt_error *error) {
    struct state state = {.conversion = conversion, .error = error};
    struct stat stat;
    error->text[0] = '\0';
    if (fstat(conversion->raw_fd, &stat) != 0 || stat.st_size < RAW_BEGIN_SIZE) {
        zt_fail(error, "%s: not a raw recording of ztrace", conversion->raw_name);
        return -1;
    }
    state.size = (size_t)stat.st_size;
    void *raw = mmap(NULL, state.size, PROT_READ, MAP_SHARED, conversion->raw_fd, 0);
    if (raw == MAP_FAILED) {
        zt_fail(error, "%s: %s", conversion->raw_name, strerror(errno));
        return -1;
    }
    state.header = raw;
    int result = -1;
    if (state.header->magic == RAW_MAGIC) {
        result = convert_mapped(&state);
    } else {
        zt_fail(error, "%s: not a raw recording of ztrace", conversion->raw_name);
    }
    zt_map_free(&state.objects);
    table_free(&state.table);
    for (uint32_t i = 0; state.threads && i < state.raw_threads; i++) {
        zt_memory_free(state.threads[i].frames);
    }
    zt_memory_free(state.size_of);
    zt_memory_free(state.threads);
    munmap(raw, state.size);
    return result;
}
