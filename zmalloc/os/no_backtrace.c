/* For a libc without backtrace() (musl). */
#include "zmalloc/os/os.h"

void zm_os_prepare_stacks(void) {}

unsigned zm_os_backtrace(void **frames, uintptr_t *above, unsigned max) {
    (void)frames;
    (void)above;
    (void)max;
    return 0;
}
