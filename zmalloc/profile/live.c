#include "zmalloc/profile/live.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "zmalloc/allocator/backend.h"
#include "zmalloc/core/accounting.h"
#include "zmalloc/core/sampled.h"
#include "zmalloc/profile/region.h"
#include "zmalloc/profile/samples.h"
#include "zmalloc/profile/stacks.h"
#include "zmalloc/profile/table.h"

enum {
    IS_SAMPLE = 0x5a53414d, /* in the header of a live sample */
    LG_LARGE_BUCKETS = 12,
    LARGEST_TWIN = 8 << 10, /* of larger blocks, copies cost more than their slabs tell */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* This thread forks, so it holds the lock.  Fork handlers of other libraries may allocate and free
 * meanwhile. */
static _Thread_local bool thread_is_forking __attribute__((tls_model("initial-exec")));

/* All that follows is guarded by `lock`. */
static struct zm_sample live = {.next = &live, .previous = &live};
static struct zm_sample *large[1 << LG_LARGE_BUCKETS];
static _Atomic size_t large_count;

/* ---- The lock -------------------------------------------------------------------- */

void zm_live_lock(void) {
    if (!thread_is_forking) pthread_mutex_lock(&lock);
}

void zm_live_unlock(void) {
    if (!thread_is_forking) pthread_mutex_unlock(&lock);
}

/* A signal handler that runs between the two lines would wait for its own thread. */
static void set_forking(bool is_forking) {
    sigset_t all, saved;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &saved);
    if (is_forking) pthread_mutex_lock(&lock);
    thread_is_forking = is_forking;
    if (!is_forking) pthread_mutex_unlock(&lock);
    pthread_sigmask(SIG_SETMASK, &saved, NULL);
}

static void before_fork(void) { set_forking(true); }

static void after_fork(void) { set_forking(false); }

static bool handles_fork;

static void handle_fork(void) {
    handles_fork = pthread_atfork(before_fork, after_fork, after_fork) == 0;
}

void zm_live_handle_fork(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, handle_fork);
}

bool zm_live_open(void) {
    zm_live_lock();
    const bool is_open = handles_fork && zm_rows_open() && zm_region_open() != 0;
    zm_live_unlock();
    return is_open;
}

/* ---- The samples ----------------------------------------------------------------- */

bool zm_live_is_large(size_t counted) { return counted > (size_t)ZM_PEAK_WINDOW; }

bool zm_live_keeps_block(size_t counted) {
    return counted <= LARGEST_TWIN || zm_live_is_large(counted);
}

bool zm_live_has_large(void) {
    return atomic_load_explicit(&large_count, memory_order_relaxed) != 0;
}

struct zm_sample *zm_live_small_at(const void *ptr) {
    struct zm_sample *sample = (struct zm_sample *)ptr - 1;
    const bool is_one = (uintptr_t)ptr % sizeof(*sample) == 0 && zm_region_has(sample) &&
                        sample->is_sample == IS_SAMPLE && !zm_live_is_large(sample->counted);
    return is_one ? sample : NULL;
}

/* A thread that resizes its large sample knows of it, since it was counted before it was handed
 * out. */
static void count_large(const struct zm_sample *sample, int change) {
    if (!zm_live_is_large(sample->counted)) return;
    const size_t now = atomic_load(&large_count) + (size_t)change;
    atomic_store(&large_count, now);
    if (now == 0 || (now == 1 && change == 1)) zm_resize_samples_with_care(now != 0);
}

/* Counts a sample in its row, and puts it into the list of live samples. */
static void link_sample(struct zm_sample *sample) {
    sample->next = &live;
    sample->previous = live.previous;
    live.previous->next = sample;
    live.previous = sample;
    sample->is_sample = IS_SAMPLE;
    zm_row_add_live(sample->row, 1, sample->weight, sample->counted);
    count_large(sample, 1);
}

void zm_live_unlink(struct zm_sample *sample) {
    sample->next->previous = sample->previous;
    sample->previous->next = sample->next;
    sample->is_sample = 0;
    zm_row_add_live(sample->row, -1, sample->weight, sample->counted);
    count_large(sample, -1);
}

static struct zm_sample *take_memory(size_t counted, size_t alignment) {
    const bool is_large = zm_live_is_large(counted), aligns = alignment > sizeof(struct zm_sample);
    size_t taken = sizeof(struct zm_sample), before = 0;
    if (!is_large) taken += counted + (aligns ? alignment : 0);
    char *memory = zm_region_take(taken);
    if (memory == NULL) return NULL;
    if (!is_large && aligns) {
        before = -(uintptr_t)(memory + sizeof(struct zm_sample)) & (alignment - 1);
    }
    struct zm_sample *sample = (struct zm_sample *)(memory + before);
    memset(sample, 0, sizeof *sample);
    if (!is_large) {
        sample->small.taken = taken;
        sample->small.before = before;
    }
    return sample;
}

void zm_live_delete(struct zm_sample *sample) {
    if (zm_live_is_large(sample->counted)) {
        zm_region_give(sample, sizeof *sample);
    } else {
        zm_region_give((char *)sample - sample->small.before, sample->small.taken);
    }
}

/* ---- Large ones -------------------------------------------------------------------- */

static struct zm_sample **bucket_of(const void *block) {
    const uint64_t mixed = (uint64_t)((uintptr_t)block >> 12) * UINT64_C(0x9e3779b97f4a7c15);
    return &large[mixed >> (64 - LG_LARGE_BUCKETS)];
}

/* A thread that resizes or frees its large sample knows of it, since it was filed before it was
 * handed out.  So an empty bucket needs no lock, and other blocks mostly have one. */
bool zm_live_may_be_large(const void *block) {
    return __atomic_load_n(bucket_of(block), __ATOMIC_ACQUIRE) != NULL;
}

static struct zm_sample **find_large(const void *block) {
    struct zm_sample **place = bucket_of(block);
    while (*place != NULL && (*place)->block != block) place = &(*place)->large.next_in_bucket;
    return place;
}

/* Files a large sample.  An older sample at the same address may still be there: its thread has
 * given the block back to the allocator, but has not reported that yet.  The new sample takes its
 * place, and the next report that this address was freed is about the older one. */
static void insert_large(struct zm_sample *sample) {
    struct zm_sample **place = find_large(sample->block);
    struct zm_sample *older = *place;
    if (older != NULL) {
        __atomic_store_n(place, older->large.next_in_bucket, __ATOMIC_RELEASE);
        zm_live_unlink(older);
        sample->large.overtaken = older->large.overtaken + 1;
        zm_live_delete(older);
    }
    place = bucket_of(sample->block);
    sample->large.next_in_bucket = *place;
    __atomic_store_n(place, sample, __ATOMIC_RELEASE);
}

struct zm_sample *zm_live_remove_large(const void *block) {
    struct zm_sample **place = find_large(block), *sample = *place;
    if (sample == NULL) return NULL;
    if (sample->large.overtaken > 0) { /* an older one is meant */
        sample->large.overtaken--;
        return NULL;
    }
    __atomic_store_n(place, sample->large.next_in_bucket, __ATOMIC_RELEASE);
    return sample;
}

/* All bytes of a new block were allocated, and those by which one grew. */
static void count_allocated(const struct zm_draft *draft) {
    const struct zm_sample *before = draft->before;
    if (before != NULL && draft->counted <= before->counted) return;
    if (before != NULL) zm_row_add_allocated(before->row, -1, before->weight, before->counted);
    zm_row_add_allocated(draft->row, 1, draft->weight, draft->counted);
}

struct zm_sample *zm_live_make(const struct zm_draft *draft) {
    struct zm_sample *sample = take_memory(draft->counted, draft->alignment);
    if (sample == NULL) return NULL;
    sample->block = zm_live_keeps_block(draft->counted) ? draft->block : NULL;
    sample->counted = draft->counted;
    sample->weight = draft->weight;
    sample->row = draft->row;
    if (zm_live_is_large(draft->counted)) insert_large(sample);
    link_sample(sample);
    count_allocated(draft);
    return sample;
}

/* ---- All of them --------------------------------------------------------------------- */

/* The free bytes of a slab are divided among the blocks that keep it in use. */
static void add_waste(const struct zm_sample *sample) {
    struct zm_slab slab;
    /* A thread may have given a large block back already, and not have reported it yet. */
    if (zm_live_is_large(sample->counted) || sample->block == NULL ||
        !zm_backend_slab_of(sample->block, &slab))
        return;
    zm_row_add_waste(sample->row, sample->weight * (double)slab.free_bytes / (double)slab.blocks);
}

void zm_samples_find_waste(void) {
    if (zm_profile_rate() == 0) return;
    zm_live_lock();
    for (const struct zm_sample *sample = live.next; sample != &live; sample = sample->next) {
        add_waste(sample);
    }
    zm_rows_set_waste();
    zm_live_unlock();
}

void zm_samples_held(struct zm_samples_held *held) {
    *held = (struct zm_samples_held){.own = 0};
    if (zm_profile_rate() == 0) return;
    zm_live_lock();
    held->own = zm_rows_size() + zm_known_stacks_size() + zm_region_kept();
    for (const struct zm_sample *sample = live.next; sample != &live; sample = sample->next) {
        held->own += sizeof *sample;
        if (zm_live_is_large(sample->counted)) continue;
        held->in_region += sample->counted;
        if (sample->block != NULL) held->twins += sample->counted;
    }
    zm_live_unlock();
}
