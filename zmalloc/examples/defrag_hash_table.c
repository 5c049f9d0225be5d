/* Defragments a hash table while it is in use.
 *
 * The program fills a chained table of strings and deletes two of three entries at
 * random.  Then it repeats a thousand look-ups and a millisecond of defragmentation,
 * until a pass moves almost no blocks.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "zmalloc/defrag.h"
#include "zmalloc/stats.h"
#include "zmalloc/zmalloc.h"

enum { BUCKETS = 1 << 17, ENTRIES = 600000 };

struct entry {
    struct entry *next;
    uint64_t key;
    char value[];
};

static struct entry *table[BUCKETS];

static uint64_t random_state = 88172645463325252u;

static uint64_t next_random(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static struct entry **bucket_of(uint64_t key) { return &table[key * 0x9e3779b97f4a7c15u >> 47]; }

static void insert(uint64_t key) {
    size_t length = 16 + key * 31 % 240;
    struct entry *entry = zmalloc(sizeof *entry + length);
    struct entry **bucket = bucket_of(key);
    entry->key = key;
    memset(entry->value, 'a' + (int)(key % 26), length);
    entry->next = *bucket;
    *bucket = entry;
}

static void delete (uint64_t key) {
    for (struct entry **at = bucket_of(key); *at != NULL; at = &(*at)->next) {
        if ((*at)->key != key) continue;
        struct entry *gone = *at;
        *at = gone->next;
        zfree(gone);
        return;
    }
}

static const struct entry *look_up(uint64_t key) {
    const struct entry *entry = *bucket_of(key);
    while (entry != NULL && entry->key != key) entry = entry->next;
    return entry;
}

/* ---- The cursor, by which defragmentation visits the table -----------------
 *
 * If the program deleted entries meanwhile, it would have to move the cursor back to
 * the start of its bucket before it deletes the entry that holds `at`. */

struct cursor {
    size_t bucket;
    struct entry **at; /* the pointer to the entry returned last; NULL: none yet */
};

static void *next_entry(void *arg) {
    struct cursor *cursor = arg;
    cursor->at = cursor->at == NULL ? &table[0] : &(*cursor->at)->next;
    while (*cursor->at == NULL) {
        if (++cursor->bucket == BUCKETS) {
            *cursor = (struct cursor){.bucket = 0};
            return NULL;
        }
        cursor->at = &table[cursor->bucket];
    }
    return *cursor->at;
}

static void entry_moved(void *arg, void *from, void *to) {
    struct cursor *cursor = arg;
    (void)from;
    *cursor->at = to;
}

/* ---- The program ----------------------------------------------------------- */

static void print_waste(const char *when) {
    zmalloc_stats_t info;
    zmalloc_purge();
    zmalloc_stats(&info, sizeof info, ZMALLOC_ALL_ARENAS, 1);
    printf("%-7s used %6.1f MiB, small-bin waste %6.1f MiB, rss %6.1f MiB\n", when,
           (double)info.used / 1048576, (double)info.frag_smallbins / 1048576,
           (double)info.rss / 1048576);
}

/* Does a thousand look-ups; false when one finds something wrong. */
static bool serve(const bool *alive) {
    for (int i = 0; i < 1000; i++) {
        uint64_t key = next_random() % ENTRIES;
        const struct entry *entry = look_up(key);
        if ((entry != NULL) != alive[key]) return false;
        if (entry != NULL && entry->value[15] != 'a' + (int)(key % 26)) return false;
    }
    return true;
}

static void fill(bool *alive) {
    for (uint64_t key = 0; key < ENTRIES; key++) insert(key);
    for (uint64_t key = 0; key < ENTRIES; key++) {
        alive[key] = next_random() % 3 == 0;
        if (!alive[key]) delete (key);
    }
}

int main(void) {
    static bool alive[ENTRIES];
    struct cursor position = {.bucket = 0};
    const zmalloc_defrag_cursor_t cursor = {next_entry, entry_moved, &position};
    const zmalloc_defrag_budget_t budget = {.microseconds = 1000};
    zmalloc_defrag_stats_t stats = {.scanned = 0};
    size_t steps = 0, moved_before = 0;

    if (!zmalloc_defrag_supported()) {
        printf("defragmentation is not supported over %s\n", ZMALLOC_LIB);
        return 0;
    }
    fill(alive);
    print_waste("before");
    for (;; steps++) {
        enum zmalloc_defrag_result result = zmalloc_defrag_step(&cursor, &budget, &stats);
        if (!serve(alive)) {
            fprintf(stderr, "the table is damaged\n");
            return 1;
        }
        if (result != ZMALLOC_DEFRAG_PASS_DONE) continue;
        if (stats.moved - moved_before < ENTRIES / 1000) break;
        moved_before = stats.moved;
    }
    print_waste("after");
    printf("%zu steps, %zu passes: looked at %zu blocks, moved %zu (%.1f MiB), gained %.1f MiB\n",
           steps, stats.passes, stats.scanned, stats.moved, (double)stats.moved_bytes / 1048576,
           (double)stats.gained_bytes / 1048576);
    return 0;
}
