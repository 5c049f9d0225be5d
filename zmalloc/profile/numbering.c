#include "zmalloc/profile/numbering.h"

#include <stdbool.h>
#include <string.h>

#include "zmalloc/os/os.h"

enum { FIRST_CAPACITY = 4096 };

/* The addresses and the table are one mapping. */
static size_t mapped_size(size_t capacity) {
    return capacity * (sizeof(uintptr_t) + 2 * sizeof(uint32_t));
}

/* The place of an address in the table: its own, or a free one. */
static uint32_t *place_of(const struct zm_numbering *numbering, uintptr_t address) {
    const size_t mask = 2 * numbering->capacity - 1;
    size_t at = (size_t)((uint64_t)address * 0x9e3779b97f4a7c15u >> 32);
    while (numbering->table[at & mask] != 0 &&
           numbering->addresses[numbering->table[at & mask] - 1] != address) {
        at++;
    }
    return &numbering->table[at & mask];
}

static bool grow(struct zm_numbering *numbering) {
    struct zm_numbering larger = {
        .count = numbering->count,
        .capacity = numbering->capacity == 0 ? FIRST_CAPACITY : 2 * numbering->capacity,
    };
    if (larger.capacity > UINT32_MAX / 2) return false;
    larger.addresses = zm_os_map(mapped_size(larger.capacity));
    if (larger.addresses == NULL) return false;
    larger.table = (uint32_t *)(larger.addresses + larger.capacity);
    for (size_t i = 0; i < larger.count; i++) {
        larger.addresses[i] = numbering->addresses[i];
        *place_of(&larger, larger.addresses[i]) = (uint32_t)i + 1;
    }
    zm_numbering_free(numbering);
    *numbering = larger;
    return true;
}

uint32_t zm_numbering_of(struct zm_numbering *numbering, uintptr_t address) {
    if (numbering->count == numbering->capacity && !grow(numbering)) return 0;
    uint32_t *place = place_of(numbering, address);
    if (*place == 0) {
        numbering->addresses[numbering->count++] = address;
        *place = (uint32_t)numbering->count;
    }
    return *place;
}

void zm_numbering_free(struct zm_numbering *numbering) {
    if (numbering->capacity != 0) {
        zm_os_unmap(numbering->addresses, mapped_size(numbering->capacity));
    }
    memset(numbering, 0, sizeof *numbering);
}
