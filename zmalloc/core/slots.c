#include "zmalloc/core/slots.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "zmalloc/core/inherited.h"
#include "zmalloc/core/limit.h"
#include "zmalloc/core/sampled.h"
#include "zmalloc/core/zones.h"
#include "zmalloc/os/os.h"

/* Slots lie in blocks of 64 slots.  A block is mapped when it is first needed, and never
 * unmapped.  Two levels of bitmaps say which slots and which blocks are in use, so that
 * adding up visits the slots of live threads only. */
enum {
    SLOTS_PER_BLOCK = 64,
    BLOCKS_PER_GROUP = 64,
    GROUPS = 64,
    BLOCKS = GROUPS * BLOCKS_PER_GROUP, /* for 262,144 threads; further ones use shared_used */
};

struct block {
    struct zm_slot slots[SLOTS_PER_BLOCK];
};

static _Atomic(struct block *) blocks[BLOCKS];
static _Atomic uint64_t slots_in_use[BLOCKS];  /* a bit per slot of the block */
static _Atomic uint64_t blocks_in_use[GROUPS]; /* a bit per block with such slots */
static _Atomic unsigned groups_seen;           /* groups at and above were never used */
static _Atomic unsigned slots_end;             /* slots at and above were never used */

/* Bytes counted by threads without a slot, and by threads that have exited. */
static _Atomic int64_t shared_used;

/* Odd while a slot's counter is moved into shared_used; readers then try again.
 * Written under `lock`. */
static _Atomic unsigned fold_sequence;

/* Guards taking and giving back slots. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* The first block that may have a free slot.  Guarded by `lock`. */
static unsigned first_free_block;

struct zm_slot zm_no_slot = {.allocated_end = INT64_MIN, .freed_end = INT64_MIN};
/* GCC takes the model from here, not from the declaration. */
__thread struct zm_slot *zm_thread_slot ZM_STATIC_TLS = &zm_no_slot;
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

/* ---- The table ------------------------------------------------------------ */

static void set_in_use(unsigned number) {
    const unsigned block = number / SLOTS_PER_BLOCK, slot = number % SLOTS_PER_BLOCK;
    unsigned group = block / BLOCKS_PER_GROUP;
    atomic_fetch_or(&slots_in_use[block], UINT64_C(1) << slot);
    atomic_fetch_or(&blocks_in_use[group], UINT64_C(1) << block % BLOCKS_PER_GROUP);
    if (group >= atomic_load(&groups_seen)) atomic_store(&groups_seen, group + 1);
    if (number >= atomic_load(&slots_end)) atomic_store(&slots_end, number + 1);
}

unsigned zm_slots_end(void) { return atomic_load_explicit(&slots_end, memory_order_acquire); }

struct zm_slot *zm_slot_at(unsigned number) {
    struct block *block =
        atomic_load_explicit(&blocks[number / SLOTS_PER_BLOCK], memory_order_acquire);
    return &block->slots[number % SLOTS_PER_BLOCK];
}

bool zm_slot_is_in_use(unsigned number) {
    return atomic_load(&slots_in_use[number / SLOTS_PER_BLOCK]) >> number % SLOTS_PER_BLOCK & 1;
}

static void set_free(unsigned number) {
    const unsigned block = number / SLOTS_PER_BLOCK, slot = number % SLOTS_PER_BLOCK;
    uint64_t bit = UINT64_C(1) << slot;
    if (atomic_fetch_and(&slots_in_use[block], ~bit) == bit) {
        unsigned group = block / BLOCKS_PER_GROUP;
        atomic_fetch_and(&blocks_in_use[group], ~(UINT64_C(1) << block % BLOCKS_PER_GROUP));
        /* No thread owns a slot in the block.  A reader may read it while its pages are
         * discarded: all its counters were folded, so zeros are right.  Tables of zones stay. */
        if (!zm_zones_exist()) zm_os_discard(atomic_load(&blocks[block]), sizeof(struct block));
    }
    if (block < first_free_block) first_free_block = block;
}

/* ---- Taking and giving back --------------------------------------------------- */

/* Takes the lowest free slot, so that slots in use stay together.  Returns NULL when memory
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
        if (!zm_zones_provide(&block->slots[s])) return NULL;
        first_free_block = b;
        block->slots[s].number = b * SLOTS_PER_BLOCK + s;
        set_in_use(block->slots[s].number);
        zm_slot_open_window(&block->slots[s]);
        return &block->slots[s];
    }
    return NULL;
}

/* Moves the slot's counters into shared_used and frees the slot.  Call with `lock` held. */
static void fold_slot(struct zm_slot *gone) {
    atomic_fetch_add(&fold_sequence, 1);
    atomic_fetch_add(&shared_used, __atomic_load_n(&gone->allocated, __ATOMIC_SEQ_CST) -
                                       __atomic_load_n(&gone->freed, __ATOMIC_SEQ_CST));
    __atomic_store_n(&gone->allocated, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&gone->freed, 0, __ATOMIC_SEQ_CST);
    atomic_fetch_add(&fold_sequence, 1);
    set_free(gone->number);
}

/* Folds every slot in use except `keep`.  Call with `lock` held. */
static void fold_slots_except(const struct zm_slot *keep) {
    for (unsigned b = 0; b < atomic_load(&groups_seen) * BLOCKS_PER_GROUP; b++) {
        uint64_t in_use = atomic_load(&slots_in_use[b]);
        for (; in_use != 0; in_use &= in_use - 1) {
            struct zm_slot *slot = &atomic_load(&blocks[b])->slots[__builtin_ctzll(in_use)];
            if (slot != keep) fold_slot(slot);
        }
    }
}

/* Destructor of exit_key.  Other destructors may run after it, in this round or a later one,
 * and allocate or free: then the thread counts in shared_used. */
static void on_thread_exit(void *value) {
    struct zm_slot *slot = value;
    sigset_t saved;
    /* Not ours: after fork glibc (2.36) may give a new thread the thread-specific data of
     * one that was running destructors. */
    if (slot != zm_thread_slot) return;
    (void)zm_accounting_peak(); /* the counter may have risen inside the window */
    zm_slots_lock(&saved);
    zm_thread_slot = &zm_no_slot;
    thread_is_exiting = true;
    fold_slot(slot);
    zm_slots_unlock(&saved);
    /* Nobody else looks at what this thread did inside its window. */
    zm_accounting_tell_of_limit();
}

/* Set during a fork, in the thread that forks: it holds `lock`, and fork handlers of other
 * libraries may allocate meanwhile. */
static _Thread_local bool thread_is_forking __attribute__((tls_model("initial-exec")));

/* Signals are not blocked during the fork: no slot is being folded, so a signal handler can
 * read used memory. */
static void before_fork(void) {
    sigset_t saved;
    zm_slots_lock(&saved);
    thread_is_forking = true;
    pthread_sigmask(SIG_SETMASK, &saved, NULL);
}

static void in_parent(void) {
    thread_is_forking = false;
    pthread_mutex_unlock(&lock);
}

/* The child has the blocks of the other threads, but not the threads. */
static void in_child(void) {
    sigset_t saved;
    thread_is_forking = false;
    zm_fork_happened();
    zm_limit_in_child();
    block_signals(&saved);
    fold_slots_except(zm_thread_slot);
    zm_slots_unlock(&saved);
}

static void set_up(void) {
    exit_key_works = pthread_key_create(&exit_key, on_thread_exit) == 0;
    pthread_atfork(before_fork, in_parent, in_child);
    zm_profiler.handle_fork();
}

/* A fork handler of another library may create a zone: then this thread holds the lock. */
void zm_slots_lock(sigset_t *saved) {
    pthread_once(&once, set_up);
    block_signals(saved);
    if (!thread_is_forking) pthread_mutex_lock(&lock);
}

void zm_slots_unlock(const sigset_t *saved) {
    if (!thread_is_forking) pthread_mutex_unlock(&lock);
    pthread_sigmask(SIG_SETMASK, saved, NULL);
}

/* Registers the fork handlers as early as possible.  Handlers that are registered later run
 * while ours do not hold the lock, so they may wait for threads that allocate. */
__attribute__((constructor(101))) static void set_up_early(void) { pthread_once(&once, set_up); }

struct zm_slot *zm_slot_acquire(void) {
    sigset_t saved;
    pthread_once(&once, set_up);
    if (thread_is_exiting || !exit_key_works || thread_is_forking)
        return NULL; /* no destructor would free the slot, or we hold the lock already */
    zm_slots_lock(&saved);
    struct zm_slot *slot = take_slot();
    /* Set this before pthread_setspecific, which may allocate. */
    if (slot != NULL) zm_thread_slot = slot;
    zm_slots_unlock(&saved);
    if (slot != NULL && pthread_setspecific(exit_key, slot) != 0) {
        on_thread_exit(slot);
        return NULL;
    }
    return slot;
}

void zm_slots_add_shared(int64_t bytes) {
    atomic_fetch_add_explicit(&shared_used, bytes, memory_order_relaxed);
}

bool zm_slots_are_forking(void) { return thread_is_forking; }

/* ---- The sum ------------------------------------------------------------------ */

/* Both counters as they were at one moment: while `freed`, which never falls, stays the same,
 * nothing that its thread allocated later was freed. */
static int64_t read_used(const struct zm_slot *slot) {
    for (;;) {
        const int64_t freed = __atomic_load_n(&slot->freed, __ATOMIC_ACQUIRE);
        const int64_t allocated = __atomic_load_n(&slot->allocated, __ATOMIC_ACQUIRE);
        if (freed == __atomic_load_n(&slot->freed, __ATOMIC_RELAXED)) return allocated - freed;
    }
}

static int64_t sum_of_block(unsigned block) {
    int64_t sum = 0;
    struct block *slots = atomic_load_explicit(&blocks[block], memory_order_acquire);
    uint64_t in_use = atomic_load_explicit(&slots_in_use[block], memory_order_acquire);
    for (; in_use != 0; in_use &= in_use - 1) {
        sum += read_used(&slots->slots[__builtin_ctzll(in_use)]);
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

/* sched_yield() would not help: a reader with real-time priority would only yield to
 * itself. */
void zm_sleep_briefly(void) {
    const struct timespec shortly = {.tv_nsec = 1000};
    int saved = errno, cancellation;
    /* nanosleep is a cancellation point. */
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancellation);
    nanosleep(&shortly, NULL);
    pthread_setcancelstate(cancellation, NULL);
    errno = saved;
}

int64_t zm_accounting_used(void) {
    for (unsigned tries = 0;; tries++) {
        unsigned before = atomic_load_explicit(&fold_sequence, memory_order_acquire);
        int64_t sum = sum_of_slots() + atomic_load_explicit(&shared_used, memory_order_acquire);
        atomic_thread_fence(memory_order_acquire);
        unsigned after = atomic_load_explicit(&fold_sequence, memory_order_relaxed);
        if (before % 2 == 0 && before == after) return sum;
        if (tries > 100) zm_sleep_briefly(); /* lets the thread that folds run */
    }
}
