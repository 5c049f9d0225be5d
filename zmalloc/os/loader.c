#include "zmalloc/os/loader.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

/* Numbers of such calls and of forks in progress; `mine`: calls of this thread. */
static _Atomic unsigned calls, forks;
static _Thread_local unsigned mine __attribute__((tls_model("initial-exec")));

/* Forks of this thread.  Fork handlers of other libraries may call what their own fork keeps others
 * from, and may fork themselves. */
static _Thread_local unsigned own_forks __attribute__((tls_model("initial-exec")));

enum { TIMES = 2000 }; /* a tenth of a second */

/* nanosleep() is a cancellation point, and fork() is none: a thread that ended here would leave its
 * fork in progress for ever. */
static void wait_a_little(void) {
    const struct timespec a_while = {.tv_nsec = 50000};
    int cancellation;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancellation);
    nanosleep(&a_while, NULL);
    pthread_setcancelstate(cancellation, NULL);
}

static void before_fork(void) {
    atomic_fetch_add(&forks, 1);
    own_forks++;
    for (int i = 0; atomic_load(&calls) > mine && i < TIMES; i++) wait_a_little();
}

static void in_parent(void) {
    own_forks--;
    atomic_fetch_sub(&forks, 1);
}

static atomic_bool is_child;

static void in_child(void) {
    own_forks--;
    atomic_store(&is_child, true);
    atomic_store(&calls, mine);
    atomic_store(&forks, own_forks);
}

static bool handles_fork;

static void handle_fork(void) {
    handles_fork = pthread_atfork(before_fork, in_parent, in_child) == 0;
}

bool zm_loader_handle_fork(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, handle_fork);
    return handles_fork;
}

bool zm_loader_may_stay_locked(void) { return atomic_load(&is_child); }

static void enter(void) {
    mine++;
    atomic_fetch_add(&calls, 1);
}

bool zm_loader_enter(void) {
    if (own_forks == 0 && atomic_load(&forks) != 0) return false;
    enter();
    if (own_forks != 0 || atomic_load(&forks) == 0) return true;
    zm_loader_leave();
    return false;
}

void zm_loader_leave(void) {
    atomic_fetch_sub(&calls, 1);
    mine--;
}

void zm_loader_enter_when_possible(void) {
    for (int i = 0; i < TIMES; i++) {
        if (zm_loader_enter()) return;
        wait_a_little();
    }
    enter();
}
