/* A hash map from 64-bit to 32-bit numbers, in memory of its own. */
#ifndef TOOLS_TRACE_MAP_H_
#define TOOLS_TRACE_MAP_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zt_map_entry {
    uint64_t key; /* + 1, so that 0 is a free entry */
    uint32_t value;
};

struct zt_map {
    struct zt_map_entry *entry;
    size_t mask;  /* number of entries - 1 */
    size_t count; /* of those in use */
};

/* 0, or -1 without memory.  A map of all zeros may be freed. */
int zt_map_init(struct zt_map *map);
void zt_map_free(struct zt_map *map);

/* Adds a key below UINT64_MAX that is not in the map.  0, or -1 without memory. */
int zt_map_add(struct zt_map *map, uint64_t key, uint32_t value);

/* Looks a key up; false when it is not in the map. */
bool zt_map_find(const struct zt_map *map, uint64_t key, uint32_t *value);

/* Takes a key out; false when it is not in the map. */
bool zt_map_take(struct zt_map *map, uint64_t key, uint32_t *value);

#endif /* TOOLS_TRACE_MAP_H_ */
