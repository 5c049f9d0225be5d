/* Open addressing with linear probing; a removal moves later entries up, so
 * that there are no tombstones. */
#include "tools/trace/map.h"

#include <string.h>

#include "tools/trace/memory.h"

#define FIRST_ENTRIES 4096

static size_t home(const struct zt_map *map, uint64_t key) {
    /* The upper half of the product depends on all bits of the key. */
    return (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & map->mask;
}

int zt_map_init(struct zt_map *map) {
    map->entry = zt_memory_alloc(FIRST_ENTRIES * sizeof(*map->entry));
    map->mask = FIRST_ENTRIES - 1;
    map->count = 0;
    return map->entry ? 0 : -1;
}

void zt_map_free(struct zt_map *map) {
    zt_memory_free(map->entry);
    map->entry = NULL;
}

static void insert(struct zt_map *map, uint64_t stored_key, uint32_t value) {
    size_t i = home(map, stored_key);
    while (map->entry[i].key) i = (i + 1) & map->mask;
    map->entry[i].key = stored_key;
    map->entry[i].value = value;
}

static int grow(struct zt_map *map) {
    struct zt_map larger = {.mask = map->mask * 2 + 1, .count = map->count};
    larger.entry = zt_memory_alloc((larger.mask + 1) * sizeof(*larger.entry));
    if (!larger.entry) return -1;
    for (size_t i = 0; i <= map->mask; i++) {
        if (map->entry[i].key) insert(&larger, map->entry[i].key, map->entry[i].value);
    }
    zt_map_free(map);
    *map = larger;
    return 0;
}

int zt_map_add(struct zt_map *map, uint64_t key, uint32_t value) {
    if (map->count >= map->mask / 4 * 3 && grow(map) != 0) return -1;
    insert(map, key + 1, value);
    map->count++;
    return 0;
}

/* Empties entry `i` and closes the gap. */
static void remove_at(struct zt_map *map, size_t i) {
    for (size_t j = (i + 1) & map->mask; map->entry[j].key; j = (j + 1) & map->mask) {
        size_t wanted = home(map, map->entry[j].key);
        /* An entry stays when its home lies between the gap and itself. */
        if (((j - wanted) & map->mask) < ((j - i) & map->mask)) continue;
        map->entry[i] = map->entry[j];
        i = j;
    }
    memset(&map->entry[i], 0, sizeof(map->entry[i]));
    map->count--;
}

/* The entry of a key, or a free one. */
static size_t find(const struct zt_map *map, uint64_t key) {
    size_t i = home(map, key + 1);
    while (map->entry[i].key && map->entry[i].key != key + 1) i = (i + 1) & map->mask;
    return i;
}

bool zt_map_find(const struct zt_map *map, uint64_t key, uint32_t *value) {
    const struct zt_map_entry *entry = &map->entry[find(map, key)];
    if (entry->key) *value = entry->value;
    return entry->key != 0;
}

bool zt_map_take(struct zt_map *map, uint64_t key, uint32_t *value) {
    size_t i = find(map, key);
    if (!map->entry[i].key) return false;
    *value = map->entry[i].value;
    remove_at(map, i);
    return true;
}
