#include "tools/zreplay/call_stacks.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common/cli.h"
#include "tools/common/notes.h"
#include "tools/common/profile.h"
#include "tools/common/stack_text.h"
#include "tools/common/stacks.h"
#include "tools/common/symbols.h"
#include "tools/trace/memory.h"

enum { FIRST_OBJECTS = 65536, TOP = 10, SHOWN_FRAMES = 8 };

struct call_stacks {
    struct profile profile;
    struct stacks stacks;
    struct notes notes;
    uint64_t samples;
    double variance[FIGURES]; /* of the sums of LIVE and ALLOCATED */
};

/* A block whose stack is known. */
struct held {
    uint64_t size;
    uint32_t stack; /* + 1; 0: not known, or free */
};

/* What the blocks of a stack are likely to be, as each stands for others. */
struct sum {
    double live, live_blocks, allocated, allocated_blocks;
    double peak, peak_blocks;
};

struct reading {
    struct zt_reader *reader;
    const char *path;
    struct zt_error *error;
    struct held *held; /* by object */
    size_t capacity;
    struct sum *sum; /* by stack */
    uint64_t calls, peak, samples;
    uint64_t rate;
    double live_variance, peak_variance, allocated_variance; /* of the sums over all stacks */
};

static int out_of_memory(struct reading *reading) {
    snprintf(reading->error->text, sizeof(reading->error->text), "%.300s: out of memory",
             reading->path);
    return -1;
}

/* For how many blocks one of this size stands.  A block of no bytes counts as one byte. */
static double weight(const struct reading *reading, uint64_t size) {
    if (reading->rate <= 1) return 1;
    return 1 / -expm1(-(double)(size ? size : 1) / (double)reading->rate);
}

/* What such a block adds to the variance of a sum of bytes: nothing if all such have a stack. */
static double variance(double blocks, uint64_t size) {
    return (double)size * (double)size * blocks * (blocks - 1);
}

static void leave(struct reading *reading, struct held *held) {
    if (!held->stack) return;
    const double blocks = weight(reading, held->size);
    struct sum *sum = &reading->sum[held->stack - 1];
    sum->live -= blocks * (double)held->size;
    sum->live_blocks -= blocks;
    reading->live_variance -= variance(blocks, held->size);
    held->stack = 0;
}

static void enter(struct reading *reading, struct held *held, const struct zt_event *event) {
    if (!event->stack) return;
    const double blocks = weight(reading, event->size), bytes = blocks * (double)event->size;
    struct sum *sum = &reading->sum[event->stack - 1];
    *held = (struct held){event->size, event->stack};
    sum->live += bytes;
    sum->live_blocks += blocks;
    sum->allocated += bytes;
    sum->allocated_blocks += blocks;
    reading->live_variance += variance(blocks, event->size);
    reading->allocated_variance += variance(blocks, event->size);
    reading->samples++;
}

static void note_peak(struct reading *reading) {
    reading->peak_variance = reading->live_variance;
    for (uint32_t i = 0; i < ZT_MAX_STACKS; i++) {
        struct sum *sum = &reading->sum[i];
        sum->peak = sum->live;
        sum->peak_blocks = sum->live_blocks;
    }
}

/* A realloc ends a block and begins another. */
static int follow(struct reading *reading, const struct zt_event *event) {
    if (event->op >= ZT_OPS) return 0;
    while (event->object >= reading->capacity) {
        void *larger =
            zt_memory_grow(reading->held, 2 * reading->capacity * sizeof(*reading->held));
        if (!larger) return out_of_memory(reading);
        reading->held = larger;
        reading->capacity *= 2;
    }
    struct held *held = &reading->held[event->object];
    leave(reading, held);
    if (event->op != ZT_FREE) enter(reading, held, event);
    if (++reading->calls == reading->peak) note_peak(reading);
    return 0;
}

static int read_events(struct reading *reading) {
    struct zt_event event;
    int got, result = 0;
    while (result == 0 && (got = zt_read(reading->reader, &event)) > 0) {
        result = follow(reading, &event);
    }
    return result == 0 ? got : result;
}

/* ---- The profile ------------------------------------------------------------ */

/* Copies the modules' names; false without memory. */
static bool take_modules(const struct zt_stacks *from, struct profile *profile) {
    size_t size = 1;
    for (uint32_t i = 0; i < from->modules; i++) {
        size += strlen(from->module[i].path) + strlen(from->module[i].build_id) + 2;
    }
    profile->mappings = calloc(from->modules + 1, sizeof(*profile->mappings));
    char *at = profile->text = malloc(size);
    if (!profile->mappings || !at) return false;
    for (uint32_t i = 0; i < from->modules; i++) {
        struct mapping *mapping = &profile->mappings[i];
        mapping->limit = UINT64_MAX;
        mapping->file = at;
        at = stpcpy(at, from->module[i].path) + 1;
        mapping->build_id = at;
        at = stpcpy(at, from->module[i].build_id) + 1;
    }
    profile->mapping_count = from->modules;
    return true;
}

/* A location's address is the offset in its file. */
static bool take_frames(const struct zt_stacks *from, struct profile *profile) {
    profile->locations = calloc(from->frames + 1, sizeof(*profile->locations));
    profile->indices = malloc((from->frames_of + 1) * sizeof(*profile->indices));
    if (!profile->locations || !profile->indices) return false;
    memcpy(profile->indices, from->frame_of, from->frames_of * sizeof(*profile->indices));
    for (uint32_t i = 0; i < from->frames; i++) {
        const struct zt_frame *frame = &from->frame[i];
        struct location *location = &profile->locations[i];
        location->address = frame->offset;
        if (frame->module != ZT_NO_MODULE) location->mapping = &profile->mappings[frame->module];
    }
    profile->location_count = from->frames;
    return true;
}

static bool take_samples(const struct reading *reading, const struct zt_stacks *from,
                         struct profile *profile) {
    profile->samples = calloc(from->stacks + 1, sizeof(*profile->samples));
    if (!profile->samples) return false;
    for (uint32_t i = 0; i < from->stacks; i++) {
        const struct sum *sum = &reading->sum[i];
        struct sample *sample = &profile->samples[profile->sample_count++];
        sample->locations = profile->indices + from->stack[i].first;
        sample->depth = from->stack[i].depth;
        sample->figures[LIVE] = (int64_t)(sum->peak + 0.5);
        sample->figures[LIVE_BLOCKS] = (int64_t)(sum->peak_blocks + 0.5);
        sample->figures[ALLOCATED] = (int64_t)(sum->allocated + 0.5);
        sample->figures[ALLOCATED_BLOCKS] = (int64_t)(sum->allocated_blocks + 0.5);
    }
    return true;
}

/* Notes what the figures lack. */
static void take_notes(struct zt_reader *reader, struct notes *notes) {
    const char *lost = zt_reader_note(reader, "lost-stacks");
    if (lost)
        notes_add(notes, "%s sampled allocations are not here: there were too many stacks", lost);
    if (zt_reader_truncated(reader)) notes_add(notes, "the trace is truncated: it has no stacks");
}

static bool make_stacks(const struct reading *reading, struct call_stacks *stacks) {
    static const struct zt_stacks none;
    const struct zt_stacks *from = zt_reader_stacks(reading->reader);
    struct profile *profile = &stacks->profile;
    if (!from) from = &none;
    profile->rate = from->rate;
    stacks->samples = reading->samples;
    stacks->variance[LIVE] = reading->peak_variance;
    stacks->variance[ALLOCATED] = reading->allocated_variance;
    take_notes(reading->reader, &stacks->notes);
    return take_modules(from, profile) && take_frames(from, profile) &&
           take_samples(reading, from, profile) && symbols_find(profile, "", &stacks->notes) &&
           stacks_make(profile, NULL, false, &stacks->stacks);
}

struct call_stacks *call_stacks_read(const char *path, uint64_t peak, uint64_t rate,
                                     struct zt_error *error) {
    struct reading reading = {
        .path = path, .error = error, .capacity = FIRST_OBJECTS, .peak = peak, .rate = rate};
    struct call_stacks *stacks = calloc(1, sizeof(*stacks));
    reading.held = zt_memory_alloc(FIRST_OBJECTS * sizeof(*reading.held));
    reading.sum = zt_memory_alloc(ZT_MAX_STACKS * sizeof(*reading.sum));
    reading.reader = zt_reader_open(path, error);
    int result = reading.reader ? 0 : -1;
    if (result == 0 && (!stacks || !reading.held || !reading.sum)) result = out_of_memory(&reading);
    if (result == 0) result = read_events(&reading);
    if (result == 0 && !make_stacks(&reading, stacks)) result = out_of_memory(&reading);
    zt_reader_close(reading.reader);
    zt_memory_free(reading.held);
    zt_memory_free(reading.sum);
    if (result == 0) {
        stacks_sort(&stacks->stacks, LIVE, false);
        return stacks;
    }
    call_stacks_free(stacks);
    return NULL;
}

void call_stacks_free(struct call_stacks *stacks) {
    if (!stacks) return;
    stacks_free(&stacks->stacks);
    profile_free(&stacks->profile);
    notes_free(&stacks->notes);
    free(stacks);
}

/* ---- Reports ------------------------------------------------------------------ */

/* The part of a sum that two of three estimates are within. */
static double error_of(const struct call_stacks *stacks, enum figure figure) {
    const double bytes = (double)stacks->stacks.now[figure];
    return bytes > 0 && stacks->variance[figure] > 0 ? sqrt(stacks->variance[figure]) / bytes : 0;
}

static void print_top(const struct call_stacks *stacks, enum figure figure, const char *title) {
    const enum figure blocks = figure == LIVE ? LIVE_BLOCKS : ALLOCATED_BLOCKS;
    const int64_t all = stacks->stacks.now[figure];
    char text[STACK_BYTES_TEXT];
    printf("\n%s: about %s", title, stack_bytes(all, false, text));
    const double error = error_of(stacks, figure);
    if (error > 0) printf(" (+-%.0f %%)", ceil(100 * error));
    printf("\n");
    for (size_t i = 0; i < stacks->stacks.count && i < TOP; i++) {
        const struct stack *stack = &stacks->stacks.at[i];
        if (stack->now[figure] == 0) break;
        printf("%12s%6.1f %%%12" PRId64 "  ", stack_bytes(stack->now[figure], false, text),
               100 * (double)stack->now[figure] / (double)all, stack->now[blocks]);
        stack_print(stack, 34, SHOWN_FRAMES);
    }
}

void call_stacks_text(const struct call_stacks *stacks) {
    struct stacks by_allocated = stacks->stacks;
    char text[STACK_BYTES_TEXT];
    printf("\ncall stacks of %" PRIu64 " allocations, one in %s on average: bytes, share, blocks\n",
           stacks->samples, stack_bytes((int64_t)stacks->profile.rate, false, text));
    print_top(stacks, LIVE, "live at the peak");
    stacks_sort(&by_allocated, ALLOCATED, false);
    print_top(stacks, ALLOCATED, "allocated, reallocs included");
    stacks_sort(&by_allocated, LIVE, false); /* they are the same stacks */
    for (size_t i = 0; i < stacks->notes.count; i++) {
        stack_print_line(i == 0 ? "\nnote: " : "note: ", stacks->notes.at[i]);
        putchar('\n');
    }
}

void call_stacks_json(const struct call_stacks *stacks) {
    printf("{\n  \"rate\": %" PRIu64 ",\n  \"samples\": %" PRIu64 ",\n  \"live_error\": %.6f,\n  ",
           stacks->profile.rate, stacks->samples, error_of(stacks, LIVE));
    stack_json_figures(stdout, "now", stacks->stacks.now);
    printf(",\n  \"notes\": [");
    for (size_t i = 0; i < stacks->notes.count; i++) {
        printf("%s", i ? ", " : "");
        cli_json_string(stacks->notes.at[i]);
    }
    printf("],\n");
    stack_json(stdout, &stacks->stacks, stacks->stacks.count, false);
    printf("}");
}
