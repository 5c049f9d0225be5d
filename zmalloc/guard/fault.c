#include "zmalloc/guard/fault.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zmalloc/guard/pool.h"

/* macOS says SIGBUS of some. */
static const int watched[] = {SIGSEGV, SIGBUS};
enum { WATCHED = sizeof watched / sizeof watched[0] };

/* Who comes after us.  Two, so that a handler that runs meanwhile reads a whole one. */
struct next {
    struct sigaction action[2];
    _Atomic unsigned current;
    atomic_bool is_set;
};

/* `original` was there before us; `latest` put itself in our place later, and may call us
 * in its turn. */
static struct next original[WATCHED], latest[WATCHED];

/* What this thread has handed to `latest`, and from where on its stack: a call from there
 * lies deeper, and one after `latest` jumped out of it does not. */
static _Thread_local struct {
    const void *context;
    uintptr_t frame;
} handed __attribute__((tls_model("initial-exec")));

static void on_fault(int signal, siginfo_t *info, void *context);

static bool is_ours(const struct sigaction *action) {
    return (action->sa_flags & SA_SIGINFO) != 0 && action->sa_sigaction == on_fault;
}

/* By the kernel, for what the thread did.  (FreeBSD's codes of signals that were sent are
 * large, others' negative.) */
static bool is_fault(const siginfo_t *info) { return info->si_code > 0 && info->si_code < 0x1000; }

/* The default: of a fault, by letting it happen once more. */
static void let_end(int signal, const siginfo_t *info) {
    struct sigaction ending = {.sa_handler = SIG_DFL};
    sigemptyset(&ending.sa_mask);
    (void)sigaction(signal, &ending, NULL);
    if (!is_fault(info)) (void)raise(signal);
}

static void hand_on(const struct next *to, int signal, siginfo_t *info, void *context) {
    const struct sigaction *next = &to->action[atomic_load(&to->current)];
    if (next->sa_flags & SA_SIGINFO) {
        next->sa_sigaction(signal, info, context);
    } else if (next->sa_handler == SIG_DFL || (next->sa_handler == SIG_IGN && is_fault(info))) {
        let_end(signal, info);
    } else if (next->sa_handler != SIG_IGN) {
        next->sa_handler(signal);
    }
}

static void on_fault(int signal, siginfo_t *info, void *context) {
    const int which = signal == watched[0] ? 0 : 1;
    const uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
    const bool again = handed.context == context && frame < handed.frame; /* by `latest` */
    if (!again && is_fault(info) && zm_pool_has(info->si_addr)) zm_pool_explain(info->si_addr);
    if (again || !atomic_load(&latest[which].is_set)) {
        hand_on(&original[which], signal, info, context);
        return;
    }
    handed.context = context;
    handed.frame = frame;
    hand_on(&latest[which], signal, info, context);
    handed.context = NULL;
}

static void watch(int which) {
    struct sigaction ours = {.sa_sigaction = on_fault}, now;
    if (sigaction(watched[which], NULL, &now) != 0 || is_ours(&now)) return;
    struct next *next = &original[which];
    if (atomic_load(&next->is_set)) next = &latest[which];
    const unsigned other = 1 - atomic_load(&next->current);
    next->action[other] = now;
    atomic_store(&next->current, other);
    atomic_store(&next->is_set, true);
    ours.sa_mask = now.sa_mask;
    ours.sa_flags = SA_SIGINFO | SA_ONSTACK | (now.sa_flags & (SA_NODEFER | SA_RESTART));
    (void)sigaction(watched[which], &ours, NULL);
}

void zm_fault_watch(void) {
    static atomic_flag busy = ATOMIC_FLAG_INIT; /* for good, in a child forked meanwhile */
    if (atomic_flag_test_and_set(&busy)) return;
    for (int which = 0; which < WATCHED; which++) watch(which);
    atomic_flag_clear(&busy);
}
