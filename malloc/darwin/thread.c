#include "malloc/darwin/thread.h"

#include <stdatomic.h>

#include "malloc/darwin/system.h"

/* The marks of threads. */
enum { NEW, BEGINS, READY, FORKS, ENDED };

static atomic_bool started;

bool zm_threads_started(void) { return atomic_load_explicit(&started, memory_order_acquire); }

void zm_thread_end(void *unused) {
    (void)unused;
    zm_system_set_mark(ENDED);
}

/* The calls of malloc in here are served by the system. */
static void begin(void) {
    zm_system_set_mark(BEGINS);
    zm_system_make_thread_memory();
    zm_system_call_at_end(zm_thread_end);
    zm_system_set_mark(READY);
}

void zm_threads_start(void (*start_allocator)(void)) {
    begin();
    start_allocator();
    atomic_store_explicit(&started, true, memory_order_release);
}

enum zm_served zm_thread_served(void) {
    if (__builtin_expect(!zm_threads_started(), 0)) return ZM_BY_SYSTEM;
    unsigned mark = zm_system_mark();
    if (__builtin_expect(mark == READY, 1)) return ZM_BY_US;
    if (mark == FORKS) return ZM_FORKING;
    if (mark != NEW) return ZM_BY_SYSTEM;
    begin();
    return ZM_BY_US;
}

void zm_thread_before_fork(void) {
    if (zm_thread_served() == ZM_BY_US) zm_system_set_mark(FORKS);
}

void zm_thread_after_fork(void) {
    if (zm_system_mark() == FORKS) zm_system_set_mark(READY);
}
