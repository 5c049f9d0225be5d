"""Tests of the tools."""

load("@rules_cc//cc:cc_test.bzl", "cc_test")
load("//tests:defs.bzl", "TEST_COPTS")

def tool_test(name, size = "small", srcs = [], deps = [], **kwargs):
    """A test NAME.cc that runs tools as a user would, compiled once.

    Args:
      name: of the test
      size: of the test
      srcs: headers of its own
      deps: besides the usual ones
      **kwargs: as for cc_test
    """
    cc_test(
        name = name,
        size = size,
        srcs = srcs + [name + ".cc"],
        copts = TEST_COPTS,
        deps = deps + [
            ":process",
            "//tests:emulated",
            "//tests:gtest_main",
        ],
        **kwargs
    )
