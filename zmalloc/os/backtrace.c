/* Call stacks by the libc's backtrace(). */
/* clang-format off */
#include <sys/cdefs.h> /* FreeBSD 13's execinfo.h needs it but does not include it */
/* clang-format on */
#include <execinfo.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "zmalloc/os/os.h"

static bool can;
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

/* glibc's backtrace() loads a library at its first call, and where there is no such library,
 * it tries again at each call. */
void zm_os_prepare_stacks(void) {
    void *frame;
    can = backtrace(&frame, 1) > 0 && pthread_atfork(before_fork, in_parent, in_child) == 0;
}

unsigned zm_os_backtrace(void **frames, unsigned max) {
    int count = 0;
    if (!can || atomic_load(&forking) != 0) return 0;
    mine++;
    atomic_fetch_add(&taking, 1);
    if (atomic_load(&forking) == 0) count = backtrace(frames, (int)max);
    atomic_fetch_sub(&taking, 1);
    mine--;
    return count > 0 ? (unsigned)count : 0;
}
