"""How our own C is compiled: clean under GCC and Clang."""

load("@rules_cc//cc:cc_library.bzl", "cc_library")
load("//defs:configured.bzl", "library_for_all_variants")

ZMALLOC_COPTS = [
    "-std=c11",
    "-D_GNU_SOURCE",
    "-O3",
    "-Wall",
    "-Wextra",
    "-Wstrict-prototypes",
    "-Wmissing-prototypes",
    "-fvisibility=hidden",
    # Most functions here do little but call the allocator.
    "-fomit-frame-pointer",
    # A C++ out-of-memory handler may throw.
    "-fexceptions",
    # The compiler must not replace code of an allocation function by a call of that function.
    "-fno-builtin-malloc",
    "-fno-builtin-calloc",
    "-fno-builtin-realloc",
    "-fno-builtin-free",
]

def zmalloc_library(name, srcs = None, hdrs = [], copts = [], for_all_variants = False, **kwargs):
    """A cc_library of our own C, static as its symbols are hidden; NAME.c and NAME.h if no srcs are given."""
    rule = library_for_all_variants if for_all_variants else cc_library
    rule(
        name = name,
        srcs = [name + ".c"] if srcs == None else srcs,
        hdrs = [name + ".h"] if srcs == None else hdrs,
        copts = ZMALLOC_COPTS + copts,
        linkstatic = True,
        **kwargs
    )
