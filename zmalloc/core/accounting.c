#include "zmalloc/core/accounting.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "zmalloc/core/oom.h"
#include "zmalloc/core/poisson.h"
#include "zmalloc/core/sampled.h"
#include "zmalloc/core/slots.h"

static _Atomic int64_t peak;
static _Atomic time_t peak_time; /* when `peak` rose last */

/* ---- Reasons for care --------------------------------------------------------- */

static _Atomic unsigned reasons;

static inline bool has_reason(enum zm_care reason) {
    const unsigned now = atomic_load_explicit(&reasons, memory_order_acquire);
    return __builtin_expect((now & reason) != 0, 0);
}

void zm_count_with_care(enum zm_care reason, bool is_so) {
    if (is_so) {
        atomic_fetch_or(&reasons, reason);
    } else {
        atomic_fetch_and(&reasons, ~(unsigned)reason);
    }
}

static inline bool is_limited(void) { return has_reason(ZM_LIMITED); }
static inline bool watches_new_blocks(void) { return has_reason(ZM_WATCHED); }
static inline bool profiled(void) { return has_reason(ZM_PROFILED); }

/* ---- The next sample of a profile ------------------------------------------- */

/* Mean bytes between two samples; 0: none are taken.  Each change of the rate has a number, so that
 * each thread notices it and draws its next sample anew. */
static _Atomic uint64_t sample_rate;
static _Atomic unsigned rate_number;

static _Thread_local unsigned seen_rate_number __attribute__((tls_model("initial-exec")));

/* Draws a byte after the first `counted` allocated bytes as the next sample.  `next_sample` is the
 * number of bytes before that byte. */
static void draw_next_sample(struct zm_slot *slot, int64_t counted) {
    const uint64_t rate = atomic_load_explicit(&sample_rate, memory_order_relaxed);
    seen_rate_number = atomic_load_explicit(&rate_number, memory_order_acquire);
    slot->next_sample = rate == 0 ? INT64_MAX : counted + zm_poisson_distance(rate) - 1;
}

/* Returns whether a sample is among the `bytes` that were counted last; then it draws the next
 * sample.  A thread that notices a new rate draws before it looks: these bytes may be one block
 * that is larger than everything that the thread allocated before. */
static bool takes_sample(struct zm_slot *slot, size_t bytes) {
    if (!profiled() || slot == &zm_no_slot) return false;
    if (seen_rate_number != atomic_load(&rate_number)) {
        draw_next_sample(slot, slot->allocated - (int64_t)bytes);
    }
    if (slot->allocated <= slot->next_sample) return false;
    draw_next_sample(slot, slot->allocated);
    return true;
}

/* ---- The window ------------------------------------------------------------- */

static inline int64_t used_by(const struct zm_slot *slot) { return slot->allocated - slot->freed; }

/* A thread may free ROOM bytes and then allocate ROOM bytes before it takes the slow path.  Only
 * then it would see that it rose by both.  So a window is twice ROOM. */
#define ROOM (ZM_PEAK_WINDOW / 2)

/* A thread that allocates and frees in turns just below its window's top would look for a peak at
 * each block.  So it looks as soon as it is this near to the top, and gets a new window with all of
 * ROOM above it. */
#define NEAR_TOP (ROOM / 4)

/* Whether the window must move: the difference is near the top of its window, or fell far below
 * it. */
static inline bool leaves_window(const struct zm_slot *slot) {
    const int64_t used = used_by(slot);
    return used > slot->top - NEAR_TOP || used < slot->top - ROOM;
}

/* The difference can reach the window's top only after so many allocated bytes. */
static inline void place_allocated_end(struct zm_slot *slot) {
    slot->allocated_end = slot->allocated + (slot->top - used_by(slot));
}

static inline void place_plain_window(struct zm_slot *slot) {
    slot->top = used_by(slot) + ROOM;
    place_allocated_end(slot);
    slot->freed_end = slot->freed + ROOM;
}

/* While new blocks are watched, each of them takes the slow path. */
static void place_allocated_end_with_care(struct zm_slot *slot) {
    place_allocated_end(slot);
    if (profiled() && slot->allocated_end > slot->next_sample) {
        slot->allocated_end = slot->next_sample;
    }
    if (watches_new_blocks()) slot->allocated_end = INT64_MIN;
}

/* Places the window's top, and the end of freed bytes, where used memory would reach a limit. */
static void place_window_with_care(struct zm_slot *slot) {
    int64_t up, down;
    place_plain_window(slot);
    if (is_limited()) {
        zm_limit_room(zm_accounting_used(), &up, &down);
        if (up < ROOM) slot->top = used_by(slot) + up;
        if (down < ROOM) slot->freed_end = slot->freed + down;
    }
    place_allocated_end_with_care(slot);
}

void zm_slot_open_window(struct zm_slot *slot) {
    draw_next_sample(slot, slot->allocated);
    place_window_with_care(slot);
}

/* Positive bytes are allocated, negative ones freed. */
static void count_without_slot(int64_t bytes) {
    struct zm_slot *slot = zm_slot_acquire();
    if (slot == NULL) {
        zm_slots_add_shared(bytes);
        if (bytes > 0) (void)zm_accounting_peak();
    } else if (bytes > 0) {
        zm_count_allocated((size_t)bytes);
    } else {
        zm_count_freed(NULL, (size_t)-bytes);
    }
}

static inline bool is_plain(void) {
    return __builtin_expect(atomic_load_explicit(&reasons, memory_order_acquire) == 0, 1);
}

/* The slow paths while there is no reason for care.  Most calls find the difference inside its
 * window, because the thread freed about as much as it allocated. */
static inline void count_allocated_plainly(struct zm_slot *slot, size_t bytes) {
    if (slot == &zm_no_slot) {
        count_without_slot((int64_t)bytes);
        return;
    }
    const bool is_near_top = used_by(slot) > slot->top - NEAR_TOP;
    if (is_near_top) slot->top = used_by(slot) + ROOM;
    place_allocated_end(slot);
    if (is_near_top) (void)zm_accounting_peak();
}

static inline void count_freed_plainly(struct zm_slot *slot, size_t bytes) {
    if (slot == &zm_no_slot) {
        count_without_slot(-(int64_t)bytes);
    } else if (used_by(slot) < slot->top - ROOM) {
        place_plain_window(slot);
    } else {
        slot->freed_end = slot->freed + ROOM;
    }
}

/* No callback is called during a fork, because it must not wait for a thread that needs the lock.
 * If a limit is crossed during a fork, the callback is called after the fork. */
void zm_accounting_tell_of_limit(void) {
    if (is_limited() && !zm_slots_are_forking()) zm_limit_tell();
}

/* The same in all other cases.  At each end of freed bytes, the limits must be checked too. */
__attribute__((noinline)) static void count_with_care(struct zm_slot *slot, int64_t bytes) {
    if (slot == &zm_no_slot) {
        count_without_slot(bytes);
    } else if (leaves_window(slot) || (bytes < 0 && is_limited())) {
        const bool is_near_top = used_by(slot) > slot->top - NEAR_TOP;
        place_window_with_care(slot);
        if (is_near_top) (void)zm_accounting_peak();
    } else if (bytes > 0) {
        place_allocated_end_with_care(slot);
        return;
    } else {
        slot->freed_end = slot->freed + ROOM;
        return;
    }
    zm_accounting_tell_of_limit();
}

/* There is no block here that could become the sample. */
void zm_count_allocated_slow(struct zm_slot *slot, size_t bytes) {
    if (is_plain()) {
        count_allocated_plainly(slot, bytes);
        return;
    }
    (void)takes_sample(slot, bytes);
    count_with_care(slot, (int64_t)bytes);
}

void zm_count_freed_slow(const void *ptr, struct zm_slot *slot, size_t bytes) {
    if (is_plain()) {
        count_freed_plainly(slot, bytes);
        return;
    }
    if (bytes > ZM_PEAK_WINDOW && ptr != NULL && profiled()) zm_profiler.freed(ptr);
    count_with_care(slot, -(int64_t)bytes);
}

/* The difference may have risen inside the window that it leaves. */
static void move_window(void) {
    struct zm_slot *slot = zm_thread_slot;
    (void)zm_accounting_peak();
    if (slot == &zm_no_slot) return;
    (void)takes_sample(slot, 0);
    place_window_with_care(slot);
}

/* Returns false if the block exceeds the hard limit: then it is not counted, and no peak has seen
 * it. */
static bool count_new_block(struct zm_slot *slot, int64_t bytes) {
    const bool is_counted = slot != &zm_no_slot;
    if (is_counted && !leaves_window(slot)) {
        place_allocated_end_with_care(slot);
        return true;
    }
    const bool exceeds = zm_limit_exceeded_by(is_counted ? 0 : (size_t)bytes);
    if (!exceeds) {
        count_with_care(slot, bytes);
        return true;
    }
    if (is_counted) {
        __atomic_store_n(&slot->allocated, slot->allocated - bytes, __ATOMIC_RELAXED);
        move_window();
    }
    zm_accounting_tell_of_limit();
    return false;
}

/* Gives a thread its slot before its first block is counted, so that this block can be a sample
 * too. */
static struct zm_slot *count_in_new_slot(size_t bytes) {
    struct zm_slot *slot = zm_slot_acquire();
    if (slot == NULL) return &zm_no_slot;
    (void)zm_add_allocated(slot, bytes);
    return slot;
}

__attribute__((noinline)) static void *count_new_block_with_care(void *ptr, struct zm_slot *slot,
                                                                 size_t bytes, size_t alignment,
                                                                 const void *frame) {
    if (slot == &zm_no_slot && profiled()) slot = count_in_new_slot(bytes);
    const bool is_sample = takes_sample(slot, bytes);
    if (!count_new_block(slot, (int64_t)bytes)) return zm_limit_give_back(ptr);
    if (is_sample) {
        void *sampled = zm_profiler.sample(ptr, bytes, alignment, frame);
        if (sampled != ptr) return sampled;
    }
    const bool may_replace = alignment == ZM_ANY_ALIGNMENT;
    return watches_new_blocks() ? zm_watch_new_block(ptr, bytes, may_replace) : ptr;
}

/* The call stack of a sample begins with the caller of the function that uses this macro: frames
 * further inside tell the reader nothing. */
#define FRAME __builtin_frame_address(0)

/* Keeps the frame until here: the last call of a function may replace it. */
static inline void *with_frame(void *ptr) {
    __asm__ volatile("" : "+r"(ptr));
    return ptr;
}

void *zm_count_new_block_slow(void *ptr, struct zm_slot *slot, size_t bytes) {
    if (!is_plain()) {
        return with_frame(count_new_block_with_care(ptr, slot, bytes, ZM_ANY_ALIGNMENT, FRAME));
    }
    count_allocated_plainly(slot, bytes);
    return ptr;
}

void *zm_count_aligned_slow(void *ptr, struct zm_slot *slot, size_t bytes, size_t alignment) {
    if (!is_plain()) {
        return with_frame(count_new_block_with_care(ptr, slot, bytes, alignment, FRAME));
    }
    count_allocated_plainly(slot, bytes);
    return ptr;
}

void *zm_count_new_block_slow_or_fail(size_t size, struct zm_slot *slot, size_t bytes, void *ptr) {
    if (is_plain()) {
        count_allocated_plainly(slot, bytes);
        return ptr;
    }
    ptr = count_new_block_with_care(ptr, slot, bytes, ZM_ANY_ALIGNMENT, FRAME);
    return with_frame(ptr != NULL ? ptr : zm_out_of_memory(size));
}

void *zm_count_growth_slow(void *ptr, struct zm_slot *slot, size_t bytes, size_t counted) {
    const bool is_sample = takes_sample(slot, bytes);
    zm_count_allocated_slow(slot, bytes);
    if (!is_sample) return ptr;
    return with_frame(zm_profiler.sample(ptr, counted, ZM_ANY_ALIGNMENT, FRAME));
}

void zm_accounting_watch_started(void) { move_window(); }

void zm_accounting_sample(uint64_t rate) {
    atomic_store(&sample_rate, rate);
    atomic_fetch_add(&rate_number, 1);
    zm_count_with_care(ZM_PROFILED, true);
    move_window();
}

uint64_t zm_accounting_sample_rate(void) {
    return atomic_load_explicit(&sample_rate, memory_order_relaxed);
}

void zm_accounting_limits_changed(void) {
    move_window();
    zm_accounting_tell_of_limit();
}

/* ---- The peak ---------------------------------------------------------- */

int64_t zm_accounting_peak(void) {
    int64_t now = zm_accounting_used();
    int64_t seen = atomic_load_explicit(&peak, memory_order_relaxed);
    while (now > seen && !atomic_compare_exchange_weak(&peak, &seen, now)) continue;
    if (now <= seen) return seen;
    atomic_store_explicit(&peak_time, time(NULL), memory_order_relaxed);
    return now;
}

time_t zm_accounting_peak_time(void) {
    (void)zm_accounting_peak();
    return atomic_load_explicit(&peak_time, memory_order_relaxed);
}

void zm_accounting_peak_reset(void) {
    atomic_store(&peak, zm_accounting_used());
    atomic_store(&peak_time, time(NULL));
}
