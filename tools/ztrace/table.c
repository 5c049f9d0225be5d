#include "tools/ztrace/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/trace/memory.h"

/* Room for more is made when this is used. */
#define FIRST_ROOM 4096

/* The module of this file; one more where it is new. */
static uint32_t module_of(struct zt_stacks *stacks, const char *path, const char *build_id) {
    for (uint32_t i = 0; i < stacks->modules; i++) {
        if (strcmp(stacks->module[i].path, path) == 0 &&
            strcmp(stacks->module[i].build_id, build_id) == 0)
            return i;
    }
    if (stacks->modules == ZT_MAX_MODULES) return ZT_NO_MODULE;
    stacks->module[stacks->modules] = (struct zt_module){path, build_id};
    return stacks->modules++;
}

/* Takes a line apart, in place; false when it is none of stack.c's. */
static bool take_line(struct table *table, char *line) {
    struct segment segment;
    char *at = line;
    segment.image = (uint32_t)strtoul(at, &at, 10);
    segment.start = strtoull(at, &at, 16);
    segment.limit = strtoull(at, &at, 16);
    segment.offset = strtoull(at, &at, 16);
    if (*at != ' ') return false;
    char *id = at + 1, *path = strchr(id, ' ');
    if (!path) return false;
    *path++ = '\0';
    if (strcmp(id, "-") == 0) *id = '\0';
    segment.module = module_of(&table->stacks, path, id);
    table->segment[table->segments++] = segment;
    return true;
}

static void take_lines(struct table *table) {
    for (char *line = table->stacks.text; *line;) {
        char *end = strchr(line, '\n');
        if (!end) return;
        *end = '\0';
        (void)take_line(table, line);
        line = end + 1;
    }
}

int table_init(struct table *table, const struct raw_header *header) {
    struct zt_stacks *stacks = &table->stacks;
    uint32_t size = header->modules_size;
    *table = (struct table){.image = 1};
    if (size > sizeof(header->modules)) size = sizeof(header->modules);
    stacks->rate = header->stack_rate;
    stacks->text = zt_memory_alloc((size_t)size + 1);
    stacks->module = zt_memory_alloc(ZT_MAX_MODULES * sizeof(*stacks->module));
    stacks->stack = zt_memory_alloc(ZT_MAX_STACKS * sizeof(*stacks->stack));
    stacks->frame = zt_memory_alloc(FIRST_ROOM * sizeof(*stacks->frame));
    stacks->frame_of = zt_memory_alloc(FIRST_ROOM * sizeof(*stacks->frame_of));
    table->segment = zt_memory_alloc(((size_t)size / 8 + 1) * sizeof(*table->segment));
    table->number = zt_memory_alloc(RAW_MAX_STACKS * sizeof(*table->number));
    table->frame_room = table->frame_of_room = FIRST_ROOM;
    if (!stacks->text || !stacks->module || !stacks->stack || !stacks->frame || !stacks->frame_of ||
        !table->segment || !table->number || zt_map_init(&table->frame) != 0)
        return -1;
    memcpy(stacks->text, header->modules, size);
    take_lines(table);
    return 0;
}

void table_free(struct table *table) {
    struct zt_stacks *stacks = &table->stacks;
    zt_memory_free(stacks->text);
    zt_memory_free(stacks->module);
    zt_memory_free(stacks->stack);
    zt_memory_free(stacks->frame);
    zt_memory_free(stacks->frame_of);
    zt_memory_free(table->segment);
    zt_memory_free(table->number);
    zt_map_free(&table->frame);
}

int table_next_image(struct table *table) {
    table->image++;
    memset(table->number, 0, RAW_MAX_STACKS * sizeof(*table->number));
    zt_map_free(&table->frame);
    return zt_map_init(&table->frame);
}

/* Makes room for one element more.  0 or -1. */
static int make_room(void **buffer, size_t *room, size_t used, size_t size) {
    if (used < *room) return 0;
    void *larger = zt_memory_grow(*buffer, 2 * *room * size);
    if (!larger) return -1;
    *buffer = larger;
    *room *= 2;
    return 0;
}

static struct zt_frame place_of(const struct table *table, uint64_t address) {
    for (uint32_t i = 0; i < table->segments; i++) {
        const struct segment *one = &table->segment[i];
        if (one->image != table->image || address < one->start || address >= one->limit) continue;
        return (struct zt_frame){address - one->start + one->offset, one->module};
    }
    return (struct zt_frame){address, ZT_NO_MODULE};
}

/* The number of a frame; -1 without memory. */
static int64_t frame_of(struct table *table, uint64_t address) {
    struct zt_stacks *stacks = &table->stacks;
    uint32_t number;
    if (zt_map_find(&table->frame, address, &number)) return number;
    if (make_room((void **)&stacks->frame, &table->frame_room, stacks->frames,
                  sizeof(*stacks->frame)) != 0 ||
        zt_map_add(&table->frame, address, stacks->frames) != 0)
        return -1;
    stacks->frame[stacks->frames] = place_of(table, address);
    return stacks->frames++;
}

static int add_frames(struct table *table, struct zt_stack *stack, const uint64_t *frames,
                      unsigned depth) {
    struct zt_stacks *stacks = &table->stacks;
    if (stacks->frames + depth > ZT_MAX_FRAMES) return 0;
    stack->first = stacks->frames_of;
    for (unsigned i = 0; i < depth; i++) {
        int64_t frame = frame_of(table, frames[i]);
        if (frame < 0 || make_room((void **)&stacks->frame_of, &table->frame_of_room,
                                   stacks->frames_of, sizeof(*stacks->frame_of)) != 0)
            return -1;
        stacks->frame_of[stacks->frames_of++] = (uint32_t)frame;
    }
    stack->depth = depth;
    return 0;
}

int64_t table_take(struct table *table, uint32_t number, const uint64_t *frames, unsigned depth) {
    struct zt_stacks *stacks = &table->stacks;
    uint32_t *known = &table->number[number];
    if (!*known) {
        if (stacks->stacks == ZT_MAX_STACKS) return 0;
        *known = ++stacks->stacks;
    }
    struct zt_stack *stack = &stacks->stack[*known - 1];
    /* Another thread may have used the stack before its frames came. */
    if (depth && !stack->depth && add_frames(table, stack, frames, depth) != 0) return -1;
    return *known;
}
