"""The test of what the table of features says of one platform."""

load("@rules_cc//cc:cc_test.bzl", "cc_test")
load("//matrix:combination.bzl", "combination")
load("//tests:defs.bzl", "TEST_COPTS")

def proof_test(name, platform, not_without = None, tags = []):
    """Compares the probes of a platform with the table.

    Args:
      name: of the test
      platform: as for //matrix:combination.bzl
      not_without: the repository of its sysroot, if it may be missing
      tags: of the test
    """

    # HAVE_MALLOC_SIZE is about the chosen allocator: the platform's own.
    combination(
        name = name + "_probes",
        actual = ":probes",
        platform = platform,
        tags = ["manual"],
        variant = "libc",
    )
    data = [name + "_probes"]
    env = {}
    if not_without:
        why = not_without + "//:defs.bzl"
        data = select({
            not_without + "//:available": data,
            "//conditions:default": [why],
        })
        env = select({
            not_without + "//:available": {},
            "//conditions:default": {"ZMALLOC_WHY_NOT": "$(rootpath %s)" % why},
        })
    cc_test(
        name = name,
        size = "small",
        srcs = ["proof_test.cc"],
        copts = TEST_COPTS,
        data = data,
        env = env,
        tags = tags,
        deps = ["//tests:gtest_main"],
    )
