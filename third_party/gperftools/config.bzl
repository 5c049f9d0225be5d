"""What gperftools' configure would find out, written down.

Nothing is asked of the build machine.  A platform is one of _PLATFORMS; a row
of _CONFIG names the platforms that have the thing.  Macros which none of the
sources that we build look at (the CPU profiler, the heap checker) are left out.
"""

load("@zmalloc//third_party/gperftools:private_names.bzl", "private_namespace")

# Upstream's release; configure.ac splits it in the same way.
_VERSION = struct(major = "2", minor = "10", patch = "")

_PLATFORMS = ["glibc", "musl", "macos", "freebsd"]

_ALL = _PLATFORMS
_BSD = ["freebsd", "macos"]
_ELF = ["freebsd", "glibc", "musl"]
_GLIBC = ["glibc"]
_LINUX = ["glibc", "musl"]
_FREEBSD = ["freebsd"]
_MACOS = ["macos"]
_MUSL = ["musl"]

_CONFIG = {
    # The compiler is GCC or Clang, in C++17 mode.
    "ENABLE_ALIGNED_NEW_DELETE": _ALL,
    "HAVE___ATTRIBUTE__": _ALL,
    "HAVE___ATTRIBUTE__ALIGNED_FN": _ALL,

    # Thread-local variables call malloc on macOS.
    "HAVE_TLS": _ELF,

    # Headers.  FreeBSD has a malloc.h that refuses to be included.
    "HAVE_EXECINFO_H": _BSD + _GLIBC,
    "HAVE_FCNTL_H": _ALL,
    "HAVE_FEATURES_H": _LINUX,
    "HAVE_GLOB_H": _ALL,
    "HAVE_INTTYPES_H": _ALL,
    "HAVE_MALLOC_H": _LINUX,
    "HAVE_MALLOC_MALLOC_H": _MACOS,
    "HAVE_POLL_H": _ALL,
    "HAVE_PTHREAD": _ALL,
    "HAVE_SCHED_H": _ALL,
    "HAVE_STDINT_H": _ALL,
    "HAVE_SYS_CDEFS_H": _BSD + _GLIBC,
    "HAVE_SYS_RESOURCE_H": _ALL,
    "HAVE_SYS_SOCKET_H": _ALL,
    # macOS has it, Zig's headers for macOS have not, and there it is used for
    # nothing but logging, which then goes through write().
    "HAVE_SYS_SYSCALL_H": _ELF,
    "HAVE_SYS_TYPES_H": _ALL,
    "HAVE_SYS_UCONTEXT_H": _ALL,
    "HAVE_SYS_WAIT_H": _ALL,
    "HAVE_UCONTEXT_H": _ELF,
    "HAVE_UNISTD_H": _ALL,

    # Functions and types.
    "HAVE_DECL_MEMALIGN": _LINUX,
    "HAVE_DECL_POSIX_MEMALIGN": _ALL,
    "HAVE_DECL_PVALLOC": _GLIBC,
    "HAVE_DECL_VALLOC": _ALL,
    "HAVE_FORK": _ALL,
    "HAVE_GETEUID": _ALL,
    "HAVE_ISSETUGID": _BSD,  # for environment.cc
    "HAVE_MMAP": _ALL,
    "HAVE_PROGRAM_INVOCATION_NAME": _LINUX,
    "HAVE_SBRK": _ALL,
    "HAVE_STRUCT_MALLINFO": _GLIBC,
    "HAVE___ENVIRON": _GLIBC,
    "HAVE___SBRK": _GLIBC,

    # How stacks are walked: with the compiler's unwinder, whose macOS form
    # would call back into malloc, and there with backtrace().
    "HAVE_DECL_BACKTRACE": _MACOS,
    "HAVE_UNWIND_BACKTRACE": _ELF,

    # For off64_t, which musl shows from 1.2.4 on only when asked like this.
    "_LARGEFILE64_SOURCE": _MUSL,

    # Start-up order.
    "PTHREADS_CRASHES_IF_RUN_TOO_EARLY": _FREEBSD,
}

def system():
    """The select() that yields this platform's name."""
    return select({
        "@zmalloc//platforms:freebsd": "freebsd",
        "@zmalloc//platforms:linux_glibc": "glibc",
        "@zmalloc//platforms:linux_musl": "musl",
        "@zmalloc//platforms:macos": "macos",
    })

_REPLACING_MALLOC = [
    "",
    "// Most of it is compiled with hidden visibility.",
    "#define PERFTOOLS_DLL_DECL __attribute__((visibility(\"default\")))",
]

# Where its sections of code lie: some linkers, as of Zig, export that.
_SECTION_BOUNDS = [
    "extern char __%s_%s[] __attribute__((weak, visibility(\"hidden\")));" % (bound, section)
    for section in ["google_malloc", "malloc_hook"]
    for bound in ["start", "stop"]
]

# After what configure has found out, too.
BESIDE_MALLOC = [
    "",
    "#undef PERFTOOLS_DLL_DECL",
    "#define PERFTOOLS_DLL_DECL",
    "",
    "// In the place of libc_override.h.",
    "#define TCMALLOC_LIBC_OVERRIDE_INL_H_",
    "#define CPP_NOTHROW noexcept",
    "#define CPP_BADALLOC",
    "#ifdef __cplusplus",
    "static inline void ReplaceSystemAlloc() {}",
    "#ifdef __ELF__",
] + _SECTION_BOUNDS + [
    "#endif",
    "#endif",
]

def _config_header_impl(ctx):
    system = ctx.attr.system
    lines = [
        "// Generated from the tables of @zmalloc//third_party/gperftools.",
        "#ifndef GPERFTOOLS_CONFIG_H_",
        "#define GPERFTOOLS_CONFIG_H_",
        "",
        "#ifndef __STDC_FORMAT_MACROS",
        "#define __STDC_FORMAT_MACROS 1",
        "#endif",
        "",
    ]
    lines += [
        "#define %s 1" % name
        for name, platforms in _CONFIG.items()
        if system in platforms
    ]
    lines += _REPLACING_MALLOC if ctx.attr.replaces_malloc else BESIDE_MALLOC
    version = "%s.%s%s" % (_VERSION.major, _VERSION.minor, _VERSION.patch)
    lines += [
        "#define PACKAGE_STRING \"gperftools %s\"" % version,
        "#define PACKAGE_VERSION \"%s\"" % version,
        "",
        private_namespace(own_getenv = True),
        "#endif  // GPERFTOOLS_CONFIG_H_",
        "",
    ]
    ctx.actions.write(ctx.outputs.out, "\n".join(lines))
    return [DefaultInfo(files = depset([ctx.outputs.out]))]

config_header = rule(
    implementation = _config_header_impl,
    doc = "Writes config.h, which every source of gperftools includes.",
    attrs = {
        "out": attr.output(mandatory = True),
        "replaces_malloc": attr.bool(
            mandatory = True,
            doc = "whether it is to be the malloc of the program",
        ),
        "system": attr.string(mandatory = True, values = _PLATFORMS),
    },
)

def _tcmalloc_header_impl(ctx):
    mallinfo = ctx.attr.system in _CONFIG["HAVE_STRUCT_MALLINFO"]
    ctx.actions.expand_template(
        template = ctx.file.src,
        output = ctx.outputs.out,
        substitutions = {
            "@TC_VERSION_MAJOR@": _VERSION.major,
            "@TC_VERSION_MINOR@": _VERSION.minor,
            "@TC_VERSION_PATCH@": _VERSION.patch,
            "@ac_cv_have_std_align_val_t@": "1",
            "@ac_cv_have_struct_mallinfo@": "1" if mallinfo else "0",
        },
    )
    return [DefaultInfo(files = depset([ctx.outputs.out]))]

tcmalloc_header = rule(
    implementation = _tcmalloc_header_impl,
    doc = "Fills in gperftools/tcmalloc.h.in.",
    attrs = {
        "out": attr.output(mandatory = True),
        "src": attr.label(allow_single_file = True, mandatory = True),
        "system": attr.string(mandatory = True, values = _PLATFORMS),
    },
)
