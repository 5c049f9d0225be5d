// jemalloc includes it everywhere and needs nothing of it on macOS.  Zig's
// headers are without it; an SDK's own is used if there.
#ifndef ZMALLOC_JEMALLOC_MACOS_SYSCALL_H
#define ZMALLOC_JEMALLOC_MACOS_SYSCALL_H

#if __has_include_next(<sys/syscall.h>)
#include_next <sys/syscall.h>
#endif

#endif
