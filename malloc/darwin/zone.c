/* Our zone, which the library makes the default one when it starts; and system.h, by macOS's
 * functions.  macOS calls zones by <malloc/malloc.h>: for malloc_zone_malloc() and its like, for
 * blocks that its own code allocates and frees, and for each malloc that is not interposed.
 *
 * In this library malloc, free and so on are the system's: the loader interposes in all files but
 * the one with the list. */
#include <errno.h>
#include <malloc/malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "malloc/darwin/requests.h"
#include "malloc/darwin/system.h"
#include "malloc/darwin/thread.h"
#include "malloc/own.h"
#include "zmalloc/zmalloc.h"

/* ---- Our zone -------------------------------------------------------------------- */

/* macOS asks for any address that is to be freed. */
static size_t zone_size(malloc_zone_t *zone, const void *ptr) {
    (void)zone;
    if (!zm_darwin_is_ours(ptr)) return 0;
    const size_t size = zm_darwin_malloc_size(ptr);
    return size != 0 ? size : 1;
}

static void *zone_malloc(malloc_zone_t *zone, size_t size) {
    (void)zone;
    return zm_darwin_malloc(size);
}

static void *zone_calloc(malloc_zone_t *zone, size_t number, size_t size) {
    (void)zone;
    return zm_darwin_calloc(number, size);
}

static void *zone_valloc(malloc_zone_t *zone, size_t size) {
    (void)zone;
    return zm_darwin_valloc(size);
}

static void *zone_memalign(malloc_zone_t *zone, size_t alignment, size_t size) {
    (void)zone;
    return zm_darwin_aligned_alloc(alignment, size);
}

static void *zone_realloc(malloc_zone_t *zone, void *ptr, size_t size) {
    (void)zone;
    return zm_darwin_realloc(ptr, size);
}

static void zone_free(malloc_zone_t *zone, void *ptr) {
    (void)zone;
    zm_darwin_free(ptr);
}

static void zone_free_definite_size(malloc_zone_t *zone, void *ptr, size_t size) {
    (void)zone;
    (void)size;
    zm_darwin_free(ptr);
}

static unsigned zone_batch_malloc(malloc_zone_t *zone, size_t size, void **results,
                                  unsigned wanted) {
    unsigned got = 0;
    (void)zone;
    while (got < wanted && (results[got] = zm_darwin_malloc(size)) != NULL) got++;
    return got;
}

static void zone_batch_free(malloc_zone_t *zone, void **blocks, unsigned number) {
    (void)zone;
    for (unsigned i = 0; i < number; i++) zm_darwin_free(blocks[i]);
}

static size_t zone_pressure_relief(malloc_zone_t *zone, size_t goal) {
    (void)zone;
    (void)goal;
    return 0;
}

/* The zone is never destroyed. */
static void zone_nothing(malloc_zone_t *zone) { (void)zone; }

/* ---- What tools ask ---------------------------------------------------------------- */

/* Tells of no block. */
static kern_return_t zone_enumerator(task_t task, void *context, unsigned types, vm_address_t zone,
                                     memory_reader_t reader, vm_range_recorder_t recorder) {
    (void)task;
    (void)context;
    (void)types;
    (void)zone;
    (void)reader;
    (void)recorder;
    return KERN_SUCCESS;
}

static size_t zone_good_size(malloc_zone_t *zone, size_t size) {
    (void)zone;
    return size >= SIZE_MAX - 15 ? size : (size + (size == 0) + 15) & ~(size_t)15;
}

static boolean_t zone_check(malloc_zone_t *zone) {
    (void)zone;
    return 1;
}

static void zone_print(malloc_zone_t *zone, boolean_t verbose) {
    (void)zone;
    (void)verbose;
}

static void zone_log(malloc_zone_t *zone, void *address) {
    (void)zone;
    (void)address;
}

static void zone_statistics(malloc_zone_t *zone, malloc_statistics_t *statistics) {
    (void)zone;
    const size_t used = zmalloc_used_memory();
    *statistics = (malloc_statistics_t){.size_in_use = used, .size_allocated = used};
}

static boolean_t zone_locked(malloc_zone_t *zone) {
    (void)zone;
    return 0;
}

/* Around a fork the allocator's own fork handlers take its locks (thread.h). */
static malloc_introspection_t introspection = {
    .enumerator = zone_enumerator,
    .good_size = zone_good_size,
    .check = zone_check,
    .print = zone_print,
    .log = zone_log,
    .force_lock = zone_nothing,
    .force_unlock = zone_nothing,
    .statistics = zone_statistics,
    .zone_locked = zone_locked,
    .reinit_lock = zone_nothing,
};

/* Version 9 has all members up to pressure_relief and reinit_lock.  Version 10 would add
 * claimed_address, which must also know addresses inside of blocks: we know only their starts. */
static malloc_zone_t our_zone = {
    .size = zone_size,
    .malloc = zone_malloc,
    .calloc = zone_calloc,
    .valloc = zone_valloc,
    .free = zone_free,
    .realloc = zone_realloc,
    .destroy = zone_nothing,
    .zone_name = "zmalloc",
    .batch_malloc = zone_batch_malloc,
    .batch_free = zone_batch_free,
    .introspect = &introspection,
    .version = 9,
    .memalign = zone_memalign,
    .free_definite_size = zone_free_definite_size,
    .pressure_relief = zone_pressure_relief,
};

/* ---- The system -------------------------------------------------------------------- */

/* The default zone that there was before ours; NULL until we know it. */
static malloc_zone_t *system_zone;

static malloc_zone_t *zone_of_system(void) {
    return system_zone != NULL ? system_zone : malloc_default_zone();
}

/* The functions of zones do not set errno. */
static void *or_no_memory(void *ptr) {
    if (ptr == NULL) errno = ENOMEM;
    return ptr;
}

void *zm_system_malloc(size_t size) {
    return or_no_memory(malloc_zone_malloc(zone_of_system(), size));
}

void *zm_system_calloc(size_t number, size_t size) {
    return or_no_memory(malloc_zone_calloc(zone_of_system(), number, size));
}

void *zm_system_aligned(size_t alignment, size_t size) {
    return or_no_memory(malloc_zone_memalign(zone_of_system(), alignment, size));
}

/* These three ask each zone, ours too, whether it has the block. */

void *zm_system_realloc(void *ptr, size_t size) { return realloc(ptr, size); }

void zm_system_free(void *ptr) { free(ptr); }

size_t zm_system_size(const void *ptr) { return malloc_size(ptr); }

/* Its destructor is zm_thread_end(): the system sets the mark to 0 before it calls that, and then
 * calls the destructors of other keys. */
static pthread_key_t mark_key;

unsigned zm_system_mark(void) { return (unsigned)(uintptr_t)pthread_getspecific(mark_key); }

void zm_system_set_mark(unsigned mark) {
    (void)pthread_setspecific(mark_key, (void *)(uintptr_t)mark);
}

/* The system allocates all thread-local variables of a library at once. */
void zm_system_make_thread_memory(void) {
    static _Thread_local char any;
    *(volatile char *)&any = 1;
}

/* The system's function for destructors of C++'s thread_local variables.  It calls them before it
 * frees thread-local memory; destructors of keys are called after that. */
void _tlv_atexit(void (*function)(void *), void *object);

void zm_system_call_at_end(void (*function)(void *)) { _tlv_atexit(function, NULL); }

/* ---- The start --------------------------------------------------------------------- */

/* malloc_default_zone() returns a zone that passes requests on to the first one of the list. */
static malloc_zone_t *first_zone(void) {
    vm_address_t *zones = NULL;
    unsigned number = 0;
    if (malloc_get_all_zones(0, NULL, &zones, &number) != KERN_SUCCESS || number == 0) return NULL;
    return (malloc_zone_t *)zones[0];
}

/* Another library or a debugging tool may have a zone of its own there. */
static bool is_of_system(const malloc_zone_t *zone) {
    return zone != NULL && zone->zone_name != NULL &&
           strcmp(zone->zone_name, "DefaultMallocZone") == 0;
}

/* Unregistering a zone moves the last one of the list to its place. */
static void put_last(malloc_zone_t *zone) {
    if (zone == NULL) return;
    malloc_zone_unregister(zone);
    malloc_zone_register(zone);
}

/* The purgeable zone takes small blocks from the default zone, and believes that it is the
 * system's: so it is created first, and stays behind the system's zone.  If ours does not become
 * the default zone, requests reach it by interposing alone. */
static void become_default(void) {
    enum { TRIES = 8 };
    malloc_zone_t *purgeable = malloc_default_purgeable_zone();
    malloc_zone_register(&our_zone);
    for (int i = 0; i < TRIES && first_zone() != &our_zone; i++) {
        put_last(system_zone);
        put_last(purgeable);
    }
}

/* Has the allocator set itself up, and register its fork handlers. */
static void start_allocator(void) { zm_own_free(zm_own_malloc(1)); }

__attribute__((constructor)) static void start(void) {
    malloc_zone_t *first = first_zone();
    if (!is_of_system(first) || pthread_key_create(&mark_key, zm_thread_end) != 0) return;
    system_zone = first;
    zm_threads_start(start_allocator);
    (void)pthread_atfork(zm_thread_before_fork, zm_thread_after_fork, zm_thread_after_fork);
    become_default();
}
