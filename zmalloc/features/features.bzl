"""The table of platform features, after Redis's config.h.

The build makes zmalloc/features.h, a config_setting per row
(//zmalloc/features:HAVE_EPOLL) and docs/features.md from it;
//tests/features:probes.c proves each row.  A row's key is the name of its
config_setting.  A row has:

  on        the platforms that have the feature: words of PLATFORM_WORDS; all words
            of an entry must hold ("linux glibc"), or
  settings  the config_settings under which the row holds
  flags     the flags that set these, for documents
  means     the meaning, in one line
  macro     the macro that the header defines; by default the row's key
  parameter the macro's parameter; by default it has none
  value     the macro's value; "1", or empty where Redis's config.h has no value
  otherwise the macro's value where none of its rows holds; by default it is not defined
  header    the header that defines it, if that is not zmalloc/features.h
  follows   the origin of name and meaning, by default config.h of Redis and Valkey
  differs   how the platforms of the origin differ from ours

//tests/features:config_h_test compares the rows and NO_FEATURES with the config.h of released servers.
"""

load("//zmalloc/allocator:allocators.bzl", "BACKENDS")

# The words for platforms: the name in documents, and the constraint.
PLATFORM_WORDS = {
    "linux": ("Linux", "@platforms//os:linux"),
    "glibc": ("glibc", "//platforms:default_libc"),
    "musl": ("musl", "//platforms:musl"),
    "osx": ("macOS", "@platforms//os:osx"),
    "freebsd": ("FreeBSD", "@platforms//os:freebsd"),
    "aarch64": ("aarch64", "@platforms//cpu:aarch64"),
    "riscv64": ("riscv64", "@platforms//cpu:riscv64"),
    "x86_64": ("x86_64", "@platforms//cpu:x86_64"),
}

# On all of these the compiler is GCC or Clang.
_EVERYWHERE = ["linux", "osx", "freebsd"]

def _feature(
        on,
        means,
        settings = [],
        flags = "",
        macro = None,
        parameter = "",
        value = "1",
        otherwise = None,
        header = None,
        follows = "config.h",
        differs = ""):
    return struct(
        on = on,
        means = means,
        settings = settings,
        flags = flags,
        macro = macro,
        parameter = parameter,
        value = value,
        otherwise = otherwise,
        header = header,
        follows = follows,
        differs = differs,
    )

def _prefetch(arguments, purpose, server):
    return _feature(
        _EVERYWHERE,
        "loads a cache line %s before it is used" % purpose,
        parameter = "(addr)",
        value = "__builtin_prefetch(%s)" % arguments,
        otherwise = "((void)(addr))",
        follows = "config.h of " + server,
    )

def _x86(target):
    return _feature(
        ["x86_64"],
        "functions with `target(\"%s\")`" % target,
        value = "",
        follows = "config.h of Redis",
    )

def _sanitizer(name):
    return _feature(
        [],
        "all code is compiled for this sanitizer",
        settings = ["//platforms/clang:" + name],
        flags = "`--sanitizer`",
        follows = "config.h of Valkey",
        differs = "the compiler is asked",
    )

FEATURES = {
    # Events
    "HAVE_EPOLL": _feature(["linux"], "`epoll_create1()`"),
    "HAVE_KQUEUE": _feature(["osx", "freebsd"], "`kqueue()`"),
    "HAVE_EVENT_FD": _feature(
        ["linux", "freebsd"],
        "`eventfd()`",
        differs = "Linux alone; FreeBSD has it from 13 on",
    ),

    # Information from the kernel
    "HAVE_PROC_STAT": _feature(
        ["linux"],
        "`/proc/self/stat`: RSS and more of a process",
    ),
    "HAVE_PROC_MAPS": _feature(["linux"], "`/proc/self/maps`: mappings of a process"),
    "HAVE_PROC_SMAPS": _feature(
        ["linux"],
        "`/proc/self/smaps`: memory of each mapping",
    ),
    "HAVE_PROC_SOMAXCONN": _feature(
        ["linux"],
        "`/proc/sys/net/core/somaxconn`: longest backlog of `listen()`",
    ),
    "HAVE_PROC_OOM_SCORE_ADJ": _feature(
        ["linux"],
        "`/proc/self/oom_score_adj`: whom the kernel kills first",
    ),
    "HAVE_SYSCTL_KIPC_SOMAXCONN": _feature(
        ["osx", "freebsd"],
        "longest backlog of `listen()`: `sysctl` `kern.ipc.somaxconn`",
    ),
    "HAVE_TASKINFO": _feature(["osx"], "RSS: Mach's `task_info()`"),

    # The process
    "HAVE_BACKTRACE": _feature(
        ["linux glibc", "osx", "freebsd"],
        "`backtrace()`; on FreeBSD links with `-lexecinfo`",
    ),
    "USE_SETPROCTITLE": _feature(
        ["linux", "osx", "freebsd"],
        "`setproctitle()`, by the libc or by the server",
        value = "",
    ),
    "INIT_SETPROCTITLE_REPLACEMENT": _feature(
        ["linux", "osx"],
        "`setproctitle()` is the server's, after `spt_init()`",
        value = "",
    ),
    "USE_SETCPUAFFINITY": _feature(
        ["linux", "freebsd"],
        "threads can be bound to CPUs; links with `-lpthread`",
        value = "",
    ),

    # Sockets and files
    "HAVE_ACCEPT4": _feature(["linux", "freebsd"], "`accept4()`"),
    "HAVE_PIPE2": _feature(["linux", "freebsd"], "`pipe2()`"),
    "HAVE_MSG_NOSIGNAL": _feature(
        ["linux", "freebsd"],
        "`MSG_NOSIGNAL`: `send()` without SIGPIPE",
        differs = "Linux alone",
    ),
    "HAVE_SOCKOPTMARKID": _feature(
        ["linux", "freebsd"],
        "packets of a socket can be marked for the firewall",
        differs = "only where `<sys/socket.h>` came before config.h",
    ),
    "SOCKOPTMARKID_SO_MARK": _feature(
        ["linux"],
        "that option (needs `<sys/socket.h>`)",
        macro = "SOCKOPTMARKID",
        value = "SO_MARK",
    ),
    "SOCKOPTMARKID_SO_USER_COOKIE": _feature(
        ["freebsd"],
        "that option (needs `<sys/socket.h>`)",
        macro = "SOCKOPTMARKID",
        value = "SO_USER_COOKIE",
    ),
    "HAVE_SYNC_FILE_RANGE": _feature(["linux"], "`sync_file_range()`"),
    "HAVE_FADVISE": _feature(["linux", "freebsd"], "`posix_fadvise()`", value = ""),

    # Allocators
    "HAVE_MALLOC_SIZE": _feature(
        [],
        "the chosen allocator tells the usable size of a block",
        settings = ["//zmalloc/choice:is_" + name for name, row in BACKENDS.items() if row.usable_size],
        flags = "`--malloc`, `--malloc_size`",
        header = "zmalloc/build_info.h",
        follows = "zmalloc.h",
    ),
    "HAVE_MALLOC_USABLE_SIZE": _feature(
        ["linux", "freebsd"],
        "`malloc_usable_size()` of libc: `<malloc.h>`, on FreeBSD `<malloc_np.h>`",
        follows = "zmalloc.h",
        differs = "not with musl, and by other names",
    ),

    # Compiler and CPU
    "HAS_BUILTIN_PREFETCH": _feature(
        _EVERYWHERE,
        "`__builtin_prefetch()`",
        otherwise = "0",
    ),
    "redis_prefetch_read": _prefetch("addr, 0, 3", "for reading", "Redis"),
    "redis_prefetch_write": _prefetch("addr, 1, 3", "for writing", "Redis"),
    "valkey_prefetch": _prefetch("addr", "for reading", "Valkey"),
    "HAVE_ATOMIC": _feature(
        _EVERYWHERE,
        "`__atomic` built-ins on a word, without libatomic",
        value = "",
        differs = "x86 and PowerPC alone",
    ),
    "HAVE_POPCNT": _x86("popcnt"),
    "HAVE_AVX2": _x86("avx2"),
    "HAVE_AVX512": _x86("avx512f,avx512vpopcntdq"),
    "HAVE_X86_SIMD": _feature(
        ["x86_64"],
        "functions with `target(\"sse2\")`, `target(\"avx2\")` and AVX-512",
        otherwise = "0",
        follows = "config.h of Valkey",
    ),
    "HAVE_AARCH64_NEON": _feature(
        ["aarch64"],
        "NEON in 64-bit mode",
        value = "",
        follows = "config.h of Redis",
    ),
    "HAVE_ARM_NEON": _feature(
        ["aarch64"],
        "NEON in 64-bit mode",
        otherwise = "0",
        follows = "config.h of Valkey",
    ),
    "HAVE_IFUNC": _feature(
        ["linux glibc"],
        "`__attribute__((ifunc))`: the loader calls a function that chooses the function",
        otherwise = "0",
        follows = "config.h of Valkey",
    ),
    "VALKEY_ADDRESS_SANITIZER": _sanitizer("asan"),
    "VALKEY_THREAD_SANITIZER": _sanitizer("tsan"),
    "BYTE_ORDER_LITTLE_ENDIAN": _feature(
        ["aarch64", "riscv64", "x86_64"],
        "beside `LITTLE_ENDIAN` and `BIG_ENDIAN`, by `<sys/types.h>` where that defines them",
        macro = "BYTE_ORDER",
        value = "LITTLE_ENDIAN",
    ),
    "CACHE_LINE_SIZE_128": _feature(
        ["osx aarch64", "freebsd aarch64"],
        "what two CPUs that write should be apart, in bytes",
        macro = "CACHE_LINE_SIZE",
        value = "128",
    ),
    "CACHE_LINE_SIZE_64": _feature(
        ["linux", "x86_64"],
        "what two CPUs that write should be apart, in bytes",
        macro = "CACHE_LINE_SIZE",
        value = "64",
        otherwise = "64",
    ),
}

# The macros in config.h of servers that are no rows, by the reason.
NO_FEATURES = {
    "for systems, CPUs and compilers that zmalloc is not built for": [
        "ESOCKTNOSUPPORT",
        "GNUC_VERSION",
        "HAVE_EVPORT",
        "HAVE_PSINFO",
        "HAVE_SYSCTL_KERN_SOMAXCONN",
        "MAC_OS_10_6_DETECTED",
        "PDP_ENDIAN",
        "USE_ALIGNED_ACCESS",
        "__arm__",
        "__sparc__",
    ],
    "functions of the server": [
        "rdb_fsync_range",
        "redis_fstat",
        "redis_fsync",
        "redis_set_thread_title",
        "redis_stat",
        "valkey_fstat",
        "valkey_fsync",
        "valkey_set_thread_title",
        "valkey_stat",
    ],
    "attributes, hints and another name of a CPU, for the compiler": [
        "ATTRIBUTE_TARGET_AVX2",
        "ATTRIBUTE_TARGET_AVX2_POPCOUNT",
        "ATTRIBUTE_TARGET_AVX512",
        "ATTRIBUTE_TARGET_AVX512_POPCOUNT",
        "ATTRIBUTE_TARGET_POPCNT",
        "ATTRIBUTE_TARGET_SSE2",
        "REDIS_NO_SANITIZE",
        "REDIS_NO_SANITIZE_MSAN",
        "VALKEY_NO_SANITIZE",
        "__arm64__",
        "likely",
        "redis_unreachable",
        "unlikely",
        "valkey_unreachable",
    ],
    "a limit of the server": ["IO_THREADS_MAX_NUM"],
    "of the header itself": [
        "CONFIG_H",
        "__CONFIG_H",
    ],
}
