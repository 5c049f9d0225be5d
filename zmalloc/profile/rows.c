#include <stdatomic.h>
#include <string.h>

#include "zmalloc/os/os.h"
#include "zmalloc/profile/table.h"

enum {
    ROWS = 1 << 16,
    ROWS_WITH_LABELS = ROWS / 8 * 7, /* labels leave room for stacks without one */
    BUCKETS = 2 * ROWS,
    FRAMES = 24 * ROWS, /* for all stacks */
    LABELS = 1 << 20,   /* bytes of labels */
    PLACES = 1 << 17,   /* for labels, each found by its hash */
};

struct row {
    uint32_t hash, next; /* next: of the same bucket; 0: none */
    uint32_t depth, first_frame;
    const char *label;
    struct zm_figures allocated, live;
    double waste, new_waste; /* new_waste: while it is added up */
};

/* They are mapped together, so that all are there or none. */
struct tables {
    struct row rows[ROWS]; /* row 0 has the samples for which there was no room */
    uint32_t buckets[BUCKETS];
    const void *frames[FRAMES];
    char labels[LABELS];
    uint32_t label_places[PLACES]; /* where in `labels` they begin, plus 1; 0: none */
};

static struct tables *tables;

static uint32_t frames_used;
static size_t labels_used, labels_kept;
static _Atomic size_t rows_used;

bool zm_rows_open(void) {
    const size_t page = zm_os_page_size();
    if (tables != NULL) return true;
    tables = zm_os_map((sizeof(*tables) + page - 1) / page * page);
    if (tables != NULL) atomic_store(&rows_used, 1);
    return tables != NULL;
}

size_t zm_rows_size(void) {
    return zm_profile_rows() * sizeof(*tables->rows) + frames_used * sizeof(*tables->frames) +
           labels_used;
}

/* ---- Finding a row ------------------------------------------------------------ */

static uint32_t mix(uint32_t hash, uint64_t value) {
    const uint64_t mixed = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(mixed >> 32);
}

static uint32_t hash_of(const struct zm_stack_and_label *key) {
    uint32_t hash = key->depth;
    for (unsigned i = 0; i < key->depth; i++) hash = mix(hash, (uintptr_t)key->frames[i]);
    for (const char *c = key->label; c != NULL && *c != '\0'; c++) hash = mix(hash, (uint64_t)*c);
    return hash;
}

static bool same_label(const char *a, const char *b) {
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool is_row_of(const struct row *row, const struct zm_stack_and_label *key) {
    return row->depth == key->depth && same_label(row->label, key->label) &&
           memcmp(&tables->frames[row->first_frame], key->frames,
                  key->depth * sizeof(*tables->frames)) == 0;
}

/* The copy of a label; NULL: there is no room. */
static const char *kept_label(const char *label) {
    const size_t size = strlen(label) + 1;
    const struct zm_stack_and_label alone = {.label = label};
    uint32_t place = hash_of(&alone) % PLACES;
    for (; tables->label_places[place] != 0; place = (place + 1) % PLACES) {
        const char *kept = tables->labels + tables->label_places[place] - 1;
        if (strcmp(kept, label) == 0) return kept;
    }
    if (size > LABELS - labels_used || labels_kept == PLACES / 2) return NULL;
    char *copy = memcpy(tables->labels + labels_used, label, size);
    tables->label_places[place] = (uint32_t)labels_used + 1;
    labels_used += size;
    labels_kept++;
    return copy;
}

static uint32_t add_row(const struct zm_stack_and_label *key, uint32_t hash) {
    const size_t used = atomic_load_explicit(&rows_used, memory_order_relaxed);
    if (used >= (key->label != NULL ? ROWS_WITH_LABELS : ROWS)) return 0;
    if (key->depth > FRAMES - frames_used) return 0;
    struct row *row = &tables->rows[used];
    row->label = key->label != NULL ? kept_label(key->label) : NULL;
    if (row->label == NULL && key->label != NULL) return 0;
    row->hash = hash;
    row->depth = key->depth;
    row->first_frame = frames_used;
    memcpy(&tables->frames[frames_used], key->frames, key->depth * sizeof(*tables->frames));
    frames_used += key->depth;
    row->next = tables->buckets[hash % BUCKETS];
    tables->buckets[hash % BUCKETS] = (uint32_t)used;
    atomic_store_explicit(&rows_used, used + 1, memory_order_release);
    return (uint32_t)used;
}

/* 0: there is none. */
static uint32_t find_row(const struct zm_stack_and_label *key, uint32_t hash) {
    uint32_t i = tables->buckets[hash % BUCKETS];
    while (i != 0 && !(tables->rows[i].hash == hash && is_row_of(&tables->rows[i], key))) {
        i = tables->rows[i].next;
    }
    return i;
}

uint32_t zm_known_row_of(const struct zm_stack_and_label *key) {
    return find_row(key, hash_of(key));
}

static uint32_t find_or_add_row(const struct zm_stack_and_label *key) {
    const uint32_t hash = hash_of(key), found = find_row(key, hash);
    return found != 0 ? found : add_row(key, hash);
}

/* Where there is no room for the label, the stack still says something. */
uint32_t zm_row_of(const struct zm_stack_and_label *key) {
    const uint32_t row = find_or_add_row(key);
    const struct zm_stack_and_label without = {key->frames, key->depth, NULL};
    return row != 0 || key->label == NULL ? row : find_or_add_row(&without);
}

/* ---- Its figures ---------------------------------------------------------------- */

/* Writers read figures while they change: each is one word, and nothing depends on two of them. */
#define READ_MEANWHILE __attribute__((no_sanitize("thread")))

READ_MEANWHILE static void add(struct zm_figures *figures, int sign, double weight, size_t bytes) {
    figures->samples += (uint64_t)(int64_t)sign;
    figures->blocks += weight * sign;
    figures->bytes += weight * (double)bytes * sign;
}

void zm_row_add_live(uint32_t row, int sign, double weight, size_t bytes) {
    add(&tables->rows[row].live, sign, weight, bytes);
}

void zm_row_add_allocated(uint32_t row, int sign, double weight, size_t bytes) {
    add(&tables->rows[row].allocated, sign, weight, bytes);
}

void zm_row_add_waste(uint32_t row, double bytes) { tables->rows[row].new_waste += bytes; }

/* Another thread may write a profile: it reads the waste of before or of now, but no part of it. */
READ_MEANWHILE void zm_rows_set_waste(void) {
    for (size_t i = 0; i < zm_profile_rows(); i++) {
        tables->rows[i].waste = tables->rows[i].new_waste;
        tables->rows[i].new_waste = 0;
    }
}

/* ---- For the writers ------------------------------------------------------------- */

size_t zm_profile_rows(void) { return atomic_load_explicit(&rows_used, memory_order_acquire); }

/* Sums of fractions may end a little below 0. */
static uint64_t rounded(double value) { return value > 0 ? (uint64_t)(value + 0.5) : 0; }

READ_MEANWHILE void zm_profile_row(size_t i, struct zm_profile_row *out) {
    const struct row *row = &tables->rows[i];
    *out = (struct zm_profile_row){
        .frames = &tables->frames[row->first_frame],
        .depth = row->depth,
        .label = row->label,
        .allocated_samples = row->allocated.samples,
        .live_samples = row->live.samples,
        .allocated_blocks = rounded(row->allocated.blocks),
        .allocated_bytes = rounded(row->allocated.bytes),
        .live_blocks = rounded(row->live.blocks),
        .live_bytes = rounded(row->live.bytes),
        .waste_bytes = rounded(row->waste),
    };
}
