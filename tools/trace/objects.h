/* The numbers of live objects: reader and writer give out the same ones. */
#ifndef TOOLS_TRACE_OBJECTS_H_
#define TOOLS_TRACE_OBJECTS_H_

#include <stdbool.h>
#include <stdint.h>

#include "tools/trace/memory.h"
#include "tools/trace/trace.h"

#define ZT_OBJECT_FREE (UINT64_C(1) << 63)

struct zt_objects {
    uint64_t *birth; /* of a live object; of a free number the next free one | ZT_OBJECT_FREE */
    uint32_t capacity;
    uint32_t used;  /* numbers ever given out */
    uint32_t free;  /* the number freed last, when there is one */
    uint32_t frees; /* how many free numbers there are */
};

/* 0, or -1 without memory.  Objects of all zeros may be freed. */
static inline int zt_objects_init(struct zt_objects *objects) {
    objects->capacity = 4096;
    objects->birth = zt_memory_alloc(objects->capacity * sizeof(*objects->birth));
    return objects->birth ? 0 : -1;
}

/* Whether all numbers are given out. */
static inline bool zt_objects_full(const struct zt_objects *objects) {
    return !objects->frees && objects->used == ZT_MAX_LIVE;
}

/* Gives out a number: 0, or -1 when there is none or no memory. */
static inline int zt_objects_new(struct zt_objects *objects, uint64_t birth, uint32_t *object) {
    if (objects->frees) {
        *object = objects->free;
        objects->free = (uint32_t)objects->birth[*object];
        objects->frees--;
    } else {
        if (zt_objects_full(objects)) return -1;
        if (objects->used == objects->capacity) {
            void *larger = zt_memory_grow(objects->birth,
                                          2 * (size_t)objects->capacity * sizeof(*objects->birth));
            if (!larger) return -1;
            objects->birth = larger;
            objects->capacity *= 2;
        }
        *object = objects->used++;
    }
    objects->birth[*object] = birth;
    return 0;
}

static inline bool zt_objects_live(const struct zt_objects *objects, uint32_t object) {
    return object < objects->used && !(objects->birth[object] & ZT_OBJECT_FREE);
}

static inline void zt_objects_end(struct zt_objects *objects, uint32_t object) {
    objects->birth[object] = ZT_OBJECT_FREE | objects->free;
    objects->free = object;
    objects->frees++;
}

#endif /* TOOLS_TRACE_OBJECTS_H_ */
