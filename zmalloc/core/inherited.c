#include "zmalloc/core/inherited.h"

#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

#include "zmalloc/core/sampled.h"
#include "zmalloc/os/os.h"

/* A table has a bit for each 8 bytes of 256 MiB of address space.  Only the pages of a table that
 * are written to take memory. */
enum {
    LG_ALIGNMENT = 3,
    LG_COVERED = 28,
    WORDS = 1 << (LG_COVERED - LG_ALIGNMENT - 6),
    TABLES = 1 << (48 - LG_COVERED), /* programs have 48 bits of address space at most */
};

typedef _Atomic uint64_t word_t;

/* The tables; NULL: there are no inherited blocks, or there is no memory for own ones. */
static _Atomic(word_t *) *_Atomic tables;

static atomic_bool has_inherited;
static size_t (*usable_size_of)(const void *ptr);
static size_t counted_before;

static unsigned forks, last_told;

/* The process that the last fork made. */
static pid_t forked;

void zm_fork_happened(void) {
    forks++;
    forked = getpid();
}

/* If this is not the process that fork() made, it is a child of that process by vfork() or clone().
 * A child of vfork() shares these variables, and all blocks, with its parent. */
bool zm_is_new_child(void) {
    if (forks == last_told || getpid() != forked) return false;
    last_told = forks;
    return true;
}

bool zm_in_fork_child(void) { return last_told != 0; }

bool zm_has_inherited(void) { return atomic_load_explicit(&has_inherited, memory_order_acquire); }

/* In a child of the child, the blocks that the first child allocated are inherited too, so the
 * tables begin empty. */
void zm_inherit_blocks(size_t (*usable_size)(const void *ptr), size_t prefix) {
    usable_size_of = usable_size;
    counted_before = prefix;
    atomic_store(&tables, zm_os_map(TABLES * sizeof(*tables)));
    atomic_store_explicit(&has_inherited, true, memory_order_release);
    zm_all_blocks_take_slow_paths();
}

/* Of two threads that map a table at the same time, one leaves address space unused. */
static word_t *new_table(_Atomic(word_t *) *place) {
    word_t *present = NULL, *table = zm_os_map(WORDS * sizeof(*table));
    if (table == NULL) return NULL;
    return atomic_compare_exchange_strong(place, &present, table) ? table : present;
}

/* The word with the block's bit; NULL if there is none. */
static word_t *word_of(const void *ptr, bool create) {
    const uintptr_t address = (uintptr_t)ptr;
    _Atomic(word_t *) *const all = atomic_load(&tables);
    if (all == NULL || address >> LG_COVERED >= TABLES) return NULL;
    _Atomic(word_t *) *const place = &all[address >> LG_COVERED];
    word_t *table = atomic_load(place);
    if (table == NULL && create) table = new_table(place);
    return table != NULL ? &table[(address >> (LG_ALIGNMENT + 6)) % WORDS] : NULL;
}

static uint64_t bit_of(const void *ptr) {
    return UINT64_C(1) << ((uintptr_t)ptr >> LG_ALIGNMENT) % 64;
}

static bool has_bit(const word_t *word, const void *ptr) {
    return word != NULL && (atomic_load_explicit(word, memory_order_relaxed) & bit_of(ptr)) != 0;
}

void zm_own(const void *ptr) {
    if (!zm_has_inherited()) return;
    word_t *word = word_of(ptr, true);
    if (word != NULL && !has_bit(word, ptr)) atomic_fetch_or(word, bit_of(ptr));
}

static bool is_inherited(const void *ptr) {
    return zm_has_inherited() && !has_bit(word_of(ptr, false), ptr);
}

bool zm_inherited_free(const void *ptr, size_t *bytes) {
    if (!is_inherited(ptr)) return false;
    *bytes = usable_size_of(ptr) + counted_before;
    return true;
}

bool zm_inherited_usable_size(const void *ptr, size_t *usable) {
    if (!is_inherited(ptr)) return false;
    *usable = usable_size_of(ptr);
    return true;
}
