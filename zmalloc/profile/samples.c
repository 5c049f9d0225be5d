/* A sample is a block with a call stack.  A small one is a copy that lies low in the address space
 * (region.h), so that each free finds it at no cost.  The allocator's own block stays as its twin,
 * if it is small enough to lie in a slab: it keeps the slab in use that the sample would have kept
 * in use, until the sample is freed.  A large sample is the allocator's block itself (sampled.h).
 */
#include "zmalloc/profile/samples.h"

#include <stdatomic.h>
#include <string.h>

#include "zmalloc/allocator/backend.h"
#include "zmalloc/core/accounting.h"
#include "zmalloc/core/poisson.h"
#include "zmalloc/core/sampled.h"
#include "zmalloc/guard/bug_report.h"
#include "zmalloc/os/loader.h"
#include "zmalloc/os/os.h"
#include "zmalloc/profile/live.h"
#include "zmalloc/profile/probes.h"
#include "zmalloc/profile/region.h"
#include "zmalloc/profile/stacks.h"
#include "zmalloc/profile/table.h"

/* Include this after backend.h: it may replace the allocator's functions by guarded ones. */
#include ZM_GUARD_HEADER

enum { LARGEST_ALIGNMENT = 4096 };

/* The last one that was not 0. */
static _Atomic uint64_t rate_of_estimates;

static _Thread_local const char *thread_label __attribute__((tls_model("initial-exec")));
/* The unwinder may allocate. */
static _Thread_local bool is_busy __attribute__((tls_model("initial-exec")));

static void *memory_of(struct zm_sample *sample) {
    return zm_live_is_large(sample->counted) ? sample->block : (void *)(sample + 1);
}

/* ---- Taking one ------------------------------------------------------------------ */

static double weight_of(size_t counted) {
    const uint64_t now = zm_accounting_sample_rate();
    return now != 0 ? 1 / zm_poisson_probability(counted, now) : 1;
}

struct stack {
    const void *addresses[ZM_STACK_DEPTH];
    unsigned depth;
};

static struct zm_stack_and_label with_label(const struct stack *stack) {
    return (struct zm_stack_and_label){stack->addresses, stack->depth, thread_label};
}

enum { INSIDE = 16 }; /* so many frames of ours at most */

/* All that the unwinder tells. */
struct unwound {
    void *addresses[ZM_STACK_DEPTH + INSIDE];
    uintptr_t above[ZM_STACK_DEPTH + INSIDE];
    unsigned count;  /* 0: it tells nothing */
    unsigned inside; /* the first ones, which are ours */
};

static void unwind(struct unwound *unwound, const void *frame) {
    const uintptr_t place = zm_os_return_place(frame);
    const void *caller = zm_os_return_at(place);
    unsigned i = 0;
    unwound->count = zm_os_backtrace(unwound->addresses, unwound->above, ZM_STACK_DEPTH + INSIDE);
    while (i < unwound->count && (unwound->addresses[i] != caller ||
                                  (unwound->above[i] != 0 && unwound->above[i] < place)))
        i++;
    unwound->inside = i < unwound->count ? i : 0; /* all of it, if it does not tell this caller */
}

/* Without an unwinder, and while another thread forks, by frame pointers if they lead to the
 * thread's first function; else the caller alone. */
static void stack_of(struct stack *stack, const struct unwound *unwound, const void *frame) {
    const unsigned depth = unwound->count - unwound->inside;
    if (unwound->count == 0) {
        bool is_whole;
        stack->depth = zm_os_frames(frame, stack->addresses, ZM_STACK_DEPTH, &is_whole);
        if (!is_whole && stack->depth > 1) stack->depth = 1;
        return;
    }
    stack->depth = depth < ZM_STACK_DEPTH ? depth : ZM_STACK_DEPTH;
    memcpy(stack->addresses, unwound->addresses + unwound->inside,
           stack->depth * sizeof(*stack->addresses));
}

/* With the lock. */
static void learn(const struct stack *stack, const struct unwound *unwound, const void *frame) {
    const struct zm_unwound_stack what = {
        .addresses = stack->addresses,
        .above = unwound->above + unwound->inside,
        .depth = stack->depth,
        .is_whole = unwound->count - unwound->inside == stack->depth &&
                    unwound->count < ZM_STACK_DEPTH + INSIDE,
    };
    if (unwound->count != 0) zm_learn_stack(frame, &what);
}

/* With the lock.  0: the stack has to be unwound. */
static uint32_t known_row(const void *frame) {
    struct stack stack;
    stack.depth = zm_known_stack(frame, stack.addresses, ZM_STACK_DEPTH);
    const struct zm_stack_and_label key = with_label(&stack);
    return stack.depth != 0 ? zm_known_row_of(&key) : 0;
}

/* Returns with the lock. */
static uint32_t unwound_row(const void *frame) {
    struct unwound unwound;
    struct stack stack;
    unwind(&unwound, frame);
    stack_of(&stack, &unwound, frame);
    zm_live_lock();
    learn(&stack, &unwound, frame);
    const struct zm_stack_and_label key = with_label(&stack);
    return zm_row_of(&key);
}

/* The unwinder may need locks of its own, so it runs without ours. */
static struct zm_sample *make_with_stack(struct zm_draft *draft, const void *frame) {
    zm_live_lock();
    draft->row = known_row(frame);
    if (draft->row == 0) {
        zm_live_unlock();
        draft->row = unwound_row(frame);
    }
    struct zm_sample *sample = zm_live_make(draft);
    zm_live_unlock();
    return sample;
}

static void tell(struct zm_sample *sample) {
    if (sample == NULL) return;
    zm_probe_alloc(memory_of(sample), sample->counted,
                   (uint64_t)((double)sample->counted * sample->weight));
}

static struct zm_sample *take(struct zm_draft *draft, const void *frame) {
    if (is_busy || zm_accounting_sample_rate() == 0) return NULL;
    is_busy = true;
    draft->weight = weight_of(draft->counted);
    struct zm_sample *sample = make_with_stack(draft, frame);
    tell(sample);
    if (atomic_load_explicit(&zm_profile_is_due, memory_order_relaxed)) zm_profile_write_due();
    is_busy = false;
    return sample;
}

/* Gives back the allocator's block of a sample that lies elsewhere, unless it is kept. */
static void release(void *block, size_t counted) {
    size_t usable;
    if (!zm_live_keeps_block(counted)) zm_backend_free(block, &usable);
}

static bool may_lie_elsewhere(size_t alignment) {
    return alignment != ZM_NOT_REPLACED && alignment <= LARGEST_ALIGNMENT;
}

static void *sample_block(void *ptr, size_t counted, size_t alignment, const void *frame) {
    struct zm_draft draft = {.block = ptr, .counted = counted, .alignment = alignment};
    if (!zm_live_is_large(counted) && !may_lie_elsewhere(alignment)) return ptr;
    struct zm_sample *sample = take(&draft, frame);
    if (sample == NULL) return ptr;
    void *memory = memory_of(sample);
    if (memory == ptr) return ptr;
    /* calloc() found zeros in the allocator's block, or made them. */
    memcpy(memory, ptr, counted - ZM_BACKEND_PREFIX);
    release(ptr, counted);
    return memory;
}

/* ---- Small ones -------------------------------------------------------------------- */

/* The sample of a block in the region. */
static struct zm_sample *small_at(const void *ptr) {
    struct zm_sample *sample = zm_live_small_at(ptr);
    const struct zm_bad_block unknown = {.begin = NULL};
    if (sample == NULL) {
        zm_report_and_abort("no block of zmalloc's, or one that was freed", ptr, &unknown);
    }
    return sample;
}

static size_t usable_size(const void *ptr) { return small_at(ptr)->counted - ZM_BACKEND_PREFIX; }

static void unlink_and_delete(struct zm_sample *sample) {
    zm_live_unlink(sample);
    zm_live_delete(sample);
}

/* Takes the sample out of the profile; returns its twin, or NULL. */
static void *forget(void *ptr, size_t *counted) {
    struct zm_sample *sample = small_at(ptr);
    zm_live_lock();
    void *twin = sample->block;
    *counted = sample->counted;
    unlink_and_delete(sample);
    zm_live_unlock();
    return twin;
}

static size_t free_small(void *ptr) {
    size_t counted, usable;
    zm_probe_free(ptr);
    void *twin = forget(ptr, &counted);
    if (twin != NULL) zm_backend_free(twin, &usable);
    return counted;
}

/* ---- Resizing ---------------------------------------------------------------------- */

/* The weight of a sample that grows.  A block of the old size that is no sample might become one
 * when it grows. */
static double weight_of_grown(const struct zm_sample *before, size_t counted) {
    const uint64_t now = zm_accounting_sample_rate();
    if (now == 0) return before->weight;
    const double more = zm_poisson_probability(counted - before->counted, now);
    return 1 / (1 - (1 - 1 / before->weight) * (1 - more));
}

/* A sample that shrinks stays one if the byte that was chosen is still in it.  So a block that
 * shrinks and grows in turns is a sample no more often than another one of its size.  Returns 0 if
 * it is none now. */
static double weight_of_shrunk(const struct zm_sample *before, size_t counted) {
    const uint64_t now = zm_accounting_sample_rate();
    if (now == 0) return before->weight;
    const double stays =
        zm_poisson_probability(counted, now) / zm_poisson_probability(before->counted, now);
    return zm_poisson_happens(stays) ? before->weight / stays : 0;
}

static double weight_after(const struct zm_sample *before, size_t counted) {
    if (counted > before->counted) return weight_of_grown(before, counted);
    return counted < before->counted ? weight_of_shrunk(before, counted) : before->weight;
}

/* Makes a sample of the allocator's new `block` that replaces `before`, and unlinks `before`.
 * NULL: the block is no sample now, or may not be one. */
static struct zm_sample *succeed(struct zm_sample *before, void *block, size_t counted,
                                 bool may_be_sample) {
    struct zm_draft draft = {
        .block = block, .counted = counted, .row = before->row, .before = before};
    draft.weight = may_be_sample ? weight_after(before, counted) : 0;
    zm_live_lock();
    struct zm_sample *sample = draft.weight != 0 ? zm_live_make(&draft) : NULL;
    zm_live_unlink(before); /* last: a profile that is written meanwhile has one or both */
    zm_live_unlock();
    tell(sample);
    return sample;
}

static void with_lock(void (*change)(struct zm_sample *), struct zm_sample *sample) {
    zm_live_lock();
    change(sample);
    zm_live_unlock();
}

static void discard(struct zm_sample *sample) {
    zm_probe_free(memory_of(sample));
    with_lock(zm_live_delete, sample);
}

/* Allocates a new block, whose usable size tells whether a block of the allocator would stay where
 * it is.  The allocator does not resize the twin, because the contents of the twin are of no use.
 * If there is no memory for a new block, a sample that is large enough stays. */
static void *resize_small(void *ptr, size_t size, size_t *usable) {
    size_t usable_before;
    struct zm_sample *sample = small_at(ptr);
    void *block = zm_backend_malloc(size, usable);
    if (block == NULL) {
        *usable = sample->counted - ZM_BACKEND_PREFIX;
        return size <= *usable ? ptr : NULL;
    }
    const size_t counted = *usable + ZM_BACKEND_PREFIX;
    if (counted == sample->counted) {
        zm_backend_free(block, usable);
        return ptr;
    }
    const size_t kept = counted < sample->counted ? counted : sample->counted;
    struct zm_sample *after = succeed(sample, block, counted, true);
    void *memory = after != NULL ? memory_of(after) : block;
    memcpy(memory, ptr, kept - ZM_BACKEND_PREFIX);
    if (after != NULL) release(block, counted);
    if (sample->block != NULL) zm_backend_free(sample->block, &usable_before);
    discard(sample);
    return memory;
}

static struct zm_large_sample *resizing_large(const void *ptr) {
    if (!zm_live_may_be_large(ptr)) return NULL;
    zm_live_lock();
    struct zm_sample *sample = zm_live_remove_large(ptr);
    zm_live_unlock();
    return (struct zm_large_sample *)sample;
}

static void *resized_large(struct zm_large_sample *of, void *now, size_t counted,
                           bool may_replace) {
    struct zm_sample *sample = (struct zm_sample *)of;
    if (counted == 0) counted = sample->counted;
    struct zm_sample *after =
        succeed(sample, now, counted, zm_live_is_large(counted) || may_replace);
    void *memory = after != NULL ? memory_of(after) : now;
    if (memory != now) {
        memcpy(memory, now, counted - ZM_BACKEND_PREFIX);
        release(now, counted);
    }
    discard(sample);
    return memory;
}

static void freed_large(const void *ptr) {
    struct zm_sample *sample = (struct zm_sample *)resizing_large(ptr);
    if (sample == NULL) return;
    zm_probe_free(ptr);
    with_lock(unlink_and_delete, sample);
}

/* Fork handlers that are registered last run first.  The loader's waits for threads, which may free
 * samples meanwhile. */
static void handle_fork(void) {
    zm_live_handle_fork();
    (void)zm_loader_handle_fork();
}

const struct zm_profiler zm_profiler = {
    .sample = sample_block,
    .has = zm_region_has,
    .usable_size = usable_size,
    .free = free_small,
    .resize = resize_small,
    .freed = freed_large,
    .has_large = zm_live_has_large,
    .resizing = resizing_large,
    .resized = resized_large,
    .handle_fork = handle_fork,
};

/* ---- Start ------------------------------------------------------------------------- */

__attribute__((constructor(101))) static void set_up_early(void) { handle_fork(); }

__attribute__((constructor)) static void set_up(void) { zm_profile_set_up(); }

bool zm_samples_start(uint64_t new_rate) {
    handle_fork();
    zm_report_prepare();
    if (!zm_live_open()) return false;
    if (new_rate != 0) atomic_store(&rate_of_estimates, new_rate);
    zm_profiling_start(new_rate, zm_region_open());
    return true;
}

uint64_t zm_profile_rate(void) { return atomic_load(&rate_of_estimates); }

const char *zm_set_label(const char *label) {
    const char *before = thread_label;
    thread_label = label;
    return before;
}
