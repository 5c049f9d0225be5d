"""Calls gperftools' own configure and make, with the same result as tcmalloc.bzl."""

load("@rules_cc//cc:cc_library.bzl", "cc_library")
load("//third_party/foreign_cc:library.bzl", "INSTALLED", "INTERNAL", "configured_library")
load(":tcmalloc.bzl", "COMMON_DEFINES", "CXXOPTS", "DEFINES", "FULL_HEADERS", "LINKOPTS", "PUBLIC_HEADERS", "calls_library")

# Files of ours in the folder inside, which Bazel compiles.
_OURS = ["environment", "extension", "thread_cache_fork"]

def _left_out(library, sources):
    """An argument of make, for sources of upstream in whose place _OURS come."""
    return "'{0}_la_OBJECTS=$(filter-out {1},$(am_{0}_la_OBJECTS))'".format(
        library,
        " ".join(["%{}.lo".format(source) for source in sources]),
    )

# Installs files that make leaves in its own folder, and the sources that _OURS include.
_INSTALL_MORE = """
mkdir -p {installed}/lib {installed}/include/gperftools {installed}/{internal}
cp .libs/lib{name}.a {installed}/lib/lib{name}.pic.a
cp {hdrs} {installed}/include/gperftools
cp -R src/*.h src/static_vars.cc src/thread_cache_ptr.cc src/base src/gperftools zmalloc {installed}/{internal}
"""

# The CPU profiler is not disabled, because else configure does not look for <ucontext.h>; it is
# not built, though.
_OPTIONS = [
    "--disable-debugalloc",
    "--disable-heap-checker",
    "--disable-libunwind",
    "--disable-shared",
    "--enable-emergency-malloc",
    "--with-pic",
    # As tcmalloc.bzl, so that the API does not depend on the build.
    "ac_cv_type_struct_mallinfo2=no",
]

# Included before every source, upstream's and ours.
_FORCED = "-include config.h -include zmalloc/private_names.h"
_BESIDE_MALLOC = "-include zmalloc/beside_malloc.h"

def configured_tcmalloc(name):
    """tcmalloc built by configure and make, with our extension, and NAME_calls.

    Args:
      name: upstream's name of the library
    """
    configured_library(
        name = name + "_upstream",
        alwayslink = True,
        args = [
            _left_out("libcommon", ["sysinfo"]),
            _left_out("lib" + name, ["static_vars", "thread_cache_ptr"]),
        ] + select({
            # Only for make: when configure runs its tests, there is no config.h yet.
            "@zmalloc//third_party/gperftools:beside_malloc": ["\"CPPFLAGS=%s %s\"" % (_FORCED, _BESIDE_MALLOC)],
            "//conditions:default": ["\"CPPFLAGS=%s\"" % _FORCED],
        }),
        # Archives of a tag contain no configure: autoconf, automake and libtool make it.
        autogen = True,
        configure_in_place = True,
        configure_options = _OPTIONS,
        copts = [
            "-O2",
            "-w",
        ],
        # Behind Bazel's own, which is an older standard.
        env = {"CXXFLAGS": "-std=gnu++17"},
        lib_name = name,
        linkopts = LINKOPTS,
        postfix_script = _INSTALL_MORE.format(
            name = name,
            hdrs = " ".join(PUBLIC_HEADERS + (FULL_HEADERS if name == "tcmalloc" else [])),
            installed = INSTALLED,
            internal = INTERNAL,
        ),
        targets = ["lib%s.la" % name],
    )
    own = dict(
        copts = CXXOPTS + _FORCED.split(" ") + select({
            "@zmalloc//third_party/gperftools:beside_malloc": _BESIDE_MALLOC.split(" "),
            "//conditions:default": [],
        }),
        linkstatic = True,
        # configure does not look for issetugid(), which environment.cc calls.
        local_defines = COMMON_DEFINES + DEFINES[name] + select({
            "@zmalloc//platforms:linux": [],
            "//conditions:default": ["HAVE_ISSETUGID"],
        }),
    )
    cc_library(
        name = name,
        srcs = ["@zmalloc//zmalloc/allocator/tcmalloc/inside:%s.cc" % source for source in _OURS],
        alwayslink = True,
        visibility = ["//visibility:public"],
        deps = [
            ":%s_upstream_internals" % name,
            ":%s_upstream" % name,
            "@zmalloc//zmalloc/allocator/tcmalloc/inside:extension_header",
            "@zmalloc//zmalloc/allocator/tcmalloc/inside:fast_paths",
        ],
        **own
    )
    calls_library(name + "_calls", ":" + name, own, deps = [":%s_upstream_internals" % name])
