#include "tools/ztrace/large.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

/* Blocks of one set. */
enum { WAYS = 4 };

struct slot {
    _Atomic uintptr_t address; /* 0: free */
    struct large block;        /* of the thread that has the block */
};

typedef struct slot set[WAYS];

static set *slots; /* NULL: there is no memory for it */

_Atomic bool large_used[LARGE_SETS];

void large_begin(void) {
    void *map = mmap(NULL, LARGE_SETS * sizeof(*slots), PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (map != MAP_FAILED) slots = map;
}

/* The slot of an address, or NULL. */
static struct slot *find(const void *address) {
    struct slot *slot = slots[large_set(address)];
    for (int i = 0; i < WAYS; i++) {
        if (atomic_load_explicit(&slot[i].address, memory_order_relaxed) == (uintptr_t)address) {
            return &slot[i];
        }
    }
    return NULL;
}

/* A slot may still have the address: a block whose end was not seen. */
void large_add(const void *address, const struct large *block) {
    const size_t set = large_set(address);
    if (!slots) return;
    struct slot *slot = find(address);
    for (int i = 0; !slot && i < WAYS; i++) {
        uintptr_t none = 0;
        struct slot *one = &slots[set][i];
        if (atomic_compare_exchange_strong(&one->address, &none, (uintptr_t)address)) slot = one;
    }
    if (slot) slot->block = *block;
    if (slot && !large_used[set]) large_used[set] = true;
}

bool large_take(const void *address, struct large *block) {
    struct slot *slot = slots ? find(address) : NULL;
    if (!slot) return false;
    *block = slot->block;
    atomic_store_explicit(&slot->address, 0, memory_order_release);
    return true;
}

void large_each(void (*found)(const void *address, const struct large *block)) {
    for (size_t set = 0; set < LARGE_SETS; set++) {
        for (int i = 0; large_used[set] && i < WAYS; i++) {
            const struct slot *slot = &slots[set][i];
            uintptr_t address = atomic_load(&slot->address);
            if (address) found((const void *)address, &slot->block); /* NOLINT */
        }
    }
}

/* The parent goes on in the memory that the child has from it. */
void large_forget(void) {
    if (slots) (void)munmap(slots, LARGE_SETS * sizeof(*slots));
    slots = NULL;
    for (size_t set = 0; set < LARGE_SETS; set++) {
        if (large_used[set]) large_used[set] = false;
    }
    large_begin();
}

/* Some pages of a block. */
struct pages {
    uintptr_t at; /* where they begin */
    size_t size;  /* of each */
    size_t count;
    unsigned char resident[256];
};

/* Whether all that are resident can be read: the program may have protected some. */
static bool readable(const struct pages *pages) {
    enum { MOST = 64 };
    struct iovec from[MOST];
    char copy[MOST] = {0};
    size_t used = 0;
    for (size_t i = 0; i < pages->count; i++) {
        void *page = (void *)(pages->at + i * pages->size); /* NOLINT */
        if (pages->resident[i] & 1) from[used++] = (struct iovec){page, 1};
        if (used < MOST && i + 1 < pages->count) continue;
        struct iovec to = {copy, used};
        if (used && process_vm_readv(getpid(), &to, 1, from, used, 0) != (ssize_t)used)
            return false;
        used = 0;
    }
    return true;
}

/* How pages are compared with zeros.  Those of a block that another thread may free meanwhile are
 * copied by the kernel, which takes longer. */
enum compare { NOT_AT_ALL, IN_PLACE, IN_A_COPY };

static const char zeros[4096];

/* Not inlined: threads that free blocks may have little stack. */
static __attribute__((noinline)) bool copy_has_zeros(uintptr_t at, size_t size) {
    char copy[sizeof(zeros)] = {0};
    while (size > 0) {
        const size_t part = size < sizeof(copy) ? size : sizeof(copy);
        const struct iovec from = {(void *)at, part}, to = {copy, part}; /* NOLINT */
        if (process_vm_readv(getpid(), &to, 1, &from, 1, 0) != (ssize_t)part) return false;
        if (memcmp(copy, zeros, part) != 0) return false;
        at += part;
        size -= part;
    }
    return true;
}

static bool has_zeros(uintptr_t at, size_t size, enum compare how) {
    const char *bytes = (const char *)at; /* NOLINT */
    if (how == IN_A_COPY) return copy_has_zeros(at, size);
    return how == IN_PLACE && bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0;
}

/* The bytes of a block at `begin` that were touched in some pages of it.  Its last page may be the
 * first of another block: it counts if the page before it is resident too. */
static size_t count_touched(const struct pages *pages, uintptr_t begin, const struct large *block,
                            enum compare how) {
    const uintptr_t end = begin + block->size;
    size_t touched = 0;
    for (size_t i = 0; i < pages->count; i++) {
        uintptr_t low = pages->at + i * pages->size, high = low + pages->size;
        const bool shared = high > end;
        if (low < begin) low = begin;
        if (high > end) high = end;
        if (!(pages->resident[i] & 1)) continue;
        if (shared && i > 0 && !(pages->resident[i - 1] & 1)) continue;
        if (has_zeros(low, high - low, how)) continue;
        touched += high - low;
    }
    return touched;
}

ptrdiff_t large_touched(const void *address, const struct large *block, bool owned) {
    struct pages pages = {.size = (size_t)sysconf(_SC_PAGESIZE)};
    const uintptr_t begin = (uintptr_t)address, end = begin + block->size;
    size_t touched = 0;
    for (pages.at = begin & ~(pages.size - 1); pages.at < end;
         pages.at += pages.count * pages.size) {
        pages.count = (end - pages.at + pages.size - 1) / pages.size;
        if (pages.count > sizeof(pages.resident)) pages.count = sizeof(pages.resident);
        void *at = (void *)pages.at; /* NOLINT */
        if (mincore(at, pages.count * pages.size, pages.resident) != 0) return -1;
        enum compare how = NOT_AT_ALL;
        if (block->zeroed && !owned) how = IN_A_COPY;
        if (block->zeroed && owned && readable(&pages)) how = IN_PLACE;
        touched += count_touched(&pages, begin, block, how);
    }
    return (ptrdiff_t)touched;
}
