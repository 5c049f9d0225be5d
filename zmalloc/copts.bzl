"""Compiler flags of our own C: clean under GCC and Clang."""

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
