"""The jemalloc libraries: the one for programs, and the one for jemalloc's unit tests."""

load("@rules_cc//cc:cc_library.bzl", "cc_library")
load("//third_party:external.bzl", "CORE_HEADERS", "external_folder")
load(":config.bzl", "LINKOPTS")
load(":releases.bzl", "release_define")

# -O3 in every mode: in a debug build one debugs one's own code, not the allocator.
_COPTS = [
    "-std=gnu11",
    "-O3",
    "-funroll-loops",
    "-fvisibility=hidden",
]

# -w: the code is not ours.
COPTS = _COPTS + ["-w"]

DEFINES = [
    "_GNU_SOURCE",
    "_REENTRANT",
]

# Headers that the target's system lacks.
DEPS = select({
    "@zmalloc//platforms:macos": ["@zmalloc//third_party/jemalloc:macos_headers"],
    "//conditions:default": [],
})

def include_flags(folders, flag = "-I"):
    """Include paths for copts, by -I or -isystem: `includes` would also add them to dependents."""
    root = external_folder() + "/"
    return [flag + base + folder for folder in folders for base in [root, "$(GENDIR)/" + root]]

def jemalloc_library(name, copts, deps = [], local_defines = [], **kwargs):
    """A cc_library of sources that include jemalloc's internal headers."""
    cc_library(
        name = name,
        copts = copts,
        linkopts = LINKOPTS,
        linkstatic = True,
        local_defines = DEFINES + local_defines,
        deps = deps + DEPS,
        **kwargs
    )

def libraries_of_ours(release, srcs = [], deps = [], copts = []):
    """Declares jemalloc, which is :jemalloc_upstream with our extension, and :je_zmalloc.

    Bazel always compiles our sources, with jemalloc's internal headers, also when make
    builds jemalloc.

    Args:
      release: the row of sources.bzl
      srcs: the internal headers
      deps: libraries that have the internal headers, instead of srcs
      copts: compiler options to find the internal headers
    """
    deps = deps + ["@zmalloc//zmalloc/allocator/jemalloc/inside:fast_paths"]
    copts = _COPTS + copts + [
        "-Wall",
        "-Wextra",
    ]
    cc_library(
        name = "jemalloc",
        visibility = ["//visibility:public"],
        deps = [
            ":jemalloc_extension",
            ":jemalloc_upstream",
        ],
    )

    # All its functions have names with je_, besides those for stack traces.
    jemalloc_library(
        name = "jemalloc_extension",
        srcs = srcs + ["@zmalloc//zmalloc/allocator/jemalloc/inside:extension.c"],
        copts = copts,
        local_defines = release_define(release),
        deps = deps + [
            ":jemalloc_upstream",
            "@zmalloc//zmalloc/allocator/jemalloc/inside:extension_header",
            "@zmalloc//zmalloc/core:traces_header",
        ],
    )

    # zmalloc's hot calls, which count inside jemalloc's fast paths.
    jemalloc_library(
        name = "je_zmalloc",
        srcs = srcs + [
            "@zmalloc//zmalloc/allocator/jemalloc/inside:je_std.c",
            "@zmalloc//zmalloc/allocator/jemalloc/inside:je_zmalloc.c",
        ],
        copts = copts + ["-fomit-frame-pointer"],
        local_defines = release_define(release),
        visibility = ["//visibility:public"],
        deps = deps + [
            ":jemalloc",
            "@zmalloc//zmalloc/allocator/jemalloc/inside:je_zmalloc_header",
        ] + CORE_HEADERS,
    )
    native.filegroup(
        name = "ctl_c",
        srcs = ["src/ctl.c"],
        visibility = ["//visibility:public"],
    )
