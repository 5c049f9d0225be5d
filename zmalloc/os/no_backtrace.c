/* For a libc without backtrace() (musl). */
#include "zmalloc/os/os.h"

void zm_os_prepare_stacks(void) {}

unsigned zm_os_backtrace(void **frames, unsigned max) {
    (void)frames;
    (void)max;
    return 0;
}
