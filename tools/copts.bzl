"""Compiler flags of the tools: clean under GCC and Clang."""

TOOL_COPTS = [
    "-std=c11",
    "-D_GNU_SOURCE",
    "-O2",
    "-Wall",
    "-Wextra",
    "-Wstrict-prototypes",
    "-Wmissing-prototypes",
]

# The same for tools in C++.
TOOL_CXXOPTS = [
    "-std=c++17",
    "-O2",
    "-Wall",
    "-Wextra",
]
