"""The test of what is built for one platform."""

load("@rules_cc//cc:cc_test.bzl", "cc_test")
load("//matrix:combination.bzl", "combination")
load("//tests:defs.bzl", "TEST_COPTS")

def inspect_test(name, row, libraries, binaries):
    """Looks into libraries and test binaries that are built for a platform.

    Args:
      name: of the platform; the test is inspect_test.NAME
      row: its row in //platforms:targets.bzl
      libraries: C/C++ libraries
      binaries: programs
    """
    env = {
        "ZMALLOC_LIBC": row.libc,
        "ZMALLOC_MACHINE": row.cpu,
        "ZMALLOC_OS": row.os,
        "ZMALLOC_TRIPLE": row.triple,
    }
    data = []
    for kind, labels in [("LIBRARIES", libraries), ("BINARIES", binaries)]:
        paths = []
        for label in labels:
            built = "%s_of_%s" % (label.rpartition(":")[2].rpartition("/")[2], name)
            combination(
                name = built,
                testonly = True,
                actual = label,
                platform = name,
                tags = ["manual"],
                variant = "libc",
            )
            data.append(":" + built)
            paths.append("$(rootpaths :%s)" % built)
        env["ZMALLOC_" + kind] = " ".join(paths)
    cc_test(
        name = "inspect_test." + name,
        size = "small",
        srcs = ["inspect_test.cc"],
        copts = TEST_COPTS,
        data = data,
        env = env,
        tags = ["manual"],
        deps = [
            "//tests:gtest_main",
            "//tests/object_file",
        ],
    )
