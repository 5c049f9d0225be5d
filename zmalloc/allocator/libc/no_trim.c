#include "zmalloc/allocator/libc/trim.h"

int zm_libc_trim(void) { return -1; }
