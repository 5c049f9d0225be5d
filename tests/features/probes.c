// A program per row of //zmalloc/features:features.bzl, which compiles and links only
// where a platform has the feature.  probes.bzl compiles one at a time, as PROBE_ROW.
#include <sys/types.h>  // before others, as BSDs want it

#if defined(PROBE_HAVE_EPOLL)
#include <sys/epoll.h>
int main(void) { return epoll_create1(EPOLL_CLOEXEC); }

#elif defined(PROBE_HAVE_KQUEUE)
#include <sys/event.h>
int main(void) { return kqueue() + EVFILT_READ; }

#elif defined(PROBE_HAVE_EVENT_FD)
#include <sys/eventfd.h>
int main(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

#elif defined(PROBE_HAVE_PROC_STAT) || defined(PROBE_HAVE_PROC_MAPS) || \
    defined(PROBE_HAVE_PROC_SMAPS)
#include <linux/magic.h>
#include <sys/vfs.h>
static struct statfs fs;
int main(void) { return statfs("/proc/self", &fs) + PROC_SUPER_MAGIC; }

#elif defined(PROBE_HAVE_PROC_SOMAXCONN)
#include <linux/sysctl.h>
#include <stddef.h>
#include <sys/vfs.h>
static struct statfs fs;
int main(void) { return statfs("/proc/sys/net/core/somaxconn", &fs) + NET_CORE_SOMAXCONN; }

#elif defined(PROBE_HAVE_PROC_OOM_SCORE_ADJ)
#include <linux/oom.h>
#include <sys/vfs.h>
static struct statfs fs;
int main(void) { return statfs("/proc/self/oom_score_adj", &fs) + OOM_SCORE_ADJ_MAX; }

#elif defined(PROBE_HAVE_SYSCTL_KIPC_SOMAXCONN)
#include <stddef.h>
#include <sys/sysctl.h>
int main(void) {
    return sysctl((int[]){CTL_KERN, KERN_IPC, KIPC_SOMAXCONN}, 3, NULL, NULL, NULL, 0);
}

#elif defined(PROBE_HAVE_TASKINFO)
#include <mach/mach.h>
static mach_task_basic_info_data_t info;
static mach_msg_type_number_t count = MACH_TASK_BASIC_INFO_COUNT;
int main(void) {
    return task_info(mach_task_self(), MACH_TASK_BASIC_INFO, (task_info_t)&info, &count);
}

#elif defined(PROBE_HAVE_BACKTRACE)
#include <execinfo.h>
static void *frames[8];
int main(void) { return (int)backtrace(frames, 8); }

#elif defined(PROBE_USE_SETPROCTITLE)
extern char **environ;
// A server's own setproctitle() writes over these.
int main(int argc, char **argv) { return (void)argc, (argv[0][0] = 0) + (environ[0][0] = 0); }

#elif defined(PROBE_INIT_SETPROCTITLE_REPLACEMENT)
#include <unistd.h>
static int setproctitle = 1;  // the name is free
int main(void) { return setproctitle; }

#elif defined(PROBE_USE_SETCPUAFFINITY)
#include <pthread.h>
#if __has_include(<pthread_np.h>)
#include <pthread_np.h>
typedef cpuset_t cpu_set_t;
#else
#include <sched.h>
#endif
static cpu_set_t cpus;
int main(void) { return pthread_setaffinity_np(pthread_self(), sizeof cpus, &cpus); }

#elif defined(PROBE_HAVE_ACCEPT4)
#include <stddef.h>
#include <sys/socket.h>
int main(void) { return accept4(0, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC); }

#elif defined(PROBE_HAVE_PIPE2)
#include <fcntl.h>
#include <unistd.h>
int main(void) { return pipe2((int[2]){0}, O_NONBLOCK | O_CLOEXEC); }

#elif defined(PROBE_HAVE_MSG_NOSIGNAL)
#include <sys/socket.h>
#ifdef __APPLE__
#undef MSG_NOSIGNAL  // new headers have it; the kernels that we build for may lack it
#endif
int main(void) { return (int)send(0, "", 1, MSG_NOSIGNAL); }

#elif defined(PROBE_HAVE_SOCKOPTMARKID)
#include <sys/socket.h>
#if defined(SO_MARK) || defined(SO_USER_COOKIE)
enum { kMark = 1 };
#endif
int main(void) { return kMark; }

#elif defined(PROBE_SOCKOPTMARKID_SO_MARK)
#include <sys/socket.h>
static int mark;
int main(void) { return setsockopt(0, SOL_SOCKET, SO_MARK, &mark, sizeof mark); }

#elif defined(PROBE_SOCKOPTMARKID_SO_USER_COOKIE)
#include <sys/socket.h>
static int mark;
int main(void) { return setsockopt(0, SOL_SOCKET, SO_USER_COOKIE, &mark, sizeof mark); }

#elif defined(PROBE_HAVE_SYNC_FILE_RANGE)
#include <fcntl.h>
int main(void) {
    return sync_file_range(0, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE);
}

#elif defined(PROBE_HAVE_FADVISE)
#include <fcntl.h>
int main(void) { return posix_fadvise(0, 0, 0, POSIX_FADV_DONTNEED); }

// The libc's HAVE_MALLOC_SIZE; other allocators always have it.
#elif defined(PROBE_HAVE_MALLOC_SIZE) || defined(PROBE_HAVE_MALLOC_USABLE_SIZE)
#include <stdlib.h>
#if defined(PROBE_HAVE_MALLOC_SIZE) && defined(__APPLE__)
#include <malloc/malloc.h>
#define malloc_usable_size malloc_size
#elif __has_include(<malloc_np.h>)
#include <malloc_np.h>
#else
#include <malloc.h>
#endif
int main(void) { return (int)malloc_usable_size(malloc(1)); }

#elif defined(PROBE_HAS_BUILTIN_PREFETCH)
static char block[64];
int main(void) { return (__builtin_prefetch(block, 0, 3), 0); }

#elif defined(PROBE_redis_prefetch_read) || defined(PROBE_valkey_prefetch)
static char block[64];
int main(void) { return (__builtin_prefetch(block, 0, 3), __builtin_prefetch(block), 0); }

#elif defined(PROBE_redis_prefetch_write)
static char block[64];
int main(void) { return (__builtin_prefetch(block, 1, 3), 0); }

#elif defined(PROBE_HAVE_ATOMIC)
static size_t word;
int main(void) { return (int)__atomic_add_fetch(&word, 1, __ATOMIC_SEQ_CST); }

// Asks whether the compiler can do this for one function, whatever it does for the others.
#elif defined(PROBE_HAVE_POPCNT)
#include <immintrin.h>
__attribute__((target("popcnt"))) int main(void) { return _mm_popcnt_u32(5); }

#elif defined(PROBE_HAVE_AVX2)
#include <immintrin.h>
__attribute__((target("avx2"))) int main(void) {
    return _mm256_extract_epi32(_mm256_abs_epi32(_mm256_set1_epi32(-1)), 0);
}

#elif defined(PROBE_HAVE_AVX512)
#include <immintrin.h>
__attribute__((target("avx512f,avx512vpopcntdq"))) int main(void) {
    return _mm512_reduce_add_epi32(_mm512_popcnt_epi32(_mm512_set1_epi32(-1)));
}

#elif defined(PROBE_HAVE_X86_SIMD)
#include <immintrin.h>
__attribute__((target("avx512f,avx512bw,avx512vl,avx512vpopcntdq"))) int main(void) {
    return _mm_cvtsi128_si32(_mm_popcnt_epi32(_mm_set1_epi32(-1)));
}

#elif defined(PROBE_HAVE_AARCH64_NEON) || defined(PROBE_HAVE_ARM_NEON)
#include <arm_neon.h>
int main(void) { return (int)vaddvq_u32(vdupq_n_u32(1)); }

// Compilers and linkers take it for musl as well, whose loader does not call the function.
#elif defined(PROBE_HAVE_IFUNC)
#include <gnu/libc-version.h>
static int one(void) { return 1; }
static int (*choose(void))(void) { return one; }
int chosen(void) __attribute__((ifunc("choose")));
int main(void) { return chosen(); }

// GCC tells by a macro, Clang by its __has_feature().
#elif defined(PROBE_VALKEY_ADDRESS_SANITIZER)
#ifndef __has_feature
#define __has_feature(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
enum { kSanitized = 1 };
#endif
int main(void) { return kSanitized; }

#elif defined(PROBE_VALKEY_THREAD_SANITIZER)
#ifndef __has_feature
#define __has_feature(name) 0
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
enum { kSanitized = 1 };
#endif
int main(void) { return kSanitized; }

#elif defined(PROBE_BYTE_ORDER_LITTLE_ENDIAN)
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "byte order");
int main(void) { return 0; }

// FreeBSD's header defines it, as ours does.  Elsewhere no header does, and the compiler can only
// tell which CPU and system it compiles for.
#elif defined(PROBE_CACHE_LINE_SIZE_128) || defined(PROBE_CACHE_LINE_SIZE_64)
#include <sys/param.h>
#ifndef CACHE_LINE_SIZE
#if defined(__APPLE__) && defined(__aarch64__)
#define CACHE_LINE_SIZE 128
#else
#define CACHE_LINE_SIZE 64
#endif
#endif
#ifdef PROBE_CACHE_LINE_SIZE_128
_Static_assert(CACHE_LINE_SIZE == 128, "cache line");
#else
_Static_assert(CACHE_LINE_SIZE == 64, "cache line");
#endif
int main(void) { return 0; }

#else
#error "this row has no probe"
#endif
