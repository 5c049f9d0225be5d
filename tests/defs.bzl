"""How tests are written here: one macro, every variant."""

load("//zmalloc/allocator:variants.bzl", "variants_test")

# Our own C++ is clean under both GCC and Clang.
TEST_COPTS = [
    "-std=c++17",
    "-Wall",
    "-Wextra",
]

def zmalloc_test(name, copts = [], deps = [], **kwargs):
    """A GoogleTest over //zmalloc, run under every variant.

    Args:
      name: of the suite; each test is NAME.VARIANT
      copts: on top of TEST_COPTS
      deps: on top of //zmalloc and GoogleTest
      **kwargs: as for variants_test
    """
    variants_test(
        name = name,
        copts = TEST_COPTS + copts,
        deps = deps + [
            "//tests:gtest_main",
            "//zmalloc",
        ],
        **kwargs
    )
