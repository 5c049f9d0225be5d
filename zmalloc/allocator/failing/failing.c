#include "zmalloc/allocator/failing/failing.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

static struct zm_failing_plan plan;
static atomic_bool planned;
static _Atomic uint64_t calls, injected;
static _Atomic int64_t live;

void zm_failing_begin(const struct zm_failing_plan *wanted) {
    plan = *wanted;
    atomic_store(&calls, 0);
    atomic_store(&injected, 0);
    atomic_store(&planned, true);
}

struct zm_failing_counts zm_failing_end(void) {
    atomic_store(&planned, false);
    return (struct zm_failing_counts){
        .calls = atomic_load(&calls),
        .injected = atomic_load(&injected),
    };
}

bool zm_failing(size_t size) {
    if (!atomic_load(&planned)) return false;
    uint64_t call = atomic_fetch_add(&calls, 1) + 1;
    bool fails = call == plan.nth || (plan.from != 0 && call >= plan.from) ||
                 (plan.every != 0 && call % plan.every == 0) ||
                 (plan.least_size != 0 && size >= plan.least_size);
    if (fails) atomic_fetch_add(&injected, 1);
    return fails;
}

/* ---- The libc's functions ----------------------------------------------- */

static void *counted(void *ptr) {
    if (ptr != NULL) atomic_fetch_add(&live, 1);
    return ptr;
}

static void *refused(void) {
    errno = ENOMEM;
    return NULL;
}

void *zm_failing_malloc(size_t size) {
    return zm_failing(size) ? refused() : counted(malloc(size));
}

void *zm_failing_calloc(size_t number, size_t size) {
    return zm_failing(number * size) ? refused() : counted(calloc(number, size));
}

/* The number of live blocks does not change, whether the block moves or not. */
void *zm_failing_realloc(void *ptr, size_t size) {
    return zm_failing(size) ? refused() : realloc(ptr, size);
}

int zm_failing_posix_memalign(void **ptr, size_t alignment, size_t size) {
    if (zm_failing(size)) return ENOMEM;
    int error = posix_memalign(ptr, alignment, size);
    if (error == 0) (void)counted(*ptr);
    return error;
}

void zm_failing_free(void *ptr) {
    if (ptr != NULL) atomic_fetch_sub(&live, 1);
    free(ptr);
}

int64_t zm_failing_live(void) { return atomic_load(&live); }
