#include "zmalloc/os/mapping.h"

#include <string.h>

static uint64_t pages(const struct zm_mapping *mapping, const char *field) {
    const struct {
        const char *name;
        uint64_t pages;
    } fields[] = {
        {"Size:", mapping->size},
        {"Rss:", mapping->private_clean + mapping->private_dirty + mapping->shared_clean +
                     mapping->shared_dirty},
        {"Private_Clean:", mapping->private_clean},
        {"Private_Dirty:", mapping->private_dirty},
        {"Shared_Clean:", mapping->shared_clean},
        {"Shared_Dirty:", mapping->shared_dirty},
        {"Swap:", mapping->swap},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (strcmp(field, fields[i].name) == 0) return fields[i].pages;
    }
    return 0;
}

void zm_mapping_add(const struct zm_mapping *mapping, const char *field, size_t page, size_t *sum) {
    size_t bytes;
    if (__builtin_mul_overflow(pages(mapping, field), page, &bytes) ||
        __builtin_add_overflow(*sum, bytes, sum)) {
        *sum = SIZE_MAX;
    }
}
