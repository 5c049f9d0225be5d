"""jemalloc's own tests, as Bazel tests.

They are compiled from upstream's tree.  The unit tests use jemalloc's internals: they
link all sources, compiled again with the prefix jet_.  The integration tests link the
library itself.  test_main.c reads the options of foo.c from upstream's foo.sh beside it.
"""

load("@rules_cc//cc:cc_library.bzl", "cc_library")
load("@rules_cc//cc:cc_test.bzl", "cc_test")
load(":library.bzl", "DEFINES", "include_flags")

# All cases of these tests would be skipped here: they need profiling, a debug build, or the
# experimental smallocx API.  Only prof_recent has a case that runs.
_NOT_RUN = ["test/%s.c" % test for test in [
    "integration/smallocx",
    "unit/*_prof",
    "unit/double_free",
    "unit/prof_*",
    "unit/size_check",
    "unit/uaf",
    "unit/witness",
]]

_TESTLIB = [
    "test/src/%s.c" % name
    for name in ["SFMT", "btalloc", "btalloc_0", "btalloc_1", "math", "mtx", "sleep", "test", "thd", "timer"]
]

def _kind(kind, library, headers, also_run = []):
    """The support library and the tests of one folder of test/."""
    common = dict(
        copts = [
            # btalloc has the right call depths only in an optimised build.
            "-O2",
            "-std=gnu11",
            "-w",
        ] + include_flags([
            "include",
            "configured/include",
            "test/include",
            "configured/test/include",
        ]),
        linkstatic = True,
    )
    defines = DEFINES + ["JEMALLOC_%s_TEST" % kind.upper()]
    cc_library(
        name = kind + "_testlib",
        testonly = True,
        srcs = _TESTLIB + headers,
        local_defines = defines,
        # junk_free.c and similar tests include junk.c.
        textual_hdrs = native.glob(["test/%s/junk.c" % kind], allow_empty = True),
        deps = [library],
        **common
    )
    options = native.glob(["test/%s/*.sh" % kind])
    tests = []
    for src in native.glob(["test/%s/*.c" % kind], exclude = _NOT_RUN) + also_run:
        test = src[len("test/"):-len(".c")]
        script = [src[:-len("c")] + "sh"] if src[:-len("c")] + "sh" in options else []
        cc_test(
            name = test,
            size = "small",
            # A test takes at most six seconds on this machine, but far longer in emulators.
            timeout = "moderate",
            srcs = [src] + headers,
            data = script,
            env = {"JEMALLOC_TEST_SH": "$(rootpath %s)" % script[0]} if script else {},
            local_defines = defines + ["main=jemalloc_test_main"],
            tags = ["jemalloc_" + kind],
            deps = [
                library,
                ":%s_testlib" % kind,
                "@zmalloc//third_party/jemalloc:test_main",
            ],
            **common
        )
        tests.append(test)
    native.test_suite(
        name = kind + "_tests",
        tests = tests,
        visibility = ["//visibility:public"],
    )

def jemalloc_tests(headers):
    """Declares the suites unit_tests and integration_tests; headers are jemalloc's internal ones."""
    headers = headers + native.glob([
        "test/include/**/*.h",
        "test/unit/*.h",
    ])
    _kind("unit", ":jet", headers, ["test/unit/prof_recent.c"])
    _kind("integration", ":jemalloc", headers)
