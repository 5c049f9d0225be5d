"""How tools are compiled and declared: clean under GCC and Clang.

Tools are written in C, as their shared code is; only zbench is in C++, as Google Benchmark is.
"""

load("@rules_cc//cc:cc_binary.bzl", "cc_binary")
load("//defs:configured.bzl", "library_for_all_variants")

TOOL_COPTS = [
    "-std=c11",
    "-D_GNU_SOURCE",
    "-O2",
    "-Wall",
    "-Wextra",
    "-Wstrict-prototypes",
    "-Wmissing-prototypes",
]

# The same for libraries that are preloaded: malloc must not be turned into a call of itself.
PRELOAD_COPTS = TOOL_COPTS + [
    "-fvisibility=hidden",
    "-fno-builtin-malloc",
    "-fno-builtin-calloc",
    "-fno-builtin-realloc",
    "-fno-builtin-free",
]

# The same for zbench.
TOOL_CXXOPTS = [
    "-std=c++17",
    "-O2",
    "-Wall",
    "-Wextra",
]

def pairs(names):
    """The files NAME.c and NAME.h of each name."""
    return [name + ending for name in names for ending in [".c", ".h"]]

def tool_binary(copts = [], **kwargs):
    """A cc_binary of a tool's C."""
    cc_binary(copts = TOOL_COPTS + copts, **kwargs)

def tool_library(**kwargs):
    """A part of a tool without the allocator, in C: compiled once for all variants."""
    library_for_all_variants(copts = TOOL_COPTS, linkstatic = True, **kwargs)
