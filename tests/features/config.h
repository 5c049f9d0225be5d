// Defines the macros of a Redis-like server's own config.h, as that spells them: without #ifndef,
// and some without a value.
#ifndef TESTS_FEATURES_CONFIG_H_
#define TESTS_FEATURES_CONFIG_H_

#include <sys/types.h>

#ifdef __linux__
#define HAVE_EPOLL 1
#define HAVE_EVENT_FD 1
#define HAVE_MSG_NOSIGNAL 1
#define HAVE_PROC_MAPS 1
#define HAVE_PROC_OOM_SCORE_ADJ 1
#define HAVE_PROC_SMAPS 1
#define HAVE_PROC_SOMAXCONN 1
#define HAVE_PROC_STAT 1
#define HAVE_SOCKOPTMARKID 1
#define HAVE_SYNC_FILE_RANGE 1
#define SOCKOPTMARKID SO_MARK
#else
#define HAVE_KQUEUE 1
#define HAVE_SYSCTL_KIPC_SOMAXCONN 1
#endif

#ifdef __APPLE__
#define HAVE_TASKINFO 1
#else
#define HAVE_ACCEPT4 1
#define HAVE_FADVISE
#define HAVE_PIPE2 1
#define USE_SETCPUAFFINITY
#endif

#ifndef __FreeBSD__
#define INIT_SETPROCTITLE_REPLACEMENT
#endif
#define USE_SETPROCTITLE

#if defined(__GLIBC__) || !defined(__linux__)
#define HAVE_BACKTRACE 1
#endif

#define HAS_BUILTIN_PREFETCH 1
#define redis_prefetch_read(addr) __builtin_prefetch(addr, 0, 3)
#define redis_prefetch_write(addr) __builtin_prefetch(addr, 1, 3)
#define valkey_prefetch(addr) __builtin_prefetch(addr)

#if defined(__linux__) && defined(__GLIBC__)
#define HAVE_IFUNC 1
#else
#define HAVE_IFUNC 0
#endif

#ifdef __x86_64__
#define HAVE_ATOMIC
#define HAVE_AVX2
#define HAVE_AVX512
#define HAVE_POPCNT
#define HAVE_X86_SIMD 1
#else
#define HAVE_X86_SIMD 0
#endif
#ifdef __aarch64__
#define HAVE_AARCH64_NEON
#define HAVE_ARM_NEON 1
#else
#define HAVE_ARM_NEON 0
#endif

#ifndef BYTE_ORDER
#define BYTE_ORDER LITTLE_ENDIAN
#endif

#ifndef CACHE_LINE_SIZE
#if defined(__aarch64__) && defined(__APPLE__)
#define CACHE_LINE_SIZE 128
#else
#define CACHE_LINE_SIZE 64
#endif
#endif

#endif  // TESTS_FEATURES_CONFIG_H_
