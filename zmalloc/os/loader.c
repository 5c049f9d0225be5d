#include "zmalloc/os/loader.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

/* Numbers of such calls and of forks in progress; `mine`: calls of this thread. */
static _Atomic unsigned calls, forks;
static _Thread_local unsigned mine __attribute__((tls_model("initial-exec")));

/* Fork handlers of other libraries may call what their own fork keeps others from. */
static _Thread_local bool is_forking __attribute__((tls_model("initial-exec")));

static void wait_a_little(void) {
    const struct timespec a_while = {.tv_nsec = 50000};
    nanosleep(&a_while, NULL);
}

static void before_fork(void) {
    enum { TIMES = 2000 };
    atomic_fetch_add(&forks, 1);
    is_forking = true;
    for (int i = 0; atomic_load(&calls) > mine && i < TIMES; i++) wait_a_little();
}

static void in_parent(void) {
    is_forking = false;
    atomic_fetch_sub(&forks, 1);
}

static void in_child(void) {
    is_forking = false;
    atomic_store(&calls, mine);
    atomic_store(&forks, 0);
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

bool zm_loader_enter(void) {
    if (!is_forking && atomic_load(&forks) != 0) return false;
    mine++;
    atomic_fetch_add(&calls, 1);
    if (is_forking || atomic_load(&forks) == 0) return true;
    zm_loader_leave();
    return false;
}

void zm_loader_leave(void) {
    atomic_fetch_sub(&calls, 1);
    mine--;
}

void zm_loader_enter_when_possible(void) {
    while (!zm_loader_enter()) wait_a_little();
}
