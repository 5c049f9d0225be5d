#include "zmalloc/allocator/faulty/faults.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

static struct zm_fault_plan plan;
static atomic_bool planned;
static _Atomic uint64_t calls, injected;
static _Atomic int64_t live;

void zm_faults_begin(const struct zm_fault_plan *wanted) {
    plan = *wanted;
    atomic_store(&calls, 0);
    atomic_store(&injected, 0);
    atomic_store(&planned, true);
}

struct zm_fault_counts zm_faults_end(void) {
    atomic_store(&planned, false);
    return (struct zm_fault_counts){
        .calls = atomic_load(&calls),
        .injected = atomic_load(&injected),
    };
}

bool zm_fault(size_t size) {
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

void *zm_faulty_malloc(size_t size) { return zm_fault(size) ? refused() : counted(malloc(size)); }

void *zm_faulty_calloc(size_t number, size_t size) {
    return zm_fault(number * size) ? refused() : counted(calloc(number, size));
}

/* The block counts as before, moved or not. */
void *zm_faulty_realloc(void *ptr, size_t size) {
    return zm_fault(size) ? refused() : realloc(ptr, size);
}

int zm_faulty_posix_memalign(void **ptr, size_t alignment, size_t size) {
    if (zm_fault(size)) return ENOMEM;
    int error = posix_memalign(ptr, alignment, size);
    if (error == 0) (void)counted(*ptr);
    return error;
}

void zm_faulty_free(void *ptr) {
    if (ptr != NULL) atomic_fetch_sub(&live, 1);
    free(ptr);
}

int64_t zm_faulty_live(void) { return atomic_load(&live); }
