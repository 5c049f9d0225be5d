/* Where a process has no simple way to wait for a number. */
#include <stddef.h>
#include <time.h>

#include "tools/zreplay/gate.h"

void gate_open(struct gate *gate) { atomic_store(&gate->open, 1); }

void gate_wait(struct gate *gate) {
    const struct timespec shortly = {.tv_nsec = 200000};
    while (!atomic_load(&gate->open)) nanosleep(&shortly, NULL);
}
