// The macros that gperftools' configure would define, so that nothing has to run on the build
// machine.  tcmalloc.bzl has the macros that differ between platforms.  Macros that no source
// of our build uses (those of the CPU profiler and the heap checker) are left out.
#ifndef GPERFTOOLS_CONFIG_H_
#define GPERFTOOLS_CONFIG_H_ /* tcmalloc.h checks it */

#define HAVE_DECL_POSIX_MEMALIGN 1
#define HAVE_DECL_VALLOC 1
#define HAVE_FCNTL_H 1
#define HAVE_GETEUID 1
#define HAVE_GLOB_H 1
#define HAVE_MMAP 1
#define HAVE_POLL_H 1
#define HAVE_SBRK 1
#define HAVE_SCHED_H 1
#define HAVE_SYS_SOCKET_H 1
#define HAVE_SYS_TYPES_H 1
#define HAVE_SYS_UCONTEXT_H 1
#define HAVE_SYS_WAIT_H 1
#define HAVE_UNISTD_H 1
#define HAVE___ATTRIBUTE__ 1
#define HAVE___ATTRIBUTE__ALIGNED_FN 1

#include "private_names.h"

#endif  // GPERFTOOLS_CONFIG_H_
