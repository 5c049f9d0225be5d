"""Holds our "zmalloc.h" for a server against the real one of a release."""

load("@rules_cc//cc:cc_library.bzl", "cc_library")
load("//tests:defs.bzl", "zmalloc_test")
load("//tests/servers:defs.bzl", "TAG")
load("//third_party:generated.bzl", "awk")
load("//tools:defs.bzl", "TOOL_COPTS")
load("//zmalloc/allocator:allocators.bzl", "header_define")

def declarations_test(server):
    """Declares SERVER_declarations_test: the release of a server against the folder for it.

    Args:
      server: a folder of zmalloc/compat and a row of SERVERS in sources.bzl
    """
    name = server + "_declarations"

    # The declarations of its zmalloc.h, as assertions.
    awk(
        name = name,
        testonly = True,
        srcs = ["@%s_upstream//:src/zmalloc.h" % server],
        out = name + ".inc",
        script = "declarations.awk",
        tags = ["manual"],
    )
    cc_library(
        name = name + "_compared",
        testonly = True,
        srcs = ["declarations.c"],
        hdrs = ["declarations.h"],
        copts = TOOL_COPTS + ["-pedantic"],
        local_defines = header_define("ZM_DECLARATIONS", "tests/compat/%s.inc" % name),
        tags = ["manual"],
        textual_hdrs = [":" + name],
        deps = ["//zmalloc/compat:" + server],
    )
    zmalloc_test(
        name = name + "_test",
        srcs = [],
        suite_tags = ["manual"],
        tags = [TAG],
        deps = [
            ":declarations_cases",
            ":%s_compared" % name,
        ],
    )
