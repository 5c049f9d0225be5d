"""How jemalloc is configured, per platform: the one table.

It stands for what jemalloc's configure would find out on the target, so that
nothing has to run there.  A row is `NAME`, `NAME=value`; names come from the
`#undef` lines of jemalloc's `.in` headers, and a name that some release does
not know does nothing there.  Names that no row gives stay undefined.

Of what Redis asks for (--disable-cxx --with-lg-quantum=3
--disable-cache-oblivious --with-jemalloc-prefix=je_), the C++ operators and
cache-obliviousness are the rows that are absent.
"""

PREFIX = "je_"

_CHOICES = [
    "JEMALLOC_PREFIX=\"je_\"",
    "JEMALLOC_CPREFIX=\"JE_\"",
    "JEMALLOC_PRIVATE_NAMESPACE=je_",
    # Since 5.3.1; before, the environment was always read.
    "JEMALLOC_CONFIG_ENV",
    "JEMALLOC_CONFIG_FILE",
    "JEMALLOC_CONFIG_MALLOC_CONF=\"\"",
    "JEMALLOC_FILL",
    "JEMALLOC_STATS",
    "LG_QUANTUM=3",
]

# 64-bit little-endian, and any GCC or Clang.
_EVERYWHERE = [
    "JEMALLOC_C11_ATOMICS",
    "JEMALLOC_GCC_ATOMIC_ATOMICS",
    "JEMALLOC_GCC_SYNC_ATOMICS",
    "JEMALLOC_GCC_U8_ATOMIC_ATOMICS",
    "JEMALLOC_GCC_U8_SYNC_ATOMICS",
    "JEMALLOC_HAS_RESTRICT",
    "JEMALLOC_HAVE_ASM_VOLATILE",
    "JEMALLOC_HAVE_ATTR",
    "JEMALLOC_HAVE_ATTR_ALLOC_SIZE",
    "JEMALLOC_HAVE_ATTR_COLD",
    "JEMALLOC_HAVE_ATTR_DEPRECATED",
    "JEMALLOC_HAVE_ATTR_FALLTHROUGH",
    "JEMALLOC_HAVE_ATTR_FORMAT_ARG",
    "JEMALLOC_HAVE_ATTR_FORMAT_PRINTF",
    "JEMALLOC_HAVE_BUILTIN_CLZ",
    "JEMALLOC_HAVE_CLOCK_REALTIME",
    "JEMALLOC_HAVE_INT128",
    "JEMALLOC_HAVE_MADVISE",
    "JEMALLOC_HAVE_MPROTECT",
    "JEMALLOC_HAVE_PTHREAD",
    "JEMALLOC_HAVE_PTHREAD_ATFORK",
    "JEMALLOC_INTERNAL_FFS=__builtin_ffs",
    "JEMALLOC_INTERNAL_FFSL=__builtin_ffsl",
    "JEMALLOC_INTERNAL_FFSLL=__builtin_ffsll",
    "JEMALLOC_INTERNAL_POPCOUNT=__builtin_popcount",
    "JEMALLOC_INTERNAL_POPCOUNTL=__builtin_popcountl",
    "JEMALLOC_INTERNAL_UNREACHABLE=__builtin_unreachable",
    "JEMALLOC_MAPS_COALESCE",
    "JEMALLOC_OVERRIDE_VALLOC",
    "JEMALLOC_PURGE_MADVISE_DONTNEED",
    "JEMALLOC_PURGE_MADVISE_FREE",
    "LG_HUGEPAGE=21",
    "LG_SIZEOF_INT=2",
    "LG_SIZEOF_INTMAX_T=3",
    "LG_SIZEOF_LONG=3",
    "LG_SIZEOF_LONG_LONG=3",
    "LG_SIZEOF_PTR=3",
    # The build machine's address bits say nothing about the target's.
    "LG_VADDR=48",
]

_LINUX = [
    "JEMALLOC_BACKGROUND_THREAD",
    "JEMALLOC_DSS",
    "JEMALLOC_HAS_ALLOCA_H",
    "JEMALLOC_HAVE_CLOCK_MONOTONIC",
    "JEMALLOC_HAVE_CLOCK_MONOTONIC_COARSE",
    "JEMALLOC_HAVE_MADVISE_HUGE",
    "JEMALLOC_HAVE_PTHREAD_GETNAME_NP",
    "JEMALLOC_HAVE_PTHREAD_SETNAME_NP",
    "JEMALLOC_HAVE_SCHED_GETCPU",
    "JEMALLOC_HAVE_SCHED_SETAFFINITY",
    "JEMALLOC_HAVE_SECURE_GETENV",
    "JEMALLOC_MADVISE_DONTDUMP",
    "JEMALLOC_OVERRIDE_MEMALIGN",
    "JEMALLOC_PROC_SYS_VM_OVERCOMMIT_MEMORY",
    "JEMALLOC_PURGE_MADVISE_DONTNEED_ZEROS",
    "JEMALLOC_RETAIN",
    "JEMALLOC_THREADED_INIT",
    "JEMALLOC_TLS",
    "JEMALLOC_TLS_MODEL=__attribute__((tls_model(\"initial-exec\")))",
    "JEMALLOC_USABLE_SIZE_CONST=",
    "JEMALLOC_USE_CXX_THROW",
    "JEMALLOC_USE_SYSCALL",
    "JEMALLOC_ZERO_REALLOC_DEFAULT_FREE",
]

_GLIBC = [
    "JEMALLOC_HAVE_PTHREAD_MUTEX_ADAPTIVE_NP",
    "JEMALLOC_STRERROR_R_RETURNS_CHAR_WITH_GNU_SOURCE",
]

_MUSL = ["JEMALLOC_HAVE_ISSETUGID"]

# Without JEMALLOC_ZONE (and src/zone.c): a zone would make jemalloc the
# process's malloc, and a prefixed jemalloc leaves malloc alone everywhere.
_MACOS = [
    "JEMALLOC_HAVE_ISSETUGID",
    "JEMALLOC_HAVE_MACH_ABSOLUTE_TIME",
    "JEMALLOC_HAVE_MALLOC_SIZE",
    "JEMALLOC_HAVE_PTHREAD_GETNAME_NP",
    "JEMALLOC_HAVE_VM_MAKE_TAG",
    "JEMALLOC_OS_UNFAIR_LOCK",
    "JEMALLOC_TLS_MODEL=",
    "JEMALLOC_USABLE_SIZE_CONST=const",
]

# Read off configure.ac; compiled and linked, but not run.  Without LAZY_LOCK, MALLOC_THREAD_CLEANUP
# and MUTEX_INIT_CB: they define pthread_create and _malloc_*, which libc's
# own jemalloc needs for itself, and only serve a jemalloc that is malloc.
_FREEBSD = [
    "JEMALLOC_BACKGROUND_THREAD",
    "JEMALLOC_HAVE_CLOCK_MONOTONIC",
    "JEMALLOC_HAVE_ISSETUGID",
    "JEMALLOC_HAVE_PTHREAD_GET_NAME_NP",
    "JEMALLOC_HAVE_PTHREAD_MUTEX_ADAPTIVE_NP",
    "JEMALLOC_MADVISE_NOCORE",
    "JEMALLOC_SYSCTL_VM_OVERCOMMIT",
    "JEMALLOC_TLS",
    "JEMALLOC_TLS_MODEL=__attribute__((tls_model(\"initial-exec\")))",
    "JEMALLOC_USABLE_SIZE_CONST=const",
    "JEMALLOC_USE_SYSCALL",
]

_CPU = {
    "@platforms//cpu:aarch64": [
        "CPU_SPINWAIT=__asm__ volatile(\"isb\")",
        "HAVE_CPU_SPINWAIT=1",
    ],
    "@platforms//cpu:x86_64": [
        "CPU_SPINWAIT=__asm__ volatile(\"pause\")",
        "HAVE_CPU_SPINWAIT=1",
    ],
    "//conditions:default": [
        "CPU_SPINWAIT=",
        "HAVE_CPU_SPINWAIT=0",
    ],
}

# The pages of --jemalloc_lg_page.  Every allocation fails where the system's are
# larger; where they are smaller all works, in larger steps.  arm64 Linux kernels
# come with 4K, 16K and 64K pages, those of FreeBSD with 4K.
_LG_PAGE = {
    "@zmalloc//third_party/jemalloc:lg_page_12": "12",
    "@zmalloc//third_party/jemalloc:lg_page_14": "14",
    "@zmalloc//third_party/jemalloc:lg_page_16": "16",
    "@zmalloc//third_party/jemalloc:lg_page_auto_linux_aarch64": "16",
    "@zmalloc//third_party/jemalloc:lg_page_auto_macos_aarch64": "14",
    "//conditions:default": "12",
}

def lg_page(option):
    """An option with the pages' size behind it, as a select() of lists."""
    return select({condition: [option + value] for condition, value in _LG_PAGE.items()})

# With it, background threads are started by the pthread_create of the next
# library, of which ThreadSanitizer, which has one of its own, learns nothing.
_DLSYM = {
    "@zmalloc//platforms/clang:tsan": [],
    "//conditions:default": ["JEMALLOC_HAVE_DLSYM"],
}

def configuration():
    """The rows that hold on the target, as a select()."""
    return _CHOICES + _EVERYWHERE + select({
        "@zmalloc//platforms:freebsd": _FREEBSD,
        "@zmalloc//platforms:linux": _LINUX,
        "@zmalloc//platforms:macos": _MACOS,
    }, no_match_error = "jemalloc is configured for Linux, macOS and FreeBSD") + select({
        # Apart from the above: to Bazel 4 linux and linux_musl are ambiguous.
        "@zmalloc//platforms:freebsd": [],
        "@zmalloc//platforms:linux_musl": _MUSL,
        "@zmalloc//platforms:macos": [],
        "//conditions:default": _GLIBC,
    }) + select(_CPU) + select(_DLSYM) + lg_page("LG_PAGE=")

def link_options():
    """Libraries that the target needs beyond libc."""
    return select({
        "@zmalloc//platforms:freebsd": [
            "-lpthread",
            "-lm",
        ],
        "@zmalloc//platforms:linux": [
            "-lpthread",
            "-ldl",
            "-lm",
        ],
        "//conditions:default": [],
    })
