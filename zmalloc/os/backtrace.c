/* Call stacks by the libc's backtrace(), or by the unwinder that it calls: this one also tells
 * where the frames lie. */
/* clang-format off */
#include <sys/cdefs.h> /* FreeBSD 13's execinfo.h needs it but does not include it */
/* clang-format on */
#include <dlfcn.h>
#include <execinfo.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>
#include <unwind.h>

#include "zmalloc/os/os.h"

static _Atomic bool can;
/* Numbers of calls of backtrace() and of fork in progress; `mine`: calls of backtrace() in this
 * thread. */
static _Atomic unsigned taking, forking;
static _Thread_local unsigned mine __attribute__((tls_model("initial-exec")));

/* backtrace() may hold the loader's lock (glibc before 2.35).  A child of fork that inherits
 * the held lock waits for it for ever.  So a thread that forks waits, a tenth of a second at
 * most, until no other thread is in backtrace(), and other threads take no stack meanwhile.  It
 * does not wait for itself: a signal handler that interrupted backtrace() may fork. */
static void before_fork(void) {
    enum { TIMES = 2000 };
    const struct timespec a_while = {.tv_nsec = 50000};
    atomic_fetch_add(&forking, 1);
    for (int i = 0; atomic_load(&taking) > mine && i < TIMES; i++) nanosleep(&a_while, NULL);
}

static void in_parent(void) { atomic_fetch_sub(&forking, 1); }

static void in_child(void) {
    atomic_store(&taking, mine);
    atomic_store(&forking, 0);
}

/* ---- The unwinder ----------------------------------------------------------------- */

static struct {
    _Unwind_Reason_Code (*each_frame)(_Unwind_Trace_Fn visit, void *walk);
    __typeof__(_Unwind_GetIP) *address;
    __typeof__(_Unwind_GetCFA) *above;
} unwinder;

/* A program in C may not have it linked, and a static one has no dlopen(). */
#ifdef __ELF__
#pragma weak _Unwind_Backtrace
#pragma weak _Unwind_GetIP
#pragma weak _Unwind_GetCFA
#pragma weak dlopen
#pragma weak dlsym
#endif

static bool has_unwinder(void) {
    return unwinder.each_frame != NULL && unwinder.address != NULL && unwinder.above != NULL;
}

static void take_linked_unwinder(void) {
    unwinder.each_frame = _Unwind_Backtrace;
    unwinder.address = _Unwind_GetIP;
    unwinder.above = _Unwind_GetCFA;
}

/* The one that backtrace() has loaded. */
static void take_loaded_unwinder(void) {
#ifdef __ELF__
    if (dlopen == NULL || dlsym == NULL) return;
    void *library = dlopen("libgcc_s.so.1", RTLD_NOW);
    if (library == NULL) return;
    *(void **)&unwinder.each_frame = dlsym(library, "_Unwind_Backtrace");
    *(void **)&unwinder.address = dlsym(library, "_Unwind_GetIP");
    *(void **)&unwinder.above = dlsym(library, "_Unwind_GetCFA");
#endif
}

struct walk {
    void **frames;
    uintptr_t *above;
    unsigned count, max;
};

static _Unwind_Reason_Code visit(struct _Unwind_Context *context, void *argument) {
    struct walk *walk = argument;
    void *address = (void *)unwinder.address(context);
    if (address == NULL || walk->count == walk->max) return _URC_END_OF_STACK;
    walk->frames[walk->count] = address;
    if (walk->above != NULL) walk->above[walk->count] = unwinder.above(context);
    walk->count++;
    return _URC_NO_REASON;
}

static unsigned take(void **frames, uintptr_t *above, unsigned max) {
    if (has_unwinder()) {
        struct walk walk = {frames, above, 0, max};
        (void)unwinder.each_frame(visit, &walk);
        return walk.count;
    }
    const int count = backtrace(frames, (int)max);
    for (int i = 0; above != NULL && i < count; i++) above[i] = 0;
    return count > 0 ? (unsigned)count : 0;
}

/* ---- For the others ------------------------------------------------------------------ */

/* The first call of either loads a library, or allocates.  Where that fails, it is tried again at
 * each call. */
void zm_os_prepare_stacks(void) {
    void *frame;
    if (can) return;
    take_linked_unwinder();
    if (!has_unwinder()) {
        if (backtrace(&frame, 1) <= 0) return;
        take_loaded_unwinder();
    }
    can = take(&frame, NULL, 1) > 0 && pthread_atfork(before_fork, in_parent, in_child) == 0;
}

unsigned zm_os_backtrace(void **frames, uintptr_t *above, unsigned max) {
    unsigned count = 0;
    if (!can || atomic_load(&forking) != 0) return 0;
    mine++;
    atomic_fetch_add(&taking, 1);
    if (atomic_load(&forking) == 0) count = take(frames, above, max);
    atomic_fetch_sub(&taking, 1);
    mine--;
    return count;
}
