"""tcmalloc and tcmalloc_minimal, built without a configure step."""

load("@rules_cc//cc:cc_library.bzl", "cc_library")
load("//third_party:external.bzl", "CORE_HEADERS", "external_folder")

# -O2 in every mode: a slow malloc makes everything else look slow too.
CXXOPTS = [
    "-O2",
    "-fsized-deallocation",
    "-fvisibility=hidden",
    "-std=gnu++17",
    "-w",
]

LINKOPTS = ["-lpthread", "-lm"]

# The headers that programs may include.
PUBLIC_HEADERS = ["src/gperftools/%s.h" % name for name in [
    "malloc_extension",
    "malloc_extension_c",
    "malloc_hook",
    "malloc_hook_c",
    "nallocx",
    "tcmalloc",
]]

# The same of tcmalloc alone.
FULL_HEADERS = ["src/gperftools/heap-profiler.h"]

# The macros that differ between the two allocators.
DEFINES = {
    "tcmalloc": ["ENABLE_EMERGENCY_MALLOC"],
    "tcmalloc_minimal": ["NO_TCMALLOC_SAMPLES"],
}

# The heap checker is left out: it is only for Linux, and stops all threads with ptrace.
COMMON_DEFINES = [
    "NDEBUG",
    "NO_HEAP_CHECK",
]

# Macros as in config.h that differ between platforms.  FreeBSD has a malloc.h that refuses to
# be included.  Zig's headers for macOS have no sys/syscall.h; on macOS only logging would use
# it, which then calls write().  The compiler's unwinder takes call stacks, but on macOS
# backtrace() does: there the unwinder would call malloc.
_ELF = [
    "HAVE_SYS_SYSCALL_H",
    "HAVE_UCONTEXT_H",
    "HAVE_UNWIND_BACKTRACE",
]

_LINUX = _ELF + [
    "HAVE_DECL_MEMALIGN",
    "HAVE_FEATURES_H",
    "HAVE_MALLOC_H",
    "HAVE_PROGRAM_INVOCATION_NAME",
]

_CONFIG = select({
    # HAVE_ISSETUGID is for environment.cc.
    "@zmalloc//platforms:freebsd": _ELF + ["HAVE_ISSETUGID"],
    "@zmalloc//platforms:linux_glibc": _LINUX + [
        "HAVE_DECL_PVALLOC",
        "HAVE_STRUCT_MALLINFO",
        "HAVE___ENVIRON",
    ],
    "@zmalloc//platforms:linux_musl": _LINUX,
    "@zmalloc//platforms:macos": [
        "HAVE_DECL_BACKTRACE",
        "HAVE_ISSETUGID",
        "HAVE_MALLOC_MALLOC_H",
    ],
}, no_match_error = "gperftools is configured for Linux, macOS and FreeBSD") + select({
    # Frame pointers, which compilers keep on this CPU: the unwinder needs 10 KiB of stack here.
    "@platforms//cpu:aarch64": ["TCMALLOC_DONT_PREFER_LIBUNWIND"],
    "//conditions:default": [],
})

def compile_flags():
    """Arguments of a cc_library of sources that include gperftools' internal headers."""
    source = external_folder()
    return dict(
        # Not in `includes`, because then users would find upstream's config.h.
        copts = CXXOPTS + [
            "-I" + source + "/src",
            "-I" + source + "/zmalloc",
            "-I$(BINDIR)/" + source + "/src",
            "-include",
            "config.h",
        ] + select({
            "@zmalloc//third_party/gperftools:beside_malloc": ["-include", "beside_malloc.h"],
            "//conditions:default": ["-include", "replace_malloc.h"],
        }),
        linkopts = LINKOPTS,
        linkstatic = True,
        local_defines = _CONFIG + COMMON_DEFINES,
    )

def _with(arguments, **more):
    """Arguments of a cc_library, with lists added to some of them."""
    return dict(arguments, **{name: arguments.get(name, []) + value for name, value in more.items()})

def calls_library(name, allocator, arguments, hdrs = [], deps = []):
    """zmalloc's hot calls, which count inside tcmalloc's fast paths; arguments are those of compile_flags()."""
    cc_library(
        name = name,
        srcs = [
            "@zmalloc//zmalloc/allocator/tcmalloc/inside:tc_std.cc",
            "@zmalloc//zmalloc/allocator/tcmalloc/inside:tc_zmalloc.cc",
        ] + hdrs,
        visibility = ["//visibility:public"],
        deps = [
            allocator,
            "@zmalloc//zmalloc/allocator/tcmalloc/inside:extension_header",
            "@zmalloc//zmalloc/allocator/tcmalloc/inside:fast_paths",
        ] + CORE_HEADERS + deps,
        **_with(arguments, copts = ["-fomit-frame-pointer"])
    )

def tcmalloc_libraries(srcs, apart, full, hdrs, private_hdrs, full_hdrs):
    """Both allocators, each with NAME_calls.

    Args:
      srcs: sources that give the same object files for both
      apart: sources that use DEFINES
      full: sources that only tcmalloc has
      hdrs: public headers
      private_hdrs: headers that only the sources include
      full_hdrs: public headers that only tcmalloc has
    """

    # No other code refers to many of its files: constructors and hooks call them.
    flags = dict(compile_flags(), alwayslink = True)
    cc_library(
        name = "common",
        srcs = srcs + hdrs + private_hdrs,
        deps = [
            ":parts",
            "@zmalloc//third_party/gperftools:common_source",
        ],
        **_with(flags, copts = ["-include", "third_party/gperftools/common_source.h"])
    )
    for name, defines in DEFINES.items():
        more = full if name == "tcmalloc" else []
        own = _with(flags, local_defines = defines)
        cc_library(
            name = name,
            srcs = apart + more + private_hdrs,
            hdrs = hdrs + (full_hdrs if more else []),
            strip_include_prefix = "src",
            visibility = ["//visibility:public"],
            deps = [
                ":common",
                ":parts",
                "@zmalloc//zmalloc/allocator/tcmalloc/inside:extension_header",
                "@zmalloc//zmalloc/allocator/tcmalloc/inside:fast_paths",
            ],
            **own
        )
        own.pop("alwayslink")
        calls_library(name + "_calls", ":" + name, own, private_hdrs)
