#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tools/zreplay/gate.h"

void gate_open(struct gate *gate) {
    atomic_store(&gate->open, 1);
    syscall(SYS_futex, &gate->open, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

void gate_wait(struct gate *gate) {
    while (!atomic_load(&gate->open)) {
        syscall(SYS_futex, &gate->open, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
    }
}
