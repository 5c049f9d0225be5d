
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Handles SIGSEGV and SIGBUS on the pages of sampled blocks: prints an explanation, then calls
 * the handler that was installed before. */
#include "zmalloc/guard/pool.h"

/* macOS sends SIGBUS for some of these accesses. */
static const int watched[] = {SIGSEGV, SIGBUS};
enum { WATCHED = sizeof watched / sizeof watched[0] };

/* found[..][n] is the handler to which entry point n hands a signal on.  When zm_segv_watch()
 * finds another handler installed, it installs the next entry point over that one.  So a
 * program's handler that calls the handler that it had found, or restores it, reaches exactly
 * that one. */
enum { ENTRIES = 8 };
static struct sigaction found[WATCHED][ENTRIES];
static unsigned entries[WATCHED]; /* number in use; only zm_segv_watch() uses it */

/* The signal that this thread is handing on, the entry point, and its place on the stack.  If
 * the next handler calls an entry point, that call lies deeper on the stack.  A signal that
 * comes after a handler left by longjmp does not. */
static _Thread_local struct handed {
    const void *context;
    uintptr_t frame;
    unsigned entry;
} handed __attribute__((tls_model("initial-exec")));

static void on_fault(unsigned entry, int signal, siginfo_t *info, void *context);

/* clang-format off */
#define ENTRY(n) \
    static void entry_##n(int s, siginfo_t *i, void *c) { on_fault(n, s, i, c); }
ENTRY(0) ENTRY(1) ENTRY(2) ENTRY(3) ENTRY(4) ENTRY(5) ENTRY(6) ENTRY(7)

static void (*const entry_points[ENTRIES])(int, siginfo_t *, void *) = {
    entry_0, entry_1, entry_2, entry_3, entry_4, entry_5, entry_6, entry_7,
};
/* clang-format on */

static bool is_ours(const struct sigaction *action) {
    if ((action->sa_flags & SA_SIGINFO) == 0) return false;
    for (unsigned e = 0; e < ENTRIES; e++) {
        if (action->sa_sigaction == entry_points[e]) return true;
    }
    return false;
}

static bool is_default(const struct sigaction *action) {
    return (action->sa_flags & SA_SIGINFO) == 0 && action->sa_handler == SIG_DFL;
}

static bool is_same(const struct sigaction *one, const struct sigaction *other) {
    if (one->sa_flags != other->sa_flags) return false;
    return one->sa_flags & SA_SIGINFO ? one->sa_sigaction == other->sa_sigaction
                                      : one->sa_handler == other->sa_handler;
}

/* Whether the kernel raised the signal for something that the thread did.  (For a signal that
 * a process sent, si_code is large on FreeBSD, and zero or negative on other systems.) */
static bool is_fault(const siginfo_t *info) { return info->si_code > 0 && info->si_code < 0x1000; }

/* Does the system's default, which ends the program.  A fault happens again when the handler
 * returns; another signal is raised again. */
static void let_end(int signal, const siginfo_t *info) {
    struct sigaction ending = {.sa_handler = SIG_DFL};
    sigemptyset(&ending.sa_mask);
    (void)sigaction(signal, &ending, NULL);
    if (!is_fault(info)) (void)raise(signal);
}

static void hand_on(const struct sigaction *next, int signal, siginfo_t *info, void *context) {
    if ((next->sa_flags & SA_SIGINFO) == 0 &&
        (next->sa_handler == SIG_DFL || next->sa_handler == SIG_IGN)) {
        if (next->sa_handler == SIG_DFL || is_fault(info)) let_end(signal, info);
        return;
    }
    if (next->sa_flags & SA_RESETHAND) { /* a fault in this handler ends the program */
        struct sigaction once = {.sa_handler = SIG_DFL};
        sigemptyset(&once.sa_mask);
        (void)sigaction(signal, &once, NULL);
    }
    if (next->sa_flags & SA_SIGINFO) {
        next->sa_sigaction(signal, info, context);
    } else {
        next->sa_handler(signal);
    }
}

static void on_fault(unsigned entry, int signal, siginfo_t *info, void *context) {
    const int which = signal == watched[0] ? 0 : 1;
    const uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
    const bool again = handed.context == context && frame < handed.frame; /* a handler calls */
    if (!again && is_fault(info) && zm_pool_has(info->si_addr)) zm_pool_explain(info->si_addr);
    /* If handlers call each other, each call goes to an earlier entry point, so this ends. */
    if (again && entry >= handed.entry) entry = handed.entry != 0 ? handed.entry - 1 : 0;
    const struct handed before = again ? handed : (struct handed){.context = NULL};
    handed = (struct handed){.context = context, .frame = frame, .entry = entry};
    hand_on(&found[which][entry], signal, info, context);
    handed = before;
}

/* The entry point that hands on to this handler; ENTRIES when all are in use for others. */
static unsigned entry_of(int which, const struct sigaction *handler) {
    unsigned e = 0;
    while (e < entries[which] && !is_same(&found[which][e], handler)) e++;
    if (e == entries[which] && e < ENTRIES) {
        found[which][e] = *handler;
        entries[which]++;
    }
    return e;
}

static void watch(int which) {
    struct sigaction now, before;
    if (sigaction(watched[which], NULL, &now) != 0) return;
    /* Repeat when another thread installed a handler in between. */
    for (; !is_ours(&now); now = before) {
        const unsigned e = entry_of(which, &now);
        if (e == ENTRIES) return; /* none is left: the program's handler stays alone */
        struct sigaction ours = {.sa_flags = SA_SIGINFO, .sa_mask = now.sa_mask};
        ours.sa_sigaction = entry_points[e];
        ours.sa_flags |= now.sa_flags & (SA_NODEFER | SA_RESTART | SA_ONSTACK);
        if (is_default(&now)) ours.sa_flags |= SA_ONSTACK;
        if (sigaction(watched[which], &ours, &before) != 0 || is_same(&before, &now)) return;
    }
}

static atomic_flag busy = ATOMIC_FLAG_INIT;

void zm_segv_in_child(void) { atomic_flag_clear(&busy); }

void zm_segv_watch(void) {
    if (atomic_flag_test_and_set(&busy)) return;
    for (int which = 0; which < WATCHED; which++) watch(which);
    atomic_flag_clear(&busy);
}
