"""Tests over jemalloc itself."""

load("@rules_cc//cc:cc_library.bzl", "cc_library")
load("@rules_cc//cc:cc_test.bzl", "cc_test")
load("//platforms/clang:sanitizers.bzl", "not_under")
load("//tests:defs.bzl", "TEST_COPTS")

def jemalloc_test(name, options = {"": ""}, local_defines = [], cannot_run_under = []):
    """A GoogleTest, NAME.cc, over //third_party/jemalloc: NAME.KEY for each of the options, as in MALLOC_CONF."""
    cc_library(
        name = name + "_cases",
        testonly = True,
        srcs = [name + ".cc"],
        copts = TEST_COPTS,
        linkstatic = True,
        local_defines = local_defines,
        deps = [
            ":support",
            "//tests:gtest_main",
        ],
        alwayslink = True,
    )
    for key, conf in options.items():
        cc_test(
            name = name + ("." + key if key else ""),
            size = "small",
            # Emulators and sanitizers take longer than the minute of "small".
            timeout = "moderate",
            env = {"JE_MALLOC_CONF": conf},
            # They watch the libc's malloc, and of jemalloc's memory nothing; or
            # stop at upstream's MALLOCX_ARENA_MASK, which shifts an int too far.
            target_compatible_with = not_under([
                "asan",
                "msan",
                "ubsan",
            ] + cannot_run_under),
            deps = [":" + name + "_cases"],
        )
