"""Compiler flags of the tools: clean under GCC and Clang.

Tools are written in C, as their shared code is; only zbench is in C++, as Google Benchmark is.
"""

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
