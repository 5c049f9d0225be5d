#include "zmalloc/guard/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "zmalloc/guard/bug_report.h"
#include "zmalloc/os/os.h"

enum {
    SLOTS = 256,
    AT_REST = 64, /* a freed page is not used again for this many requests */
    ALIGNMENT = 16,
};

/* The state of a page.  The thread that sets it to BUSY owns the page. */
enum state { UNUSED, BUSY, LIVE, FREED };

/* A page, and the block that lies or lay in it. */
struct slot {
    _Atomic(enum state) state;
    uint64_t freed_at; /* value of `wanted` when the block was freed */
    char *begin;
    size_t size;
    struct zm_stack allocated, freed;
};

static struct slot slots[SLOTS];
static _Atomic uint64_t wanted;               /* number of requests for a page */
static atomic_flag taking = ATOMIC_FLAG_INIT; /* set while a thread looks for a slot */
static uintptr_t first;                       /* a guard page, then a slot's page, and so on */
static size_t page, pool_size;

/* The thread that had set `taking` when another thread forked is not in the child. */
static void in_child(void) { atomic_flag_clear(&taking); }

uintptr_t zm_pool_open(void) {
    page = zm_os_page_size();
    pool_size = (2 * SLOTS + 1) * page;
    void *pages = zm_os_reserve(pool_size);
    if (pages == NULL || pthread_atfork(NULL, NULL, in_child) != 0) return 0;
    zm_report_prepare();
    first = (uintptr_t)pages;
    return first + pool_size;
}

bool zm_pool_has(const void *ptr) { return (uintptr_t)ptr - first < pool_size; }

static char *page_of(const struct slot *slot) {
    return (char *)first + (2 * (size_t)(slot - slots) + 1) * page;
}

static void protect(const struct slot *slot) { (void)zm_os_protect(page_of(slot), page, false); }

/* ---- Take --------------------------------------------------------------- */

/* An unused slot, else the one that was freed first; NULL when all are in use or were freed
 * too recently. */
static struct slot *find_slot(void) {
    const uint64_t now = atomic_fetch_add(&wanted, 1) + 1;
    struct slot *oldest = NULL;
    for (struct slot *slot = slots; slot < slots + SLOTS; slot++) {
        const enum state state = atomic_load_explicit(&slot->state, memory_order_acquire);
        if (state == UNUSED) return slot;
        if (state == FREED && now - slot->freed_at >= AT_REST &&
            (oldest == NULL || slot->freed_at < oldest->freed_at)) {
            oldest = slot;
        }
    }
    return oldest;
}

/* Does not wait: while one thread looks for a slot, other threads get NULL. */
static struct slot *own_slot(void) {
    if (atomic_flag_test_and_set(&taking)) return NULL;
    struct slot *slot = find_slot();
    if (slot != NULL) atomic_store(&slot->state, BUSY);
    atomic_flag_clear(&taking);
    return slot;
}

void *zm_pool_take(size_t size) {
    if (size > page) return NULL;
    struct slot *slot = own_slot();
    if (slot == NULL) return NULL;
    if (!zm_os_protect(page_of(slot), page, true)) {
        slot->freed_at = atomic_load(&wanted);
        atomic_store(&slot->state, slot->begin != NULL ? FREED : UNUSED);
        return NULL;
    }
    memset(page_of(slot), 0, page);
    slot->size = size;
    slot->begin = page_of(slot) + (page - size - (size == 0)) / ALIGNMENT * ALIGNMENT;
    zm_stack_take(&slot->allocated);
    atomic_store(&slot->state, LIVE);
    return slot->begin;
}

/* ---- Look ---------------------------------------------------------------- */

/* The slot of the page at `ptr`; NULL for a guard page. */
static struct slot *slot_at(const void *ptr) {
    const size_t index = ((uintptr_t)ptr - first) / page;
    return index % 2 == 1 ? &slots[index / 2] : NULL;
}

static struct zm_bad_block bad_block(const struct slot *slot) {
    if (slot == NULL || slot->begin == NULL) return (struct zm_bad_block){.begin = NULL};
    return (struct zm_bad_block){
        .begin = slot->begin,
        .size = slot->size,
        .allocated = &slot->allocated,
        .freed = atomic_load(&slot->state) == FREED ? &slot->freed : NULL,
    };
}

static _Noreturn void report_bug(const char *what, const void *ptr, const struct slot *slot) {
    const struct zm_bad_block block = bad_block(slot);
    zm_report_and_abort(what, ptr, &block);
}

/* Says what is wrong with `ptr`; NULL when it is a live block. */
static const char *fault_of(const struct slot *slot, const void *ptr, const char *if_freed) {
    if (slot == NULL || slot->begin == NULL) return "no block of zmalloc's";
    if (ptr != slot->begin) return "pointer not to a block's beginning";
    return atomic_load(&slot->state) == LIVE ? NULL : if_freed;
}

/* The slot of the live block that begins at `ptr`; reports a bug if there is none. */
static struct slot *live_slot(const void *ptr, const char *if_freed) {
    struct slot *slot = slot_at(ptr);
    const char *fault = fault_of(slot, ptr, if_freed);
    if (fault != NULL) report_bug(fault, ptr, slot);
    return slot;
}

size_t zm_pool_size(const void *ptr) { return live_slot(ptr, "use of a freed block")->size; }

/* ---- Give back ------------------------------------------------------------ */

static bool is_zero(const char *begin, const char *end) {
    /* The first byte is 0, and each byte equals the one before it. */
    return begin >= end ||
           (*begin == 0 && memcmp(begin, begin + 1, (size_t)(end - begin) - 1) == 0);
}

size_t zm_pool_give_back(void *ptr) {
    static const char twice[] = "double free";
    struct slot *slot = live_slot(ptr, twice);
    enum state live = LIVE;
    if (!atomic_compare_exchange_strong(&slot->state, &live, BUSY)) report_bug(twice, ptr, slot);
    const size_t size = slot->size;
    zm_stack_take(&slot->freed);
    if (!is_zero(page_of(slot), slot->begin)) report_bug("write before a block", ptr, slot);
    if (!is_zero(slot->begin + size, page_of(slot) + page))
        report_bug("write past a block", ptr, slot);
    protect(slot); /* the page keeps its contents: mapping it again would cost more */
    slot->freed_at = atomic_load(&wanted);
    atomic_store(&slot->state, FREED);
    return size;
}

/* ---- Explain --------------------------------------------------------------- */

/* The nearer of the two blocks around a guard page. */
static const struct slot *near(const char *address) {
    const size_t index = ((uintptr_t)address - first) / page / 2; /* of the slot after it */
    const struct slot *before = index > 0 ? &slots[index - 1] : NULL;
    const struct slot *after = index < SLOTS ? &slots[index] : NULL;
    if (before == NULL || before->begin == NULL) return after;
    if (after == NULL || after->begin == NULL) return before;
    return address - (before->begin + before->size) <= after->begin - address ? before : after;
}

void zm_pool_explain(const void *address) {
    const struct slot *slot = slot_at(address);
    const char *what = "use after free";
    if (slot == NULL) {
        slot = near(address);
        what = "access past a block";
        if (slot != NULL && (const char *)address < slot->begin) what = "access before a block";
    }
    const struct zm_bad_block block = bad_block(slot);
    zm_report(block.begin != NULL ? what : "access to no block of zmalloc's", address, &block);
}
