/* Call stacks by the libc's backtrace(). */
#include <execinfo.h>

#include "zmalloc/os/os.h"

unsigned zm_os_stack(void **frames, unsigned max) {
    const int count = backtrace(frames, (int)max);
    return count > 0 ? (unsigned)count : 0;
}
