#include "zmalloc/core/limit.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "zmalloc/core/accounting.h"
#include "zmalloc/core/sampled.h"

size_t zm_limit_checks_above = SIZE_MAX;

static _Atomic int64_t soft = ZM_NO_LIMIT, hard = ZM_NO_LIMIT;

static _Atomic unsigned generation;

/* Odd while both limits change; who reads both then tries again. */
static _Atomic unsigned changes;

/* Whether the callback was told last that used memory is above the soft limit. */
static _Atomic bool above;

/* One thread at a time has the turn to call the callback, or to set the limits.  So calls never
 * overlap, and each tells the opposite of the one before. */
static atomic_bool turn_taken;
static _Thread_local bool has_turn __attribute__((tls_model("initial-exec")));

/* Written by the thread with the turn.  A child of fork may see the moment between two writes: then
 * there is no callback. */
static void (*_Atomic callback)(void *arg, bool is_above, size_t used);
static void *_Atomic callback_arg;

static int64_t load(const _Atomic int64_t *value) {
    return atomic_load_explicit(value, memory_order_relaxed);
}

/* ---- The soft limit --------------------------------------------------------- */

/* Used memory must fall by this much below the soft limit until that is a crossing: else a program
 * at its limit would be called back all the time. */
static int64_t margin(void) {
    const int64_t sixteenth = load(&soft) / 16;
    return sixteenth < ZM_PEAK_WINDOW ? sixteenth : ZM_PEAK_WINDOW;
}

static bool has_crossed(int64_t used) {
    const int64_t limit = load(&soft);
    if (limit == ZM_NO_LIMIT) return false;
    return atomic_load(&above) ? used < limit - margin() : used > limit;
}

static bool take_turn(void) {
    if (has_turn || atomic_exchange(&turn_taken, true)) return false;
    has_turn = true;
    return true;
}

static void give_turn_back(void) {
    has_turn = false;
    atomic_store(&turn_taken, false);
}

/* A thread that is cancelled in the callback would keep the turn. */
static void call(bool is_above, int64_t used) {
    void (*function)(void *arg, bool is_above, size_t used) = atomic_load(&callback);
    int saved = errno, cancellation;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancellation);
    if (function != NULL) {
        function(atomic_load(&callback_arg), is_above, used > 0 ? (size_t)used : 0);
    }
    pthread_setcancelstate(cancellation, NULL);
    errno = saved;
}

/* The bytes that are counted in advance: by all threads, and by this one. */
static _Atomic int64_t reserved;
static _Thread_local int64_t own_reserved __attribute__((tls_model("initial-exec")));

/* Whether used memory has crossed the soft limit, and this thread got the turn.  The fence pairs
 * with the same fence in another thread: either the other thread sees what this thread counted, or
 * this thread finds the turn free. */
static bool takes_turn_to_tell(void) {
    atomic_thread_fence(memory_order_seq_cst);
    return has_crossed(zm_accounting_used()) && take_turn();
}

/* If the limit is crossed while another thread has the turn, that thread calls the callback, or
 * some thread does at its next look.  The loop is short, because a callback that itself crosses the
 * limit to and fro would keep this thread for ever. */
void zm_limit_tell(void) {
    enum { AT_ONCE = 2 };
    if (own_reserved != 0) return; /* zm_limit_release() does it */
    for (int i = 0; i < AT_ONCE && takes_turn_to_tell(); i++) {
        const int64_t used = zm_accounting_used();
        if (has_crossed(used)) {
            const bool is_above = !atomic_load(&above);
            atomic_store(&above, is_above);
            call(is_above, used);
        }
        give_turn_back();
    }
}

void zm_limit_room(int64_t used, int64_t *up, int64_t *down) {
    const int64_t limit = load(&soft), hard_limit = load(&hard);
    int64_t next = hard_limit;
    *down = INT64_MAX;
    if (atomic_load(&above)) {
        if (limit != ZM_NO_LIMIT) *down = used - (limit - margin());
    } else if (limit < next) {
        next = limit;
    }
    *up = next == ZM_NO_LIMIT ? INT64_MAX : next - used;
    if (*up < 0) *up = 0;
    if (*down < 0) *down = 0;
}

/* ---- The hard limit --------------------------------------------------------- */

bool zm_limit_exceeded_by(size_t bytes) {
    const int64_t limit = load(&hard);
    if (limit == ZM_NO_LIMIT) return false;
    /* Of two threads that count or reserve at the same time, at least one sees both. */
    atomic_thread_fence(memory_order_seq_cst);
    const int64_t by_others = atomic_load(&reserved) - own_reserved;
    const int64_t room = limit - zm_accounting_used() - by_others;
    return room < 0 || bytes > (uint64_t)room;
}

void *zm_limit_give_back(void *ptr) {
    zm_limit_free(ptr);
    errno = ENOMEM;
    return NULL;
}

static void add_reserved(int64_t bytes) {
    own_reserved += bytes;
    atomic_fetch_add(&reserved, bytes);
}

/* Bytes that are reserved are not used yet: neither the peak nor the callback sees them. */
bool zm_limit_reserve(size_t bytes) {
    if (zm_limit_exceeded_by(bytes)) return false;
    add_reserved((int64_t)bytes);
    if (!zm_limit_exceeded_by(bytes)) return true;
    add_reserved(-(int64_t)bytes);
    return false;
}

void zm_limit_release(size_t bytes) {
    add_reserved(-(int64_t)bytes);
    zm_accounting_tell_of_limit();
}

/* ---- Setting both ----------------------------------------------------------- */

/* Returns whether the turn was taken: a callback has it already. */
static bool wait_for_turn(void) {
    if (has_turn) return false;
    while (!take_turn()) zm_sleep_briefly();
    return true;
}

/* Call it with the turn. */
static void set_both(int64_t new_soft, int64_t new_hard) {
    const bool has_hard = new_hard != ZM_NO_LIMIT;
    atomic_fetch_add(&changes, 1);
    atomic_store(&soft, new_soft);
    atomic_store(&hard, new_hard);
    atomic_fetch_add(&changes, 1);
    __atomic_store_n(&zm_limit_checks_above, has_hard ? (size_t)ZM_PEAK_WINDOW : SIZE_MAX,
                     __ATOMIC_RELAXED);
    zm_count_with_care(ZM_LIMITED, has_hard || new_soft != ZM_NO_LIMIT);
    zm_resize_with_care(has_hard);
}

unsigned zm_limits_set(const struct zm_limits *limits) {
    const bool taken = wait_for_turn();
    atomic_store(&callback, NULL);
    atomic_store(&callback_arg, limits->arg);
    atomic_store(&callback, limits->callback);
    atomic_store(&above, false);
    set_both(limits->soft, limits->hard);
    const unsigned now = atomic_fetch_add(&generation, 1) + 1;
    if (taken) give_turn_back();
    zm_accounting_limits_changed();
    return now;
}

/* Only a thread with the turn changes them: that need not wait, also not in a signal handler. */
void zm_limits_get(struct zm_limits *limits) {
    for (;;) {
        const unsigned before = atomic_load(&changes);
        *limits = (struct zm_limits){.generation = atomic_load(&generation),
                                     .soft = atomic_load(&soft),
                                     .hard = atomic_load(&hard)};
        if (has_turn || (before % 2 == 0 && before == atomic_load(&changes))) return;
        zm_sleep_briefly();
    }
}

void zm_limits_move(unsigned since, int64_t new_soft, int64_t new_hard) {
    const bool taken = wait_for_turn();
    if (atomic_load(&generation) == since) set_both(new_soft, new_hard);
    if (taken) give_turn_back();
    zm_accounting_limits_changed();
}

bool zm_limit_is_above(void) { return atomic_load(&above); }

void zm_limit_in_child(void) {
    if (!has_turn) {
        atomic_store(&turn_taken, false);
        atomic_store(&changes, 0);
    }
    atomic_store(&reserved, own_reserved);
}
