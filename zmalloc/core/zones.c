#include "zmalloc/core/zones.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "zmalloc/core/slots.h"
#include "zmalloc/os/os.h"

/* ---- Tables of the threads ------------------------------------------------------ */

/* slot->zones points to `counters`. */
struct table {
    struct table *older; /* a smaller one */
    size_t count;
    struct zm_zone_counter counters[];
};

/* Of all slots while there is no zone: the zone NULL has its counter here. */
static struct table no_table = {.counters = {{0, 0}}};

/* The size in bytes that each table must have.  Guarded by the lock of slots. */
static size_t table_size;

static size_t counters_in(size_t size) {
    return size > sizeof(struct table)
               ? (size - sizeof(struct table)) / sizeof(struct zm_zone_counter)
               : 0;
}

/* NULL for a slot that was never taken. */
static struct table *newest_of(const struct zm_slot *slot) {
    const uintptr_t counters = (uintptr_t)__atomic_load_n(&slot->zones, __ATOMIC_ACQUIRE);
    return counters != 0 ? (struct table *)(counters - offsetof(struct table, counters)) : NULL;
}

bool zm_zones_exist(void) { return table_size != 0; }

static void use_table(struct zm_slot *slot, struct table *table) {
    __atomic_store_n(&slot->zones, (char *)table->counters, __ATOMIC_RELEASE);
}

bool zm_zones_provide(struct zm_slot *slot) {
    if (newest_of(slot) == NULL) use_table(slot, &no_table);
    struct table *older = newest_of(slot);
    if (older->count >= counters_in(table_size)) return true;
    struct table *table = zm_os_map(table_size);
    if (table == NULL) return false;
    table->older = older;
    table->count = counters_in(table_size);
    use_table(slot, table);
    return true;
}

/* Makes the tables of all live threads large enough for a zone of this id.  When there is no memory
 * for one, those that were made serve the next time. */
static bool provide_for(size_t id) {
    const size_t before = table_size;
    while (counters_in(table_size) <= id) {
        table_size = table_size != 0 ? 2 * table_size : zm_os_page_size();
    }
    if (table_size == before) return true;
    for (unsigned n = 0; n < zm_slots_end(); n++) {
        if (!zm_slot_is_in_use(n) || zm_zones_provide(zm_slot_at(n))) continue;
        table_size = before;
        return false;
    }
    return true;
}

/* ---- What is known of each zone --------------------------------------------------- */

struct record {
    struct zm_zone_counter shared; /* atomic */
    size_t next_free;              /* id; 0: none */
    bool exists;                   /* atomic */
    char name[ZM_ZONE_NAME - 1];   /* without the NUL */
} __attribute__((aligned(128)));   /* so that a chunk has whole pages */

/* The first chunk has room for FIRST records, each further one for twice as many.  A chunk is never
 * unmapped. */
enum { FIRST = 512, CHUNKS = 48 };

static _Atomic(struct record *) chunks[CHUNKS];
static _Atomic size_t end = 1; /* ids at and above were never given */
static size_t first_free;      /* a list of ids, through the records; 0: none */

static unsigned chunk_of(size_t id) {
    return (unsigned)(__builtin_clzll(FIRST) - __builtin_clzll(id + FIRST));
}

static struct record *record_of(size_t id) {
    const unsigned chunk = chunk_of(id);
    return &atomic_load_explicit(&chunks[chunk],
                                 memory_order_acquire)[id + FIRST - ((size_t)FIRST << chunk)];
}

static bool has_chunk_for(size_t id) {
    const unsigned chunk = chunk_of(id);
    if (atomic_load(&chunks[chunk]) != NULL) return true;
    struct record *records = zm_os_map(((size_t)FIRST << chunk) * sizeof *records);
    atomic_store(&chunks[chunk], records);
    return records != NULL;
}

/* 0 for what is no zone's place. */
static size_t id_of(const struct zmalloc_zone_t *zone) {
    const uintptr_t place = (uintptr_t)zone;
    return place % sizeof(struct zm_zone_counter) == 0 ? place / sizeof(struct zm_zone_counter) : 0;
}

static bool exists(size_t id) {
    return id != 0 && id < zm_zones_end() &&
           __atomic_load_n(&record_of(id)->exists, __ATOMIC_ACQUIRE);
}

size_t zm_zones_end(void) { return atomic_load_explicit(&end, memory_order_acquire); }

/* ---- Figures ------------------------------------------------------------------------ */

static void add_counter(struct zm_zone_counter *sum, const struct zm_zone_counter *counter) {
    sum->bytes += __atomic_load_n(&counter->bytes, __ATOMIC_RELAXED);
    sum->blocks += __atomic_load_n(&counter->blocks, __ATOMIC_RELAXED);
}

/* Adds what the tables of one slot have of zones that follow each other. */
static void add_slot(const struct zm_slot *slot, size_t first, size_t count,
                     struct zm_zone_counter *sums) {
    for (const struct table *table = newest_of(slot); table != NULL; table = table->older) {
        for (size_t i = 0; i < count && first + i < table->count; i++) {
            add_counter(&sums[i], &table->counters[first + i]);
        }
    }
}

/* Sets the figures of zones that follow each other; all were created. */
static void add_up(size_t first, size_t count, struct zm_zone_counter *sums) {
    const unsigned slots = zm_slots_end();
    memset(sums, 0, count * sizeof *sums);
    for (size_t i = 0; i < count; i++) add_counter(&sums[i], &record_of(first + i)->shared);
    for (unsigned n = 0; n < slots; n++) add_slot(zm_slot_at(n), first, count, sums);
}

/* A sum is below zero only if we read one thread's counter before it counts an allocation, and
 * another's after it counts the free of that block. */
static struct zm_zone_figures at_least_0(struct zm_zone_counter sum) {
    return (struct zm_zone_figures){.bytes = sum.bytes > 0 ? (size_t)sum.bytes : 0,
                                    .blocks = sum.blocks > 0 ? (size_t)sum.blocks : 0};
}

struct zm_zone_figures zm_zone_figures(const struct zmalloc_zone_t *zone) {
    struct zm_zone_counter sum = {0, 0};
    if (exists(id_of(zone))) add_up(id_of(zone), 1, &sum);
    return at_least_0(sum);
}

void zm_zone_rows(size_t first, struct zm_zone_row *rows, size_t count) {
    struct zm_zone_counter sums[ZM_ZONE_ROWS];
    const size_t ids = zm_zones_end();
    sigset_t saved;
    memset(rows, 0, count * sizeof *rows);
    if (first >= ids) return;
    if (count > ids - first) count = ids - first;
    add_up(first, count, sums);
    zm_slots_lock(&saved);
    for (size_t i = 0; i < count; i++) {
        const struct record *record = record_of(first + i);
        rows[i].exists = record->exists;
        rows[i].id = first + i;
        rows[i].figures = at_least_0(sums[i]);
        memcpy(rows[i].name, record->name, sizeof record->name);
    }
    zm_slots_unlock(&saved);
}

/* ---- Creating and destroying ---------------------------------------------------------- */

/* Cuts the name before a byte that begins a character. */
static void copy_name(char to[ZM_ZONE_NAME - 1], const char *name) {
    size_t length = strnlen(name, ZM_ZONE_NAME);
    if (length == ZM_ZONE_NAME) {
        length = ZM_ZONE_NAME - 1;
        while (length > ZM_ZONE_NAME - 5 && ((unsigned char)name[length] & 0xc0) == 0x80) length--;
    }
    memset(to, 0, ZM_ZONE_NAME - 1);
    memcpy(to, name, length);
}

/* A free id, or a new one; 0: there is no memory. */
static size_t take_id(void) {
    size_t id = first_free;
    if (id != 0) {
        first_free = record_of(id)->next_free;
        return id;
    }
    id = atomic_load(&end);
    if (!has_chunk_for(id) || !provide_for(id)) return 0;
    atomic_store(&end, id + 1);
    return id;
}

struct zmalloc_zone_t *zm_zone_create(const char *name) {
    sigset_t saved;
    zm_slots_lock(&saved);
    const size_t id = take_id();
    if (id != 0) {
        copy_name(record_of(id)->name, name);
        __atomic_store_n(&record_of(id)->exists, true, __ATOMIC_RELEASE);
    }
    zm_slots_unlock(&saved);
    return (struct zmalloc_zone_t *)(id * sizeof(struct zm_zone_counter));
}

static int destroy(size_t id) {
    struct zm_zone_counter sum;
    if (!exists(id)) return EINVAL;
    add_up(id, 1, &sum);
    if (sum.bytes != 0 || sum.blocks != 0) return EBUSY;
    struct record *record = record_of(id);
    __atomic_store_n(&record->exists, false, __ATOMIC_RELEASE);
    record->next_free = first_free;
    first_free = id;
    return 0;
}

/* The counters of a zone without blocks add up to 0, so that the next zone of this id starts with
 * nothing, although a thread's counter may be anything. */
int zm_zone_destroy(const struct zmalloc_zone_t *zone) {
    sigset_t saved;
    zm_slots_lock(&saved);
    const int error = destroy(id_of(zone));
    zm_slots_unlock(&saved);
    return error;
}

/* ---- Counting ----------------------------------------------------------------------- */

void zm_count_in_zone(const struct zmalloc_zone_t *zone, int64_t bytes, int64_t blocks) {
    struct zm_slot *slot = zm_thread_slot;
    if (slot != &zm_no_slot) {
        zm_add_to_zone(slot, zone, bytes, blocks);
    } else if (zone != NULL) {
        struct record *record = record_of(id_of(zone));
        __atomic_fetch_add(&record->shared.bytes, bytes, __ATOMIC_RELAXED);
        __atomic_fetch_add(&record->shared.blocks, blocks, __ATOMIC_RELAXED);
    }
}

void *zm_count_new_block_in_slow(const struct zmalloc_zone_t *zone, size_t bytes, size_t size,
                                 struct zm_slot *slot, void *ptr) {
    ptr = zm_count_new_block_slow_or_fail(size, slot, bytes, ptr);
    if (ptr != NULL) zm_count_in_zone(zone, (int64_t)bytes, 1);
    return ptr;
}

void zm_count_freed_in_slow(const struct zmalloc_zone_t *zone, struct zm_slot *slot, size_t bytes,
                            const void *ptr) {
    zm_count_freed_slow(ptr, slot, bytes);
    zm_count_in_zone(zone, -(int64_t)bytes, -1);
}
