#include "tools/trace/stacks.h"

#include <string.h>

#include "tools/trace/format.h"
#include "tools/trace/memory.h"

enum { VARINT = 10 }; /* bytes at most */

size_t zt_stacks_width(const struct zt_stacks *stacks) {
    size_t size = (size_t)VARINT * (4 + 2 * (size_t)stacks->modules + 2 * (size_t)stacks->frames +
                                    stacks->stacks + stacks->frames_of);
    for (uint32_t i = 0; i < stacks->modules; i++) {
        size += strlen(stacks->module[i].path) + strlen(stacks->module[i].build_id);
    }
    return size;
}

static uint8_t *put_text(uint8_t *to, const char *text) {
    const size_t size = strlen(text);
    to = zt_put_varint(to, size);
    memcpy(to, text, size); /* NOLINT: no string, bytes of a file */
    return to + size;
}

size_t zt_pack_stacks(uint8_t *to, const struct zt_stacks *stacks) {
    uint8_t *at = zt_put_varint(to, stacks->rate);
    at = zt_put_varint(at, stacks->modules);
    at = zt_put_varint(at, stacks->frames);
    at = zt_put_varint(at, stacks->frames_of);
    for (uint32_t i = 0; i < stacks->modules; i++) {
        at = put_text(at, stacks->module[i].path);
        at = put_text(at, stacks->module[i].build_id);
    }
    for (uint32_t i = 0; i < stacks->frames; i++) {
        const struct zt_frame *frame = &stacks->frame[i];
        at = zt_put_varint(at, frame->module == ZT_NO_MODULE ? 0 : UINT64_C(1) + frame->module);
        at = zt_put_varint(at, frame->offset);
    }
    for (uint32_t i = 0; i < stacks->stacks; i++) {
        const struct zt_stack *stack = &stacks->stack[i];
        at = zt_put_varint(at, stack->depth);
        for (uint32_t f = 0; f < stack->depth; f++) {
            at = zt_put_varint(at, stacks->frame_of[stack->first + f]);
        }
    }
    return (size_t)(at - to);
}

struct bytes {
    const uint8_t *at, *end;
};

/* A number up to `most`; false when there is none. */
static bool take(struct bytes *bytes, uint64_t most, uint64_t *number) {
    return zt_get_varint(&bytes->at, bytes->end, number) == 0 && *number <= most;
}

/* Copies a text to *to, printable as notes are, and moves on. */
static bool take_text(struct bytes *bytes, char **to) {
    uint64_t size;
    if (!take(bytes, (uint64_t)(bytes->end - bytes->at), &size)) return false;
    if (size > (uint64_t)(bytes->end - bytes->at)) return false;
    for (uint64_t i = 0; i < size; i++) {
        const uint8_t byte = *bytes->at++;
        *(*to)++ = (char)(byte >= ' ' && byte < 127 ? byte : '?');
    }
    *(*to)++ = '\0';
    return true;
}

static bool take_modules(struct bytes *bytes, struct zt_stacks *stacks) {
    char *to = stacks->text;
    for (uint32_t i = 0; i < stacks->modules; i++) {
        stacks->module[i].path = to;
        if (!take_text(bytes, &to)) return false;
        stacks->module[i].build_id = to;
        if (!take_text(bytes, &to)) return false;
    }
    return true;
}

static bool take_frames(struct bytes *bytes, struct zt_stacks *stacks) {
    uint64_t module;
    for (uint32_t i = 0; i < stacks->frames; i++) {
        if (!take(bytes, stacks->modules, &module)) return false;
        if (!take(bytes, UINT64_MAX, &stacks->frame[i].offset)) return false;
        stacks->frame[i].module = module ? (uint32_t)module - 1 : ZT_NO_MODULE;
    }
    return true;
}

static bool take_stacks(struct bytes *bytes, struct zt_stacks *stacks) {
    uint64_t depth, frame;
    uint32_t used = 0;
    for (uint32_t i = 0; i < stacks->stacks; i++) {
        if (!take(bytes, ZT_MAX_DEPTH, &depth) || depth > stacks->frames_of - used) return false;
        stacks->stack[i] = (struct zt_stack){used, (uint32_t)depth};
        for (; depth > 0; depth--) {
            if (!take(bytes, UINT32_MAX, &frame) || frame >= stacks->frames) return false;
            stacks->frame_of[used++] = (uint32_t)frame;
        }
    }
    return used == stacks->frames_of;
}

static bool allocate(struct zt_stacks *stacks, size_t text) {
    stacks->module = zt_memory_alloc((stacks->modules + 1) * sizeof(*stacks->module));
    stacks->frame = zt_memory_alloc((stacks->frames + 1) * sizeof(*stacks->frame));
    stacks->frame_of = zt_memory_alloc((stacks->frames_of + 1) * sizeof(*stacks->frame_of));
    stacks->stack = zt_memory_alloc((stacks->stacks + 1) * sizeof(*stacks->stack));
    stacks->text = zt_memory_alloc(text);
    return stacks->module && stacks->frame && stacks->frame_of && stacks->stack && stacks->text;
}

const char *zt_unpack_stacks(const uint8_t *from, size_t size, uint32_t count,
                             struct zt_stacks *stacks) {
    static const char wrong[] = "a call stack is wrong";
    struct bytes bytes = {from, from + size};
    uint64_t modules, frames, frames_of;
    memset(stacks, 0, sizeof(*stacks));
    if (!take(&bytes, UINT64_MAX, &stacks->rate) || stacks->rate == 0) return wrong;
    /* Each of these takes a byte at least. */
    if (!take(&bytes, ZT_MAX_MODULES, &modules) || !take(&bytes, ZT_MAX_FRAMES, &frames) ||
        !take(&bytes, size, &frames_of) || frames > size) {
        return wrong;
    }
    stacks->modules = (uint32_t)modules;
    stacks->frames = (uint32_t)frames;
    stacks->frames_of = (uint32_t)frames_of;
    stacks->stacks = count;
    if (!allocate(stacks, size + 2 * modules + 1)) return "there is no memory for its call stacks";
    bool ok = take_modules(&bytes, stacks) && take_frames(&bytes, stacks) &&
              take_stacks(&bytes, stacks) && bytes.at == bytes.end;
    return ok ? NULL : wrong;
}

void zt_free_stacks(struct zt_stacks *stacks) {
    zt_memory_free(stacks->module);
    zt_memory_free(stacks->frame);
    zt_memory_free(stacks->frame_of);
    zt_memory_free(stacks->stack);
    zt_memory_free(stacks->text);
}
