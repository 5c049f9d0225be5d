"""The one table of what a platform has: Redis's config.h, decided by the build.

zmalloc/features.h, a config_setting per row (//zmalloc/features:HAVE_EPOLL),
docs/features.md and the probes that prove each row (//tests/features) come from
it.  A row, whose key is the name of its config_setting:

  on        the platforms that have it: words of PLATFORM_WORDS, all of which
            must hold ("linux glibc"), or
  settings  the config_settings under which it holds
  means     in one line
  macro     what the header defines; the row's key, if not said
  value     what as; "1", or empty where Redis's config.h has nothing there
  otherwise the macro's value where no row of it holds; not defined, if not said
  header    where it is defined, if not by zmalloc/features.h itself
  follows   whose name and meaning it is, if not config.h of Redis and Valkey
  differs   where that says something else
  linkopts  what a program that uses it links with, by platform

and the program that compiles and links only where a platform has it:

  includes  headers
  declares  lines before main, if any
  uses      an int
"""

load("//zmalloc/allocator:allocators.bzl", "BACKENDS")

# The words that say where: how to read them, and the constraint.
PLATFORM_WORDS = {
    "linux": ("Linux", "@platforms//os:linux"),
    "glibc": ("glibc", "//platforms:default_libc"),
    "musl": ("musl", "//platforms:musl"),
    "osx": ("macOS", "@platforms//os:osx"),
    "freebsd": ("FreeBSD", "@platforms//os:freebsd"),
    "openbsd": ("OpenBSD", "@platforms//os:openbsd"),
    "illumos": ("illumos", "//platforms:illumos"),
    "aarch64": ("aarch64", "@platforms//cpu:aarch64"),
    "arm": ("arm", "@platforms//cpu:arm"),
    "riscv64": ("riscv64", "@platforms//cpu:riscv64"),
    "s390x": ("s390x", "@platforms//cpu:s390x"),
    "x86_32": ("x86_32", "@platforms//cpu:x86_32"),
    "x86_64": ("x86_64", "@platforms//cpu:x86_64"),
}

# GCC or Clang compile for all of these.
_EVERYWHERE = ["linux", "osx", "freebsd", "openbsd", "illumos"]

def _feature(
        means,
        uses,
        on = [],
        settings = [],
        includes = [],
        declares = "",
        macro = None,
        value = "1",
        otherwise = None,
        header = None,
        follows = "config.h",
        differs = "",
        linkopts = {}):
    return struct(
        on = on,
        settings = settings,
        means = means,
        macro = macro,
        value = value,
        otherwise = otherwise,
        header = header,
        follows = follows,
        differs = differs,
        linkopts = linkopts,
        includes = includes,
        declares = declares,
        uses = uses,
    )

def _procfs(file, means, includes = ["linux/magic.h"], uses = "statfs(\"%s\", &fs) + PROC_SUPER_MAGIC"):
    return _feature(
        on = ["linux"],
        means = "`%s`: %s" % (file, means),
        includes = ["sys/vfs.h"] + includes,
        declares = "static struct statfs fs;",
        uses = uses % file,
    )

def _cpu_code(cpu, means, attribute, includes, uses, **kwargs):
    """What the compiler can do for one function, whatever it does for the rest."""
    return _feature(
        on = [cpu],
        means = means,
        includes = includes,
        declares = "%sstatic int f(void) { %s }" % (attribute, uses),
        uses = "f()",
        **kwargs
    )

def _mark(os, option):
    return _feature(
        macro = "SOCKOPTMARKID",
        on = [os],
        value = option,
        means = "that option (needs `<sys/socket.h>`)",
        includes = ["sys/types.h", "sys/socket.h"],
        declares = "static int mark;",
        uses = "setsockopt(0, SOL_SOCKET, %s, &mark, sizeof mark)" % option,
    )

def _byte_order(order, cpus):
    return _feature(
        macro = "BYTE_ORDER",
        on = cpus,
        value = order,
        means = "beside `LITTLE_ENDIAN` and `BIG_ENDIAN`, by `<sys/types.h>` where that defines them",
        declares = "_Static_assert(__BYTE_ORDER__ == __ORDER_%s__, \"byte order\");" % order,
        uses = "0",
    )

# FreeBSD's header says it, as ours does; elsewhere no header does, and the
# compiler can only say which CPU and system it is for.
_CACHE_LINE_OF_COMPILER = """#ifndef CACHE_LINE_SIZE
#if defined(__APPLE__) && defined(__aarch64__)
#define CACHE_LINE_SIZE 128
#else
#define CACHE_LINE_SIZE 64
#endif
#endif
_Static_assert(CACHE_LINE_SIZE == %s, "cache line");"""

def _cache_line(size, on, otherwise = None):
    return _feature(
        macro = "CACHE_LINE_SIZE",
        on = on,
        value = size,
        means = "what two CPUs that write should be apart, in bytes",
        includes = ["sys/param.h"],
        declares = _CACHE_LINE_OF_COMPILER % size,
        uses = "0",
        otherwise = otherwise,
    )

FEATURES = {
    # Events
    "HAVE_EPOLL": _feature(
        on = ["linux"],
        means = "`epoll_create1()`",
        includes = ["sys/epoll.h"],
        uses = "epoll_create1(EPOLL_CLOEXEC)",
    ),
    "HAVE_KQUEUE": _feature(
        on = ["osx", "freebsd", "openbsd"],
        means = "`kqueue()`",
        includes = ["sys/types.h", "sys/event.h"],
        uses = "kqueue() + EVFILT_READ",
    ),
    "HAVE_EVPORT": _feature(
        on = ["illumos"],
        means = "event ports: `port_create()`",
        includes = ["port.h"],
        uses = "port_create()",
    ),
    "HAVE_EVENT_FD": _feature(
        on = ["linux", "freebsd"],
        means = "`eventfd()`",
        differs = "Linux alone; FreeBSD has it from 13 on",
        includes = ["sys/eventfd.h"],
        uses = "eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)",
    ),

    # What the kernel tells
    "HAVE_PROC_STAT": _procfs("/proc/self/stat", "RSS and more of a process"),
    "HAVE_PROC_MAPS": _procfs("/proc/self/maps", "mappings of a process"),
    "HAVE_PROC_SMAPS": _procfs("/proc/self/smaps", "memory of each mapping"),
    "HAVE_PROC_SOMAXCONN": _procfs(
        "/proc/sys/net/core/somaxconn",
        "longest backlog of `listen()`",
        includes = ["stddef.h", "linux/sysctl.h"],
        uses = "statfs(\"%s\", &fs) + NET_CORE_SOMAXCONN",
    ),
    "HAVE_PROC_OOM_SCORE_ADJ": _procfs(
        "/proc/self/oom_score_adj",
        "whom the kernel kills first",
        includes = ["linux/oom.h"],
        uses = "statfs(\"%s\", &fs) + OOM_SCORE_ADJ_MAX",
    ),
    "HAVE_SYSCTL_KIPC_SOMAXCONN": _feature(
        on = ["osx", "freebsd"],
        means = "longest backlog of `listen()`: `sysctl` `kern.ipc.somaxconn`",
        includes = ["sys/types.h", "sys/sysctl.h", "stddef.h"],
        uses = "sysctl((int[]){CTL_KERN, KERN_IPC, KIPC_SOMAXCONN}, 3, NULL, NULL, NULL, 0)",
    ),
    "HAVE_SYSCTL_KERN_SOMAXCONN": _feature(
        on = ["openbsd"],
        means = "longest backlog of `listen()`: `sysctl` `kern.somaxconn`",
        includes = ["sys/types.h", "sys/sysctl.h", "stddef.h"],
        uses = "sysctl((int[]){CTL_KERN, KERN_SOMAXCONN}, 2, NULL, NULL, NULL, 0)",
    ),
    "HAVE_TASKINFO": _feature(
        on = ["osx"],
        means = "RSS: Mach's `task_info()`",
        includes = ["mach/mach.h"],
        declares = "static mach_task_basic_info_data_t info;\n" +
                   "static mach_msg_type_number_t count = MACH_TASK_BASIC_INFO_COUNT;",
        uses = "task_info(mach_task_self(), MACH_TASK_BASIC_INFO, (task_info_t)&info, &count)",
    ),
    "HAVE_PSINFO": _feature(
        on = ["illumos"],
        means = "RSS: `/proc/PID/psinfo`",
        includes = ["procfs.h"],
        declares = "static psinfo_t info;",
        uses = "(int)info.pr_rssize",
    ),

    # The process
    "HAVE_BACKTRACE": _feature(
        on = ["linux glibc", "osx", "freebsd"],
        means = "`backtrace()`",
        linkopts = {"freebsd": ["-lexecinfo"]},
        includes = ["sys/types.h", "execinfo.h"],
        declares = "static void *frames[8];",
        uses = "(int)backtrace(frames, 8)",
    ),
    "USE_SETPROCTITLE": _feature(
        on = ["linux", "osx", "freebsd", "openbsd"],
        means = "`setproctitle()`, by the libc or by the server",
        value = "",
        declares = "extern char **environ;",
        # What a server's own overwrites.
        uses = "(argv[0][0] = 0) + (environ[0][0] = 0)",
    ),
    "INIT_SETPROCTITLE_REPLACEMENT": _feature(
        on = ["linux", "osx"],
        means = "`setproctitle()` is the server's, after `spt_init()`",
        value = "",
        includes = ["sys/types.h", "unistd.h"],
        # The name is free.
        declares = "static int setproctitle = 1;",
        uses = "setproctitle",
    ),
    "USE_SETCPUAFFINITY": _feature(
        on = ["linux", "freebsd"],
        means = "threads can be bound to CPUs",
        value = "",
        includes = ["pthread.h"],
        declares = """#if __has_include(<pthread_np.h>)
#include <pthread_np.h>
typedef cpuset_t cpu_set_t;
#else
#include <sched.h>
#endif
static cpu_set_t cpus;""",
        uses = "pthread_setaffinity_np(pthread_self(), sizeof cpus, &cpus)",
        linkopts = {"linux": ["-lpthread"], "freebsd": ["-lpthread"]},
    ),

    # Sockets and files
    "HAVE_ACCEPT4": _feature(
        on = ["linux", "freebsd", "openbsd"],
        means = "`accept4()`",
        includes = ["sys/types.h", "sys/socket.h", "stddef.h"],
        uses = "accept4(0, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)",
    ),
    "HAVE_PIPE2": _feature(
        on = ["linux", "freebsd", "openbsd"],
        means = "`pipe2()`",
        includes = ["fcntl.h", "unistd.h"],
        uses = "pipe2((int[2]){0}, O_NONBLOCK | O_CLOEXEC)",
    ),
    "HAVE_MSG_NOSIGNAL": _feature(
        on = ["linux", "freebsd"],
        means = "`MSG_NOSIGNAL`: `send()` without SIGPIPE",
        differs = "Linux alone",
        includes = ["sys/types.h", "sys/socket.h"],
        # New headers of macOS have it; the kernels we build for need not.
        declares = "#ifdef __APPLE__\n#undef MSG_NOSIGNAL\n#endif",
        uses = "(int)send(0, \"\", 1, MSG_NOSIGNAL)",
    ),
    "HAVE_SOCKOPTMARKID": _feature(
        on = ["linux", "freebsd", "openbsd"],
        means = "packets of a socket can be marked for the firewall",
        differs = "only where `<sys/socket.h>` came before config.h",
        includes = ["sys/types.h", "sys/socket.h"],
        declares = """#if defined(SO_MARK) || defined(SO_USER_COOKIE) || defined(SO_RTABLE)
enum { kMark = 1 };
#endif""",
        uses = "kMark",
    ),
    "SOCKOPTMARKID_SO_MARK": _mark("linux", "SO_MARK"),
    "SOCKOPTMARKID_SO_USER_COOKIE": _mark("freebsd", "SO_USER_COOKIE"),
    "SOCKOPTMARKID_SO_RTABLE": _mark("openbsd", "SO_RTABLE"),
    "HAVE_SYNC_FILE_RANGE": _feature(
        on = ["linux"],
        means = "`sync_file_range()`",
        includes = ["fcntl.h"],
        uses = "sync_file_range(0, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE)",
    ),
    "HAVE_FADVISE": _feature(
        on = ["linux", "freebsd"],
        means = "`posix_fadvise()`",
        value = "",
        includes = ["fcntl.h"],
        uses = "posix_fadvise(0, 0, 0, POSIX_FADV_DONTNEED)",
    ),

    # Allocators
    "HAVE_MALLOC_SIZE": _feature(
        settings = [
            "//zmalloc/allocator:is_" + backend
            for backend in BACKENDS
            if backend != "libc_prefix"
        ],
        means = "the chosen allocator tells the usable size of a block",
        header = "zmalloc/build_info.h",
        follows = "zmalloc.h",
        # Of libc; the others always do.
        includes = ["stdlib.h"],
        declares = """#ifdef __APPLE__
#include <malloc/malloc.h>
#define malloc_usable_size malloc_size
#elif __has_include(<malloc_np.h>)
#include <malloc_np.h>
#else
#include <malloc.h>
#endif""",
        uses = "(int)malloc_usable_size(malloc(1))",
    ),
    "HAVE_MALLOC_USABLE_SIZE": _feature(
        on = ["linux", "freebsd"],
        means = "`malloc_usable_size()` of libc: `<malloc.h>`, on FreeBSD `<malloc_np.h>`",
        follows = "zmalloc.h",
        differs = "not with musl, and by other names",
        includes = ["stdlib.h"],
        declares = """#if __has_include(<malloc_np.h>)
#include <malloc_np.h>
#else
#include <malloc.h>
#endif""",
        uses = "(int)malloc_usable_size(malloc(1))",
    ),

    # Compiler and CPU
    "HAS_BUILTIN_PREFETCH": _feature(
        on = _EVERYWHERE,
        means = "`__builtin_prefetch()`",
        otherwise = "0",
        declares = "static char block[64];",
        uses = "(__builtin_prefetch(block, 0, 3), 0)",
    ),
    "HAVE_ATOMIC": _feature(
        on = _EVERYWHERE,
        means = "`__atomic` built-ins on a word, without libatomic",
        value = "",
        differs = "x86 and PowerPC alone",
        includes = ["stddef.h"],
        declares = "static size_t word;",
        uses = "(int)__atomic_add_fetch(&word, 1, __ATOMIC_SEQ_CST)",
    ),
    "HAVE_POPCNT": _cpu_code(
        "x86_64",
        "functions with `target(\"popcnt\")`",
        "__attribute__((target(\"popcnt\"))) ",
        ["immintrin.h"],
        "return _mm_popcnt_u32(5);",
        value = "",
        follows = "config.h of Redis",
    ),
    "HAVE_AVX2": _cpu_code(
        "x86_64",
        "functions with `target(\"avx2\")`",
        "__attribute__((target(\"avx2\"))) ",
        ["immintrin.h"],
        "return _mm256_extract_epi32(_mm256_abs_epi32(_mm256_set1_epi32(-1)), 0);",
        value = "",
        follows = "config.h of Redis",
    ),
    "HAVE_AVX512": _cpu_code(
        "x86_64",
        "functions with `target(\"avx512f,avx512vpopcntdq\")`",
        "__attribute__((target(\"avx512f,avx512vpopcntdq\"))) ",
        ["immintrin.h"],
        "return _mm512_reduce_add_epi32(_mm512_popcnt_epi32(_mm512_set1_epi32(-1)));",
        value = "",
        follows = "config.h of Redis",
    ),
    "HAVE_X86_SIMD": _cpu_code(
        "x86_64",
        "functions with `target(\"sse2\")`, `target(\"avx2\")` and AVX-512",
        "__attribute__((target(\"avx512f,avx512bw,avx512vl,avx512vpopcntdq\"))) ",
        ["immintrin.h"],
        "return _mm_cvtsi128_si32(_mm_popcnt_epi32(_mm_set1_epi32(-1)));",
        otherwise = "0",
        follows = "config.h of Valkey",
    ),
    "HAVE_AARCH64_NEON": _cpu_code(
        "aarch64",
        "NEON in 64-bit mode",
        "",
        ["arm_neon.h"],
        "return (int)vaddvq_u32(vdupq_n_u32(1));",
        value = "",
        follows = "config.h of Redis",
    ),
    "USE_ALIGNED_ACCESS": _feature(
        on = ["arm"],
        means = "loads must be aligned",
        value = "",
        declares = "#ifdef __arm__\nenum { kAligned = 1 };\n#endif",
        uses = "kAligned",
    ),
    "BYTE_ORDER_LITTLE_ENDIAN": _byte_order(
        "LITTLE_ENDIAN",
        ["aarch64", "arm", "riscv64", "x86_32", "x86_64"],
    ),
    "BYTE_ORDER_BIG_ENDIAN": _byte_order("BIG_ENDIAN", ["s390x"]),
    "CACHE_LINE_SIZE_128": _cache_line("128", ["osx aarch64", "freebsd aarch64"]),
    "CACHE_LINE_SIZE_64": _cache_line("64", ["linux", "x86_64"], otherwise = "64"),
}
