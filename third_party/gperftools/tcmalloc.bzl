"""The two allocators, minimal and full, from one list of flags."""

load("@rules_cc//cc:cc_library.bzl", "cc_library")
load("//third_party:external.bzl", "external_folder")

# -O2 in every mode: a slow malloc makes everything else look slow too.  The
# compiler must not take our malloc for the malloc that it knows; for instance
# it would turn malloc() and memset() in calloc() into a call of calloc().
COPTS = [
    "-O2",
    "-fno-builtin-malloc",
    "-fno-builtin-free",
    "-fno-builtin-realloc",
    "-fno-builtin-calloc",
    "-fno-builtin-cfree",
    "-fno-builtin-memalign",
    "-fno-builtin-posix_memalign",
    "-fno-builtin-aligned_alloc",
    "-fno-builtin-valloc",
    "-fno-builtin-pvalloc",
    "-w",
]

# operator new and delete with sizes and alignments need the language level.
CXXOPTS = COPTS + [
    "-faligned-new",
    "-fsized-deallocation",
    "-std=gnu++17",
]

# As upstream's: GCC and Clang keep no frame pointers on x86_64, and there is
# no libunwind, so stacks are walked by the compiler's unwinder.  Elsewhere
# frame pointers are followed.
FRAME_POINTER_DEFINES = select({
    "@platforms//cpu:x86_64": ["NO_FRAME_POINTER"],
    "//conditions:default": [],
})

LINKOPTS = select({
    "@zmalloc//platforms:macos": [],
    "//conditions:default": [
        "-lpthread",
        "-lm",
    ],
})

# They define malloc, mmap and others that shared libraries have to see.
_OVERRIDES = [
    "src/malloc_hook.cc",
    "src/tcmalloc.cc",
]

def include_opts():
    """-I for src/ of the repository at hand, and its generated headers.

    Not `includes`, which would show users upstream's config.h and tcmalloc.h.
    config.h is forced in because some sources include it late, and because of
    what private_names.bzl says about spinlock.h.

    Returns:
      a list of compiler options
    """
    source = external_folder() + "/src"
    generated = "$(BINDIR)/" + source
    return [
        "-I" + source,
        "-I" + generated,
        "-include",
        generated + "/config.h",
    ]

_COMMON = dict(
    # No call leads to much of it: constructors and hooks do.
    alwayslink = True,
    linkopts = LINKOPTS,
    linkstatic = True,
)

_DEFINES = [
    "NDEBUG",
    "NO_HEAP_CHECK",
] + FRAME_POINTER_DEFINES

def tcmalloc_common(name, srcs, hdrs, deps):
    """What is the same in each allocator.

    Args:
      name: of the library
      srcs: its sources
      hdrs: all headers below src/
      deps: libraries
    """
    cc_library(
        name = name,
        srcs = srcs + hdrs,
        copts = CXXOPTS + include_opts() + [
            "-fvisibility=hidden",
            "-include",
            "third_party/gperftools/in_common.h",
        ],
        local_defines = _DEFINES,
        visibility = ["//visibility:private"],
        deps = deps + [Label("//third_party/gperftools:in_common")],
        **_COMMON
    )

def tcmalloc_library(name, srcs, hdrs, private_hdrs, local_defines, deps, visibility):
    """A whole allocator: what is hidden, and what overrides the libc's.

    Args:
      name: of the library
      srcs: all its sources
      hdrs: public headers below src/
      private_hdrs: headers that only the sources include
      local_defines: what sets this allocator apart
      deps: libraries
      visibility: of the library
    """
    common = dict(
        local_defines = local_defines + _DEFINES,
        **_COMMON
    )
    cc_library(
        name = name + "_internal",
        srcs = [s for s in srcs if s not in _OVERRIDES] + private_hdrs + hdrs,
        copts = CXXOPTS + include_opts() + ["-fvisibility=hidden"],
        deps = deps,
        visibility = ["//visibility:private"],
        **common
    )
    cc_library(
        name = name,
        srcs = _OVERRIDES + private_hdrs,
        hdrs = hdrs,
        copts = CXXOPTS + include_opts(),
        strip_include_prefix = "src",
        deps = [":%s_internal" % name] + deps,
        visibility = visibility,
        **common
    )

    # zmalloc's hot calls, which count beside tcmalloc's fast paths.
    cc_library(
        name = name + "_counted",
        srcs = ["@zmalloc//zmalloc/allocator/tcmalloc:counted.cc"] + private_hdrs,
        copts = CXXOPTS + include_opts() + [
            "-fvisibility=hidden",
            "-fomit-frame-pointer",
        ],
        linkstatic = True,
        local_defines = common["local_defines"],
        visibility = visibility,
        deps = [
            ":" + name,
            "@zmalloc//third_party/gperftools:extension",
            "@zmalloc//third_party/gperftools:fast_paths",
            "@zmalloc//zmalloc:oom",
            "@zmalloc//zmalloc/accounting:counting",
            "@zmalloc//zmalloc/allocator/tcmalloc:counted_header",
            "@zmalloc//zmalloc/guard:sampled_header",
        ],
    )
