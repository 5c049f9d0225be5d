#include "zmalloc/accounting/accounting.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "zmalloc/os/os.h"

/* Slots lie in blocks of 64, a page each, mapped when first needed and kept.
 * Two levels of bitmaps say which slots and which blocks are in use, so that a
 * sum visits live threads only, however many there once were. */
enum {
    SLOTS_PER_BLOCK = 64,
    BLOCKS_PER_GROUP = 64,
    GROUPS = 64,
    BLOCKS = GROUPS * BLOCKS_PER_GROUP, /* 262,144 threads; more share one sum */
};

struct block {
    struct zm_slot slots[SLOTS_PER_BLOCK];
};

static _Atomic(struct block *) blocks[BLOCKS];
static _Atomic uint64_t slots_in_use[BLOCKS];  /* a bit per slot of the block */
static _Atomic uint64_t blocks_in_use[GROUPS]; /* a bit per block with such slots */
static _Atomic unsigned groups_seen;           /* groups at and above were never used */

/* What counted without a slot, and what threads that are gone left. */
static _Atomic int64_t shared_used;

static _Atomic int64_t peak;

/* Odd while a slot is being folded into shared_used; readers then try anew.
 * Written under `lock`. */
static _Atomic unsigned fold_sequence;

/* Guards taking and giving back slots. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* The first block that may have a free slot.  Guarded by `lock`. */
static unsigned first_free_block;

struct zm_slot zm_nobody = {.top = INT64_MIN, .bottom = INT64_MAX};
__thread struct zm_slot *zm_thread_slot = &zm_nobody;
static _Thread_local bool thread_is_exiting __attribute__((tls_model("initial-exec")));

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t exit_key;
static bool exit_key_works;

/* Signals are blocked while the lock is held: a handler that allocates or
 * reads used memory would wait for its own thread. */
static void block_signals(sigset_t *saved) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, saved);
}

static void lock_slots(sigset_t *saved) {
    block_signals(saved);
    pthread_mutex_lock(&lock);
}

static void unlock_slots(const sigset_t *saved) {
    pthread_mutex_unlock(&lock);
    pthread_sigmask(SIG_SETMASK, saved, NULL);
}

static void set_in_use(unsigned block, unsigned slot) {
    unsigned group = block / BLOCKS_PER_GROUP;
    atomic_fetch_or(&slots_in_use[block], UINT64_C(1) << slot);
    atomic_fetch_or(&blocks_in_use[group], UINT64_C(1) << block % BLOCKS_PER_GROUP);
    if (group >= atomic_load(&groups_seen)) atomic_store(&groups_seen, group + 1);
}

static void set_free(unsigned block, unsigned slot) {
    uint64_t bit = UINT64_C(1) << slot;
    if (atomic_fetch_and(&slots_in_use[block], ~bit) == bit) {
        unsigned group = block / BLOCKS_PER_GROUP;
        atomic_fetch_and(&blocks_in_use[group], ~(UINT64_C(1) << block % BLOCKS_PER_GROUP));
        /* Nobody owns a slot in it, and a reader may see its page go: its
         * counters were folded, so zeros are right. */
        zm_os_discard(atomic_load(&blocks[block]), sizeof(struct block));
    }
    if (block < first_free_block) first_free_block = block;
}

/* One of so many new blocks, on average, goes to `sample_instead`, which is set first;
 * 0: none. */
static _Atomic unsigned sample_period;
static void *(*sample_instead)(void *ptr, size_t bytes);

static inline unsigned sample_every(void) {
    return atomic_load_explicit(&sample_period, memory_order_acquire);
}

/* Most of it where the counter is going.  Its top never is more than a window
 * above the counter, which is what the bound of the peak's error rests on. */
static void place_window(struct zm_slot *slot, int64_t used, bool rises) {
    slot->bottom = used - (rises ? ZM_PEAK_WINDOW / 4 : ZM_PEAK_WINDOW * 3 / 4);
    slot->top = slot->bottom + ZM_PEAK_WINDOW;
    if (sample_every() == 0) return;
    slot->real_top = slot->top;
    slot->top = INT64_MIN;
}

/* The lowest free slot, so that slots in use stay together; NULL when memory
 * or the table is exhausted.  Call with `lock` held. */
static struct zm_slot *take_slot(void) {
    for (unsigned b = first_free_block; b < BLOCKS; b++) {
        uint64_t free_slots = ~atomic_load(&slots_in_use[b]);
        if (free_slots == 0) continue;
        struct block *block = atomic_load(&blocks[b]);
        if (block == NULL) {
            block = zm_os_map(sizeof *block);
            if (block == NULL) return NULL;
            atomic_store(&blocks[b], block);
        }
        unsigned s = (unsigned)__builtin_ctzll(free_slots);
        set_in_use(b, s);
        first_free_block = b;
        block->slots[s].block = b;
        block->slots[s].index = s;
        place_window(&block->slots[s], 0, true);
        return &block->slots[s];
    }
    return NULL;
}

/* Moves what the slot counts into the shared sum and frees it.  Call with
 * `lock` held. */
static void fold_slot(struct zm_slot *gone) {
    atomic_fetch_add(&fold_sequence, 1);
    atomic_fetch_add(&shared_used, __atomic_load_n(&gone->used, __ATOMIC_SEQ_CST));
    __atomic_store_n(&gone->used, 0, __ATOMIC_SEQ_CST);
    atomic_fetch_add(&fold_sequence, 1);
    set_free(gone->block, gone->index);
}

/* Folds every slot in use but `keep`.  Call with `lock` held. */
static void fold_slots_except(const struct zm_slot *keep) {
    for (unsigned b = 0; b < atomic_load(&groups_seen) * BLOCKS_PER_GROUP; b++) {
        uint64_t in_use = atomic_load(&slots_in_use[b]);
        for (; in_use != 0; in_use &= in_use - 1) {
            struct zm_slot *slot = &atomic_load(&blocks[b])->slots[__builtin_ctzll(in_use)];
            if (slot != keep) fold_slot(slot);
        }
    }
}

/* Destructor of exit_key.  Others may still run after it, in this round or a
 * later one, and allocate or free: they count in the shared sum. */
static void on_thread_exit(void *value) {
    struct zm_slot *slot = value;
    sigset_t saved;
    /* Another's: in a forked child, glibc (2.36) leaves what a thread had set that was
     * in its destructors meanwhile to the new thread that gets its stack. */
    if (slot != zm_thread_slot) return;
    (void)zm_accounted_peak(); /* what rose inside the window, while it is here */
    lock_slots(&saved);
    zm_thread_slot = &zm_nobody;
    thread_is_exiting = true;
    fold_slot(slot);
    unlock_slots(&saved);
}

/* Set from before to after a fork in the thread that forks: it holds `lock`,
 * and fork handlers of others may allocate meanwhile. */
static _Thread_local bool thread_is_forking __attribute__((tls_model("initial-exec")));

/* Signals stay as they are: handlers that only read find the sequence even. */
static void before_fork(void) {
    sigset_t saved;
    lock_slots(&saved);
    thread_is_forking = true;
    pthread_sigmask(SIG_SETMASK, &saved, NULL);
}

static void in_parent(void) {
    thread_is_forking = false;
    pthread_mutex_unlock(&lock);
}

/* The other threads are not in the child, their blocks are. */
static void in_child(void) {
    sigset_t saved;
    thread_is_forking = false;
    block_signals(&saved);
    fold_slots_except(zm_thread_slot);
    unlock_slots(&saved);
}

static void set_up(void) {
    exit_key_works = pthread_key_create(&exit_key, on_thread_exit) == 0;
    pthread_atfork(before_fork, in_parent, in_child);
}

/* As early as can be: fork handlers that are registered later run outside of
 * ours, when the lock is not held, and may wait for threads that allocate. */
__attribute__((constructor(101))) static void set_up_early(void) { pthread_once(&once, set_up); }

/* A slot for this thread, or NULL. */
static struct zm_slot *acquire_slot(void) {
    sigset_t saved;
    pthread_once(&once, set_up);
    if (!exit_key_works || thread_is_forking)
        return NULL; /* none given back, or the lock is ours */
    lock_slots(&saved);
    struct zm_slot *slot = take_slot();
    /* Before pthread_setspecific, which may allocate. */
    if (slot != NULL) zm_thread_slot = slot;
    unlock_slots(&saved);
    if (slot != NULL && pthread_setspecific(exit_key, slot) != 0) {
        on_thread_exit(slot);
        return NULL;
    }
    return slot;
}

static void count_without_slot(int64_t bytes) {
    struct zm_slot *slot = thread_is_exiting ? NULL : acquire_slot();
    if (slot == NULL) {
        atomic_fetch_add_explicit(&shared_used, bytes, memory_order_relaxed);
        if (bytes > 0) (void)zm_accounted_peak();
    } else if (bytes > 0) {
        zm_count_allocated((size_t)bytes);
    } else {
        zm_count_freed((size_t)-bytes);
    }
}

static inline void count_outside(struct zm_slot *slot, int64_t bytes) {
    if (slot == &zm_nobody) {
        count_without_slot(bytes);
        return;
    }
    int64_t used = __atomic_load_n(&slot->used, __ATOMIC_RELAXED);
    bool rises = used > slot->top;
    place_window(slot, used, rises);
    if (rises) (void)zm_accounted_peak();
}

/* ---- Sampling ----------------------------------------------------------- */

/* From 1 to twice `sample_period`, less 1: that often on average, in no step with the
 * program.  By xorshift. */
static uint64_t draw_distance(void) {
    static _Thread_local uint64_t state __attribute__((tls_model("initial-exec")));
    if (state == 0) state = (uint64_t)(uintptr_t)&state * UINT64_C(0x9e3779b97f4a7c15) | 1;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return 1 + state % (2 * (uint64_t)sample_every() - 1);
}

static bool is_due(void) {
    static _Thread_local uint64_t distance __attribute__((tls_model("initial-exec")));
    if (distance == 0) distance = draw_distance();
    return --distance == 0;
}

/* Each new block comes by; the window is the one with `real_top`. */
static void count_while_sampling(struct zm_slot *slot, int64_t bytes) {
    if (slot != &zm_nobody) {
        int64_t used = __atomic_load_n(&slot->used, __ATOMIC_RELAXED);
        if (used <= slot->real_top && used >= slot->bottom) return;
        slot->top = slot->real_top;
    }
    count_outside(slot, bytes);
}

__attribute__((noinline)) static void *counted_while_sampling(void *ptr, struct zm_slot *slot,
                                                              int64_t bytes) {
    count_while_sampling(slot, bytes);
    return ptr != NULL && is_due() ? sample_instead(ptr, (size_t)bytes) : ptr;
}

void zm_count_outside(struct zm_slot *slot, int64_t bytes) {
    if (sample_every() != 0) {
        count_while_sampling(slot, bytes);
    } else {
        count_outside(slot, bytes);
    }
}

void *zm_counted_outside(void *ptr, struct zm_slot *slot, int64_t bytes) {
    if (sample_every() != 0) return counted_while_sampling(ptr, slot, bytes);
    count_outside(slot, bytes);
    return ptr;
}

void zm_accounting_sample(unsigned every, void *(*instead)(void *ptr, size_t bytes)) {
    struct zm_slot *slot = zm_thread_slot;
    sample_instead = instead;
    atomic_store_explicit(&sample_period, every, memory_order_release);
    if (slot != &zm_nobody) place_window(slot, slot->used, true);
}

static int64_t sum_of_block(unsigned block) {
    int64_t sum = 0;
    struct block *slots = atomic_load_explicit(&blocks[block], memory_order_acquire);
    uint64_t in_use = atomic_load_explicit(&slots_in_use[block], memory_order_acquire);
    for (; in_use != 0; in_use &= in_use - 1) {
        struct zm_slot *slot = &slots->slots[__builtin_ctzll(in_use)];
        sum += __atomic_load_n(&slot->used, __ATOMIC_RELAXED);
    }
    return sum;
}

static int64_t sum_of_slots(void) {
    int64_t sum = 0;
    unsigned groups = atomic_load_explicit(&groups_seen, memory_order_acquire);
    for (unsigned g = 0; g < groups; g++) {
        uint64_t in_use = atomic_load_explicit(&blocks_in_use[g], memory_order_acquire);
        for (; in_use != 0; in_use &= in_use - 1) {
            sum += sum_of_block(g * BLOCKS_PER_GROUP + (unsigned)__builtin_ctzll(in_use));
        }
    }
    return sum;
}

/* A yield would not do: a reader of real-time priority would only yield to itself. */
static void let_others_run(void) {
    const struct timespec shortly = {.tv_nsec = 1000};
    int saved = errno, cancellation;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancellation); /* it is a point of it */
    nanosleep(&shortly, NULL);
    pthread_setcancelstate(cancellation, NULL);
    errno = saved;
}

int64_t zm_accounted(void) {
    for (unsigned tries = 0;; tries++) {
        unsigned before = atomic_load_explicit(&fold_sequence, memory_order_acquire);
        int64_t sum = sum_of_slots() + atomic_load_explicit(&shared_used, memory_order_acquire);
        atomic_thread_fence(memory_order_acquire);
        unsigned after = atomic_load_explicit(&fold_sequence, memory_order_relaxed);
        if (before % 2 == 0 && before == after) return sum;
        if (tries > 100) let_others_run(); /* the thread that folds wants the core */
    }
}

int64_t zm_accounted_peak(void) {
    int64_t now = zm_accounted();
    int64_t seen = atomic_load_explicit(&peak, memory_order_relaxed);
    while (now > seen && !atomic_compare_exchange_weak(&peak, &seen, now)) continue;
    return now > seen ? now : seen;
}

void zm_accounted_peak_reset(void) { atomic_store(&peak, zm_accounted()); }
