#include "zmalloc/profile/region.h"

#include <stdatomic.h>

#include "zmalloc/os/os.h"

/* Sizes are multiples of 64: four to each power of two.  The memory of a size is cut from chunks of
 * its own, and goes back to a list of its own. */
enum {
    UNIT = 64,
    CHUNK = 1280 << 10, /* four of the largest size */
    SIZES = 64,
    KEPT = 128 << 10, /* bytes of a size that may stay resident while they are free */
};

struct free_memory {
    struct free_memory *next;
};

struct size {
    struct free_memory *free;
    size_t free_bytes;
    char *fresh, *end; /* the rest of the last chunk */
};

static struct size sizes[SIZES];

/* The size is atomic, because threads look for their blocks while the region is opened. */
static uintptr_t begin, next_chunk;
static _Atomic size_t region_size;

static uintptr_t end_of_region(void) { return begin + atomic_load(&region_size); }

uintptr_t zm_region_open(void) {
    if (atomic_load(&region_size) != 0) return end_of_region();
    /* The first is more than all samples of a server take; the others are for a process whose
     * address space is limited, of which most is left to the program. */
    static const unsigned lg_sizes[] = {36, 32, 28, 25};
    const size_t most = zm_os_address_space() / 4;
    for (unsigned i = 0; i < sizeof(lg_sizes) / sizeof(*lg_sizes); i++) {
        if (lg_sizes[i] >= 8 * sizeof(size_t)) continue;
        if ((size_t)1 << lg_sizes[i] > most) continue;
        const size_t bytes = (size_t)1 << lg_sizes[i];
        begin = next_chunk = (uintptr_t)zm_os_reserve(bytes);
        if (begin == 0) continue;
        atomic_store_explicit(&region_size, bytes, memory_order_release);
        return begin + bytes;
    }
    return 0;
}

bool zm_region_has(const void *ptr) {
    const size_t size = atomic_load_explicit(&region_size, memory_order_acquire);
    return size != 0 && (uintptr_t)ptr - begin < size;
}

/* Rounds the size up, and returns its index. */
static unsigned index_of(size_t *size) {
    size_t units = (*size + UNIT - 1) / UNIT;
    if (units < 4) units = 4;
    const unsigned lg = 63 - (unsigned)__builtin_clzll(units); /* of the power below */
    const size_t step = (size_t)1 << (lg - 2);
    units = (units + step - 1) / step * step;
    *size = units * UNIT;
    if (units >> (lg + 1) != 0) return (lg - 1) * 4; /* rounded up to the next power */
    return (lg - 2) * 4 + (unsigned)((units >> (lg - 2)) - 4);
}

static bool add_chunk(struct size *size) {
    if (end_of_region() - next_chunk < CHUNK || !zm_os_protect((void *)next_chunk, CHUNK, true))
        return false;
    size->fresh = (char *)next_chunk;
    size->end = size->fresh + CHUNK;
    next_chunk += CHUNK;
    return true;
}

void *zm_region_take(size_t bytes) {
    struct size *size = &sizes[index_of(&bytes)];
    struct free_memory *free = size->free;
    if (free != NULL) {
        size->free = free->next;
        size->free_bytes -= bytes;
        return free;
    }
    if ((size_t)(size->end - size->fresh) < bytes && !add_chunk(size)) return NULL;
    void *fresh = size->fresh;
    size->fresh += bytes;
    return fresh;
}

void zm_region_give(void *ptr, size_t bytes) {
    struct size *size = &sizes[index_of(&bytes)];
    struct free_memory *free = ptr;
    size->free_bytes += bytes;
    if (size->free_bytes > KEPT) zm_os_discard(ptr, bytes);
    free->next = size->free;
    size->free = free;
}

/* index_of(), the other way round. */
static size_t size_at(unsigned index) { return ((size_t)(4 + index % 4) << index / 4) * UNIT; }

/* Of what is less than a page nothing can be discarded. */
size_t zm_region_kept(void) {
    const size_t page = zm_os_page_size();
    size_t kept = 0;
    for (unsigned i = 0; i < SIZES; i++) {
        const bool stays = size_at(i) < page || sizes[i].free_bytes < (size_t)KEPT;
        kept += stays ? sizes[i].free_bytes : (size_t)KEPT;
    }
    return kept;
}
