"""The own tests of GoogleTest and of Google Benchmark, for @zmalloc//tests/malloc:upstream_tests."""

load("@rules_cc//cc:cc_library.bzl", "cc_library")
load("@rules_cc//cc:cc_test.bzl", "cc_test")

# -w: the code is not ours.
UPSTREAM_COPTS = ["-std=c++17", "-w"]

def own_tests(tests):
    """Declares the tests, and the suite of all.

    Args:
      tests: from the name of each to a dict of args, copts, deps and srcs
    """
    for name, row in tests.items():
        # A test is compiled with the headers of its malloc, so the code is in a library, which is not.
        cc_library(
            name = name + "_objects",
            testonly = True,
            srcs = row["srcs"],
            copts = UPSTREAM_COPTS + row["copts"],
            linkstatic = True,
            tags = ["manual"],
            deps = row["deps"],
            alwayslink = True,
        )
        cc_test(
            name = name,
            size = "medium",
            args = row["args"],
            linkstatic = True,
            tags = ["manual"],
            deps = [name + "_objects"],
        )
    native.test_suite(
        name = "own_tests",
        tags = ["manual"],
        tests = tests.keys(),
        visibility = ["//visibility:public"],
    )
