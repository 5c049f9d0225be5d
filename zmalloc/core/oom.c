#include "zmalloc/core/oom.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "zmalloc/core/limit.h"
#include "zmalloc/core/traces.h"

/* Writes directly to the file descriptor: for stderr glibc needs 8 KiB of stack. */
static void print_and_abort(size_t size) {
    char line[128];
    struct zm_limits limits;
    int length =
        snprintf(line, sizeof line, "zmalloc: Out of memory trying to allocate %zu bytes", size);
    zm_limits_get(&limits);
    if (limits.hard != ZM_NO_LIMIT) {
        length += snprintf(line + length, sizeof line - (size_t)length,
                           ": the limit is %" PRId64 " bytes", limits.hard);
    }
    line[length++] = '\n';
    (void)!write(STDERR_FILENO, line, (size_t)length);
    abort();
}

static void (*_Atomic oom_handler)(size_t) = print_and_abort;

void zm_set_oom_handler(void (*handler)(size_t size)) {
    atomic_store(&oom_handler, handler != NULL ? handler : print_and_abort);
}

/* Out of line, to keep it out of its callers' fast paths. */
__attribute__((noinline, cold)) void *zm_out_of_memory(size_t size) {
    void (*handler)(size_t) = atomic_load(&oom_handler);
    handler(size);
    return NULL;
}

ZM_NAME_IN_TRACES(zm_out_of_memory, "zmalloc.out_of_memory");
