/* macOS's list of zones, with one of the libc's malloc as the system's.  It is as libmalloc's: a
 * new zone comes last, and the last one takes the place of one that goes. */
#include <malloc.h>
#include <stdlib.h>

#include "malloc/malloc.h"

enum { MOST = 8 };

static size_t libc_size(malloc_zone_t *zone, const void *ptr);

static void *libc_malloc(malloc_zone_t *zone, size_t size) {
    (void)zone;
    return malloc(size);
}

static void *libc_calloc(malloc_zone_t *zone, size_t number, size_t size) {
    (void)zone;
    return calloc(number, size);
}

static void *libc_memalign(malloc_zone_t *zone, size_t alignment, size_t size) {
    (void)zone;
    return memalign(alignment, size);
}

static size_t nothing(malloc_zone_t *zone, const void *ptr) {
    (void)zone;
    (void)ptr;
    return 0;
}

static malloc_zone_t system_zone = {
    .size = libc_size,
    .malloc = libc_malloc,
    .calloc = libc_calloc,
    .memalign = libc_memalign,
    .zone_name = "DefaultMallocZone",
    .version = 9,
};
static malloc_zone_t helper_zone = {.size = nothing, .zone_name = "MallocHelperZone"};
static malloc_zone_t purgeable_zone = {.size = nothing, .zone_name = "DefaultPurgeableMallocZone"};

static malloc_zone_t *zones[MOST] = {&system_zone, &helper_zone};
static unsigned number = 2;

/* It has what no other zone has: the test asks for no other addresses. */
static size_t libc_size(malloc_zone_t *zone, const void *ptr) {
    (void)zone;
    for (unsigned i = 0; i < number; i++) {
        if (zones[i] != &system_zone && zones[i]->size(zones[i], ptr) != 0) return 0;
    }
    return malloc_usable_size((void *)(uintptr_t)ptr);
}

void malloc_zone_register(malloc_zone_t *zone) {
    if (number == MOST) abort();
    zones[number++] = zone;
}

void malloc_zone_unregister(malloc_zone_t *zone) {
    unsigned at = 0;
    while (at < number && zones[at] != zone) at++;
    if (at == number) abort();
    zones[at] = zones[--number];
}

malloc_zone_t *malloc_default_zone(void) { return zones[0]; }

malloc_zone_t *malloc_default_purgeable_zone(void) {
    static boolean_t registered;
    if (!registered) malloc_zone_register(&purgeable_zone);
    registered = 1;
    return &purgeable_zone;
}

/* FAKE_ZONE: the name of another library's zone. */
kern_return_t malloc_get_all_zones(task_t task, memory_reader_t reader, vm_address_t **all,
                                   unsigned *how_many) {
    (void)task;
    (void)reader;
    const char *name = getenv("FAKE_ZONE");
    if (name != NULL) system_zone.zone_name = name;
    *all = (vm_address_t *)zones;
    *how_many = number;
    return KERN_SUCCESS;
}

void *malloc_zone_malloc(malloc_zone_t *zone, size_t size) { return zone->malloc(zone, size); }

void *malloc_zone_calloc(malloc_zone_t *zone, size_t many, size_t size) {
    return zone->calloc(zone, many, size);
}

void *malloc_zone_memalign(malloc_zone_t *zone, size_t alignment, size_t size) {
    return zone->memalign(zone, alignment, size);
}

size_t malloc_size(const void *ptr) {
    for (unsigned i = 0; i < number; i++) {
        const size_t size = zones[i]->size(zones[i], ptr);
        if (size != 0) return size;
    }
    return 0;
}
