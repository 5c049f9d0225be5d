// jemalloc includes <sys/syscall.h> on all systems, but uses nothing of it on macOS.  Zig's
// headers do not have it; if there is an SDK with this header, it is included.
#ifndef ZMALLOC_JEMALLOC_MACOS_SYSCALL_H
#define ZMALLOC_JEMALLOC_MACOS_SYSCALL_H

#if __has_include_next(<sys/syscall.h>)
#include_next <sys/syscall.h>
#endif

#endif
