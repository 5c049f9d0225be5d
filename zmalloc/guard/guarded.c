/* What --guard puts around each block:
 *
 *     canary | the program's bytes | canary
 *
 * in one block of the allocator's.  What is known of it is a struct block, in pages of
 * our own that no write past a block reaches.  All of them are in a table, so that what
 * is no block is known without a look at its memory.  Freed ones stay a while, filled
 * with POISON, to see who frees or writes them once more. */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "zmalloc/accounting/accounting.h"
#include "zmalloc/allocator/backend.h"
#include "zmalloc/guard/report.h"
#include "zmalloc/guard/sampled.h"
#include "zmalloc/oom.h"

#define ZM_GUARDED_ITSELF
#include "guarded.h"

enum {
    CANARY = 16, /* bytes, before and after */
    POISON = 0xdd,
    BUCKETS = 1 << 16,
    RESTING_BLOCKS = 4096,
    RESTING_BYTES = 4 << 20,
    LARGE = 256 << 10, /* from here on blocks do not rest */
    /* Of jemalloc's flags, which portable_flags.h takes as well. */
    FLAG_LG_ALIGN = 0x3f,
    FLAG_ZERO = 0x40,
};

struct block {
    unsigned char *bytes;  /* the program's */
    struct block *next;    /* in its bucket, or of those not in use */
    struct block *younger; /* of those that rest */
    size_t size;           /* that was asked for */
    size_t offset;         /* of the program's bytes in the allocator's block */
    int flags;             /* to free it with */
    bool is_freed;
    struct zm_stack allocated, freed;
};

/* ---- The lock -------------------------------------------------------------- */

/* Guards the table and who rests.  Never held while the allocator is called, or while
 * a fault is reported. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/* It holds the lock from before to after a fork; fork handlers of others may allocate
 * meanwhile. */
static _Thread_local bool thread_is_forking __attribute__((tls_model("initial-exec")));

static void lock(void) {
    if (!thread_is_forking) pthread_mutex_lock(&mutex);
}

static void unlock(void) {
    if (!thread_is_forking) pthread_mutex_unlock(&mutex);
}

static void before_fork(void) {
    pthread_mutex_lock(&mutex);
    thread_is_forking = true;
}

static void after_fork(void) {
    thread_is_forking = false;
    pthread_mutex_unlock(&mutex);
}

/* As early as can be: handlers that are registered later run outside of these. */
__attribute__((constructor(101))) static void set_up(void) {
    zm_report_prepare();
    pthread_atfork(before_fork, after_fork, after_fork);
}

/* ---- The table ------------------------------------------------------------- */

static struct block *buckets[BUCKETS];

static unsigned char *front_of(const struct block *block) { return block->bytes - CANARY; }

static struct block *unused;

/* Call without the lock. */
static void delete_block(struct block *block) {
    lock();
    block->next = unused;
    unused = block;
    unlock();
}

/* NULL when there is no memory for one more.  Many at once, of the allocator's: a block
 * so large lies apart from others, and leak checkers look into it. */
static struct block *new_block(void) {
    enum { AT_ONCE = 1024 };
    size_t usable;
    lock();
    struct block *block = unused;
    if (block != NULL) unused = block->next;
    unlock();
    if (block != NULL) return block;
    block = zm_backend_malloc(AT_ONCE * sizeof *block, &usable);
    for (size_t i = 1; block != NULL && i < AT_ONCE; i++) delete_block(&block[i]);
    return block;
}

static struct block **bucket_of(const void *ptr) {
    const uint64_t hash = (uint64_t)(uintptr_t)ptr * UINT64_C(0x9e3779b97f4a7c15);
    return &buckets[hash >> 48];
}

/* Call these with the lock held. */

static void enter(struct block *block) {
    struct block **bucket = bucket_of(block->bytes);
    block->next = *bucket;
    *bucket = block;
}

static struct block *find(const void *ptr) {
    struct block *block = *bucket_of(ptr);
    while (block != NULL && block->bytes != ptr) block = block->next;
    return block;
}

static void leave(struct block *block) {
    struct block **link = bucket_of(block->bytes);
    while (*link != block) link = &(*link)->next;
    *link = block->next;
}

/* The block that has this byte in the middle. */
static struct block *find_around(const void *ptr) {
    for (size_t b = 0; b < BUCKETS; b++) {
        for (struct block *block = buckets[b]; block != NULL; block = block->next) {
            if ((uintptr_t)ptr - (uintptr_t)block->bytes < block->size) return block;
        }
    }
    return NULL;
}

/* ---- Faults ------------------------------------------------------------------ */

/* Call without the lock: a handler of SIGABRT may allocate. */
static _Noreturn void accuse(const char *what, const void *address, const struct block *block) {
    struct zm_suspect suspect = {.begin = NULL};
    if (block != NULL) {
        suspect.begin = block->bytes;
        suspect.size = block->size;
        suspect.allocated = &block->allocated;
        if (block->is_freed) suspect.freed = &block->freed;
    }
    zm_report_and_abort(what, address, &suspect);
}

/* Unlike for each block: one that is copied over another shows. */
static void write_canary(unsigned char *canary, const struct block *block) {
    uint64_t pattern = ((uint64_t)(uintptr_t)block ^ block->size) * UINT64_C(0xd6e8feb86659fd93);
    memcpy(canary, &pattern, sizeof pattern);
    pattern = ~pattern;
    memcpy(canary + sizeof pattern, &pattern, sizeof pattern);
}

static bool is_canary(const unsigned char *canary, const struct block *block) {
    unsigned char expected[CANARY];
    write_canary(expected, block);
    return memcmp(canary, expected, CANARY) == 0;
}

static void check_canaries(const struct block *block) {
    const unsigned char *end = block->bytes + block->size;
    if (!is_canary(front_of(block), block)) accuse("write before a block", front_of(block), block);
    if (!is_canary(end, block)) accuse("write past a block", end, block);
}

/* Of a block that rests, the first byte that was written since; NULL: none. */
static const unsigned char *find_write(const struct block *block) {
    const unsigned char *byte = block->bytes, *end = byte + block->size;
    if (!is_canary(front_of(block), block)) return front_of(block);
    while (byte < end && *byte == POISON) byte++;
    return byte == end && is_canary(end, block) ? NULL : byte;
}

static void check_rested(const struct block *block) {
    const unsigned char *byte = find_write(block);
    if (byte != NULL) accuse("write after free", byte, block);
}

/* The block at `ptr`, which must be one and not yet freed; with `frees`, it is from now
 * on. */
static struct block *take(const void *ptr, bool frees) {
    lock();
    struct block *block = find(ptr), *around = block == NULL ? find_around(ptr) : NULL;
    const bool was_freed = block != NULL && block->is_freed;
    if (block != NULL && frees) block->is_freed = true;
    unlock();
    if (around != NULL) accuse("pointer not to a block's beginning", ptr, around);
    if (block == NULL) accuse("no block of zmalloc's", ptr, NULL);
    if (was_freed) accuse(frees ? "double free" : "use of a freed block", ptr, block);
    check_canaries(block);
    return block;
}

/* ---- Freed blocks -------------------------------------------------------------- */

/* Those that rest, oldest first.  Under the lock. */
static struct block *oldest, *youngest;
static size_t resting_blocks, resting_bytes;

static void discard(struct block *block) {
    size_t usable;
    void *raw = block->bytes - block->offset;
    if (block->flags != 0) {
        zm_backend_free_flags(raw, block->flags, &usable);
    } else {
        zm_backend_free(raw, &usable);
    }
    delete_block(block);
}

static void lay_to_rest(struct block *block) {
    block->younger = NULL;
    if (oldest == NULL) oldest = block;
    if (youngest != NULL) youngest->younger = block;
    youngest = block;
    resting_blocks++;
    resting_bytes += block->size;
}

/* One that has rested long enough, or NULL. */
static struct block *wake(void) {
    struct block *block = oldest;
    if (resting_blocks <= RESTING_BLOCKS && resting_bytes <= RESTING_BYTES) return NULL;
    oldest = block->younger;
    if (oldest == NULL) youngest = NULL;
    resting_blocks--;
    resting_bytes -= block->size;
    leave(block);
    return block;
}

static void discard_who_rested(void) {
    for (;;) {
        lock();
        struct block *block = wake();
        unlock();
        if (block == NULL) return;
        check_rested(block);
        discard(block);
    }
}

/* What take() has marked as freed. */
static void put_away(struct block *block, int flags) {
    const bool is_large = block->size >= LARGE;
    zm_stack_take(&block->freed);
    block->flags = flags & ~(FLAG_LG_ALIGN | FLAG_ZERO) ? ZM_BACKEND_NO_TCACHE : 0;
    if (!is_large) memset(block->bytes, POISON, block->size);
    lock();
    if (is_large) {
        leave(block);
    } else {
        lay_to_rest(block);
    }
    unlock();
    if (is_large) discard(block);
    discard_who_rested();
}

/* At the end of the program, those that still rest. */
__attribute__((destructor)) static void check_who_rests(void) {
    lock();
    const struct block *block = oldest;
    while (block != NULL && find_write(block) == NULL) block = block->younger;
    unlock();
    if (block != NULL) check_rested(block);
}

/* ---- The backend's functions ----------------------------------------------------- */

/* From the program's bytes to the beginning: a multiple of the alignment. */
static size_t offset_for(size_t alignment) {
    return (CANARY + alignment - 1) / alignment * alignment;
}

/* What to ask the allocator for; false when that is too much.  A multiple of 16, so that
 * every block is aligned to that, and stays so when it is moved. */
static bool whole_size(size_t size, size_t offset, size_t *whole) {
    if (__builtin_add_overflow(size, offset + 2 * CANARY - 1, whole)) return false;
    *whole -= *whole % CANARY;
    return *whole < SIZE_MAX / 2;
}

static void *guarded(void *raw, size_t offset, size_t size, size_t *usable) {
    if (raw == NULL) return NULL;
    struct block *block = new_block();
    if (block == NULL) {
        zm_backend_free(raw, usable);
        *usable = 0;
        return NULL;
    }
    *block = (struct block){.bytes = (unsigned char *)raw + offset, .size = size, .offset = offset};
    write_canary(front_of(block), block);
    write_canary(block->bytes + size, block);
    zm_stack_take(&block->allocated);
    lock();
    enter(block);
    unlock();
    *usable = size;
    return block->bytes;
}

void *zm_guarded_malloc(size_t size, size_t *usable) {
    const size_t offset = offset_for(CANARY);
    size_t whole, got;
    if (!whole_size(size, offset, &whole)) return NULL;
    return guarded(zm_backend_malloc(whole, &got), offset, size, usable);
}

void *zm_guarded_calloc(size_t size, size_t *usable) {
    const size_t offset = offset_for(CANARY);
    size_t whole, got;
    if (!whole_size(size, offset, &whole)) return NULL;
    return guarded(zm_backend_calloc(whole, &got), offset, size, usable);
}

void *zm_guarded_aligned(size_t alignment, size_t size, size_t *usable) {
    if (alignment < CANARY) alignment = CANARY;
    const size_t offset = offset_for(alignment);
    size_t whole, got;
    if (!whole_size(size, offset, &whole) || whole >= SIZE_MAX / 2 - alignment) return NULL;
    return guarded(zm_backend_aligned(alignment, whole, &got), offset, size, usable);
}

void *zm_guarded_malloc_flags(size_t size, int flags, size_t *usable) {
    const size_t alignment = (size_t)1 << (flags & FLAG_LG_ALIGN);
    const size_t offset = offset_for(alignment < CANARY ? CANARY : alignment);
    size_t whole, got;
    if (!whole_size(size, offset, &whole)) return NULL;
    /* Zeroed here: what is in front for the alignment's sake may be gigabytes. */
    void *raw = zm_backend_malloc_flags(whole, flags & ~FLAG_ZERO, &got);
    void *ptr = guarded(raw, offset, size, usable);
    return ptr != NULL && flags & FLAG_ZERO ? memset(ptr, 0, size) : ptr;
}

void zm_guarded_free_flags(void *ptr, int flags, size_t *usable) {
    struct block *block = take(ptr, true);
    *usable = block->size;
    put_away(block, flags);
}

void zm_guarded_free(void *ptr, size_t *usable) { zm_guarded_free_flags(ptr, 0, usable); }

size_t zm_guarded_usable_size(const void *ptr) { return take(ptr, false)->size; }

/* Always to another place: pointers that are kept show. */
static void *move(void *ptr, void *moved, const size_t *usable, int flags, size_t *old_usable) {
    struct block *block = take(ptr, moved != NULL);
    *old_usable = block->size;
    if (moved == NULL) return NULL;
    memcpy(moved, ptr, *usable < block->size ? *usable : block->size);
    put_away(block, flags);
    return moved;
}

void *zm_guarded_realloc(void *ptr, size_t size, size_t *usable, size_t *old_usable) {
    *usable = 0;
    *old_usable = zm_guarded_usable_size(ptr);
    return move(ptr, zm_guarded_malloc(size, usable), usable, 0, old_usable);
}

void *zm_guarded_realloc_flags(void *ptr, size_t size, int flags, size_t *usable,
                               size_t *old_usable) {
    *usable = 0;
    *old_usable = zm_guarded_usable_size(ptr);
    return move(ptr, zm_guarded_malloc_flags(size, flags, usable), usable, flags, old_usable);
}

/* But those that are aligned, or empty: another block of their size would be neither. */
void zm_guarded_should_defrag(const void *const *ptrs, size_t count, bool *should) {
    zm_backend_should_defrag(ptrs, count, should);
    for (size_t i = 0; i < count; i++) {
        if (!should[i]) continue;
        lock();
        const struct block *block = find(ptrs[i]);
        should[i] = block != NULL && block->offset == offset_for(CANARY) && block->size != 0;
        unlock();
    }
}

/* ---- And count -------------------------------------------------------------------- */

void *zm_guarded_counted_try_malloc(size_t size) {
    size_t usable;
    void *ptr = zm_guarded_malloc(size, &usable);
    return ptr != NULL ? zm_counted(ptr, usable + ZM_BACKEND_PREFIX) : NULL;
}

void *zm_guarded_counted_malloc(size_t size) {
    void *ptr = zm_guarded_counted_try_malloc(size);
    return ptr != NULL ? ptr : zm_out_of_memory(size);
}

void *zm_guarded_counted_try_calloc(size_t size) {
    size_t usable;
    void *ptr = zm_guarded_calloc(size, &usable);
    return ptr != NULL ? zm_counted(ptr, usable + ZM_BACKEND_PREFIX) : NULL;
}

void *zm_guarded_counted_calloc(size_t size) {
    void *ptr = zm_guarded_counted_try_calloc(size);
    return ptr != NULL ? ptr : zm_out_of_memory(size);
}

void zm_guarded_counted_free(void *ptr) {
    size_t usable;
    if (zm_is_seldom(ptr) && zm_seldom_freed(ptr)) return;
    zm_guarded_free(ptr, &usable);
    zm_count_freed(usable + ZM_BACKEND_PREFIX);
}

/* 0 is the size asked for of some blocks of a pointer's worth (zmalloc.c). */
static bool is_size_of(size_t size, size_t usable) {
    return size == usable || (size == 0 && usable == sizeof(long));
}

void zm_guarded_counted_free_sized(void *ptr, size_t size) {
    size_t of_seldom;
    if (!zm_seldom_size(ptr, &of_seldom) && !is_size_of(size, zm_guarded_usable_size(ptr))) {
        accuse("free with a wrong size", ptr, take(ptr, false));
    }
    zm_guarded_counted_free(ptr);
}
