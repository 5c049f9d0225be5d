/* With --guard, each block of the allocator holds
 *
 *     canary | the program's bytes | canary
 *
 * A struct block describes it.  These structs lie apart from the blocks, where a write past a
 * block does not reach them.  A hash table holds all structs, so zmalloc can see that a
 * pointer is no block without reading its memory.  Freed blocks stay in quarantine for a
 * while, filled with POISON, to detect double frees and writes after free. */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "zmalloc/allocator/backend.h"
#include "zmalloc/core/accounting.h"
#include "zmalloc/core/early.h"
#include "zmalloc/core/oom.h"
#include "zmalloc/core/sampled.h"
#include "zmalloc/core/traces.h"
#include "zmalloc/core/zones.h"
#include "zmalloc/guard/bug_report.h"

#define ZM_GUARDED_ITSELF
#include "zmalloc/guard/guarded.h"

enum {
    CANARY = 16, /* bytes of each canary */
    POISON = 0xdd,
    BUCKETS = 1 << 16,
    QUARANTINE_BLOCKS = 4096,
    QUARANTINE_BYTES = 4 << 20,
    LARGE = 256 << 10, /* blocks of this size or more do not go into quarantine */
    /* jemalloc's flags, which flags.h uses as well. */
    FLAG_LG_ALIGN = 0x3f,
    FLAG_ZERO = 0x40,
};

struct block {
    unsigned char *bytes;  /* the program's */
    struct block *next;    /* in its bucket, or in the list of unused structs */
    struct block *younger; /* in the quarantine */
    size_t size;           /* the requested one */
    size_t offset;         /* of the program's bytes in the allocator's block */
    int flags;             /* for the allocator's free function */
    bool is_freed;
    struct zm_stack allocated, freed;
};

/* ---- The lock -------------------------------------------------------------- */

/* Guards the table, the unused structs and the quarantine.  Never held while the allocator is
 * called, or while a bug is reported. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/* Set during a fork, in the thread that forks: it holds the lock, and fork handlers of other
 * libraries may allocate meanwhile. */
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

/* Registers the fork handlers as early as possible: handlers that are registered later run
 * while these do not hold the lock. */
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

/* Returns NULL when there is no memory.  It allocates many structs at once, from the
 * allocator: so large a block lies apart from others, and leak checkers look into it. */
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

/* The block that contains this byte. */
static struct block *find_around(const void *ptr) {
    for (size_t b = 0; b < BUCKETS; b++) {
        for (struct block *block = buckets[b]; block != NULL; block = block->next) {
            if ((uintptr_t)ptr - (uintptr_t)block->bytes < block->size) return block;
        }
    }
    return NULL;
}

/* ---- Bugs -------------------------------------------------------------------- */

/* Call without the lock: a handler of SIGABRT may allocate. */
static _Noreturn void report_bug(const char *what, const void *address, const struct block *block) {
    struct zm_bad_block bad_block = {.begin = NULL};
    if (block != NULL) {
        bad_block.begin = block->bytes;
        bad_block.size = block->size;
        bad_block.allocated = &block->allocated;
        if (block->is_freed) bad_block.freed = &block->freed;
    }
    zm_report_and_abort(what, address, &bad_block);
}

/* Each block has a different canary, so that a copy of one block over another is noticed. */
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
    if (!is_canary(front_of(block), block))
        report_bug("write before a block", front_of(block), block);
    if (!is_canary(end, block)) report_bug("write past a block", end, block);
}

/* The first byte of a quarantined block that was written after the block was freed; NULL:
 * none. */
static const unsigned char *find_write(const struct block *block) {
    const unsigned char *byte = block->bytes, *end = byte + block->size;
    if (!is_canary(front_of(block), block)) return front_of(block);
    while (byte < end && *byte == POISON) byte++;
    return byte == end && is_canary(end, block) ? NULL : byte;
}

static void check_quarantined(const struct block *block) {
    const unsigned char *byte = find_write(block);
    if (byte != NULL) report_bug("write after free", byte, block);
}

/* Returns the block at `ptr`; reports a bug if there is none or it is freed already.  With
 * `frees`, marks the block as freed. */
static struct block *take(const void *ptr, bool frees) {
    lock();
    struct block *block = find(ptr), *around = block == NULL ? find_around(ptr) : NULL;
    const bool was_freed = block != NULL && block->is_freed;
    if (block != NULL && frees) block->is_freed = true;
    unlock();
    if (around != NULL) report_bug("pointer not to a block's beginning", ptr, around);
    if (block == NULL) report_bug("no block of zmalloc's", ptr, NULL);
    if (was_freed) report_bug(frees ? "double free" : "use of a freed block", ptr, block);
    check_canaries(block);
    return block;
}

/* ---- Freed blocks -------------------------------------------------------------- */

/* Freed blocks in quarantine, oldest first.  Guarded by the lock. */
static struct block *oldest, *youngest;
static size_t quarantined_blocks, quarantined_bytes;

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

static void quarantine_push(struct block *block) {
    block->younger = NULL;
    if (oldest == NULL) oldest = block;
    if (youngest != NULL) youngest->younger = block;
    youngest = block;
    quarantined_blocks++;
    quarantined_bytes += block->size;
}

/* Takes out the oldest block when the quarantine is over its limits; else returns NULL.  Call
 * with the lock held. */
static struct block *quarantine_pop(void) {
    struct block *block = oldest;
    if (quarantined_blocks <= QUARANTINE_BLOCKS && quarantined_bytes <= QUARANTINE_BYTES)
        return NULL;
    oldest = block->younger;
    if (oldest == NULL) youngest = NULL;
    quarantined_blocks--;
    quarantined_bytes -= block->size;
    leave(block);
    return block;
}

static void quarantine_drain(void) {
    for (;;) {
        lock();
        struct block *block = quarantine_pop();
        unlock();
        if (block == NULL) return;
        check_quarantined(block);
        discard(block);
    }
}

/* Puts a block that take() has marked as freed into quarantine, or frees it if it is large. */
static void quarantine_block(struct block *block, int flags) {
    const bool is_large = block->size >= LARGE;
    zm_stack_take(&block->freed);
    block->flags = flags & ~(FLAG_LG_ALIGN | FLAG_ZERO) ? ZM_BACKEND_NO_TCACHE : 0;
    if (!is_large) memset(block->bytes, POISON, block->size);
    lock();
    if (is_large) {
        leave(block);
    } else {
        quarantine_push(block);
    }
    unlock();
    if (is_large) discard(block);
    quarantine_drain();
}

/* At the end of the program, checks the blocks that are still in quarantine. */
__attribute__((destructor)) static void check_quarantine(void) {
    lock();
    const struct block *block = oldest;
    while (block != NULL && find_write(block) == NULL) block = block->younger;
    unlock();
    if (block != NULL) check_quarantined(block);
}

/* ---- The backend's functions ----------------------------------------------------- */

/* Bytes from the beginning of the allocator's block to the program's bytes: a multiple of the
 * alignment. */
static size_t offset_for(size_t alignment) {
    return (CANARY + alignment - 1) / alignment * alignment;
}

/* Sets *whole to the bytes to request from the allocator; false when that is too much.  It is
 * a multiple of 16, so that every block is aligned to 16, and stays so when it is moved. */
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
    /* The allocator does not zero the block: for a large alignment, there may be gigabytes
     * before the program's bytes. */
    void *raw = zm_backend_malloc_flags(whole, flags & ~FLAG_ZERO, &got);
    void *ptr = guarded(raw, offset, size, usable);
    return ptr != NULL && flags & FLAG_ZERO ? memset(ptr, 0, size) : ptr;
}

void zm_guarded_free_flags(void *ptr, int flags, size_t *usable) {
    struct block *block = take(ptr, true);
    *usable = block->size;
    quarantine_block(block, flags);
}

void zm_guarded_free(void *ptr, size_t *usable) { zm_guarded_free_flags(ptr, 0, usable); }

size_t zm_guarded_usable_size(const void *ptr) { return take(ptr, false)->size; }

/* A realloc always moves the block, so that uses of the old pointer are noticed. */
static void *move(void *ptr, void *moved, const size_t *usable, int flags, size_t *old_usable) {
    struct block *block = take(ptr, moved != NULL);
    *old_usable = block->size;
    if (moved == NULL) return NULL;
    memcpy(moved, ptr, *usable < block->size ? *usable : block->size);
    quarantine_block(block, flags);
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

/* NULL also for aligned and for empty blocks: a new block of the same usable size would not be
 * aligned or empty. */
void *zm_guarded_movable(void *ptr) {
    lock();
    const struct block *block = find(ptr);
    const bool movable = block != NULL && block->offset == offset_for(CANARY) && block->size != 0;
    void *raw = movable ? block->bytes - block->offset : NULL;
    unlock();
    return raw;
}

/* The guard itself writes into blocks that are freed. */
bool zm_guarded_fork_child(void) {
    (void)zm_backend_fork_child();
    return true;
}

void zm_guarded_should_defrag(const void *const *ptrs, size_t count, bool *should) {
    zm_backend_should_defrag(ptrs, count, should);
    for (size_t i = 0; i < count; i++) {
        should[i] = should[i] && zm_guarded_movable((void *)(uintptr_t)ptrs[i]) != NULL;
    }
}

/* ---- Functions that also count ----------------------------------------------------- */

void *zm_guarded_counted_try_malloc(size_t size) {
    size_t usable;
    void *ptr = zm_limit_refuses(size) ? NULL : zm_guarded_malloc(size, &usable);
    return ptr != NULL ? zm_count_new_block(ptr, usable + ZM_BACKEND_PREFIX) : NULL;
}

void *zm_guarded_counted_malloc(size_t size) {
    void *ptr = zm_guarded_counted_try_malloc(size);
    return ptr != NULL ? ptr : zm_out_of_memory(size);
}

void *zm_guarded_counted_try_calloc(size_t size) {
    size_t usable;
    void *ptr = zm_limit_refuses(size) ? NULL : zm_guarded_calloc(size, &usable);
    return ptr != NULL ? zm_count_new_block(ptr, usable + ZM_BACKEND_PREFIX) : NULL;
}

void *zm_guarded_counted_calloc(size_t size) {
    void *ptr = zm_guarded_counted_try_calloc(size);
    return ptr != NULL ? ptr : zm_out_of_memory(size);
}

void zm_guarded_counted_free(void *ptr) {
    size_t usable;
    if (zm_null_or_sampled(ptr) && zm_sampled_free(ptr)) return;
    zm_guarded_free(ptr, &usable);
    zm_count_freed(ptr, usable + ZM_BACKEND_PREFIX);
}

/* zmalloc.c requests sizeof(long) bytes for some requests of size 0. */
static bool is_size_of(size_t size, size_t usable) {
    return size == usable || (size == 0 && usable == sizeof(long));
}

void zm_guarded_counted_free_sized(void *ptr, size_t size) {
    size_t of_sampled;
    if (!zm_sampled_usable_size(ptr, &of_sampled) &&
        !is_size_of(size, zm_guarded_usable_size(ptr))) {
        report_bug("free with a wrong size", ptr, take(ptr, false));
    }
    zm_guarded_counted_free(ptr);
}

void *zm_guarded_counted_malloc_in(struct zmalloc_zone_t *zone, size_t size) {
    size_t usable;
    void *ptr = zm_limit_refuses(size) ? NULL : zm_guarded_malloc(size, &usable);
    return ptr != NULL ? zm_count_new_block_in(ptr, usable + ZM_BACKEND_PREFIX, size, zone)
                       : zm_out_of_memory(size);
}

void zm_guarded_counted_free_in(struct zmalloc_zone_t *zone, void *ptr) {
    size_t usable;
    if (zm_null_or_sampled(ptr) && zm_sampled_free_in(zone, ptr)) return;
    zm_guarded_free(ptr, &usable);
    zm_count_freed_in(ptr, usable + ZM_BACKEND_PREFIX, zone);
}

/* ---- Functions for //malloc ---------------------------------------------------------- */

size_t zm_guarded_std_size(size_t size) { return size; } /* all blocks are aligned to CANARY */

void *zm_guarded_std_malloc(size_t size) {
    if (zm_early()) return zm_early_malloc(size);
    void *ptr = zm_guarded_counted_try_malloc(size);
    if (ptr == NULL) errno = ENOMEM;
    return ptr;
}

void zm_guarded_std_free(void *ptr) {
    if (zm_early_free(ptr)) return;
    const int saved = errno;
    zm_guarded_counted_free(ptr);
    errno = saved;
}

void zm_guarded_std_free_sized(void *ptr, size_t size) {
    if (zm_early_free(ptr)) return;
    const int saved = errno;
    zm_guarded_counted_free_sized(ptr, size);
    errno = saved;
}

ZM_NAME_IN_TRACES(zm_guarded_counted_malloc, "zmalloc.guarded");
ZM_NAME_IN_TRACES(zm_guarded_counted_calloc, "zcalloc.guarded");
ZM_NAME_IN_TRACES(zm_guarded_realloc, "zrealloc.guarded");
ZM_NAME_IN_TRACES(zm_guarded_counted_free, "zfree.guarded");
ZM_NAME_IN_TRACES(zm_guarded_counted_free_sized, "zfree_with_size.guarded");
ZM_NAME_IN_TRACES(zm_guarded_counted_malloc_in, "zmalloc_in.guarded");
ZM_NAME_IN_TRACES(zm_guarded_counted_free_in, "zfree_in.guarded");
ZM_NAME_IN_TRACES(zm_guarded_free, "zfree_usable.guarded");
ZM_NAME_IN_TRACES(zm_guarded_free_flags, "zfree_with_flags.guarded");
