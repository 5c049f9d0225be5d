"""gperftools' own unit tests, for //third_party/gperftools:unit_tests."""

load("@rules_cc//cc:cc_library.bzl", "cc_library")
load("@rules_cc//cc:cc_test.bzl", "cc_test")
load("@zmalloc//third_party/gperftools:tcmalloc.bzl", "DEFINES", "compile_flags")

# The tests that are not built here, and the reason.
_NOT_RUN = {
    "debugallocation_test": "the debugging allocator is not built",
    "getpc_test": "nor the CPU profiler",
    "heap-checker_unittest": "nor the heap checker",
    "heap-profiler_unittest": "is run by a script that needs pprof, which is Perl",
    "profile-handler_unittest": "the CPU profiler",
    "profiledata_unittest": "the CPU profiler",
    "profiler_unittest": "the CPU profiler",
    "sampling_test": "needs pprof",
}

# Tests only for tcmalloc_minimal.  This one sets a hook that asserts that there is almost no
# call stack.  tcmalloc has one, so the assertion fails, and the failure allocates, which calls
# the hook again.
_MINIMAL = ["malloc_extension_c_test"]

# Tests of parts that only tcmalloc has.
_FULL = [
    "check_address_test",
    "low_level_alloc_unittest",
    "sampler_test",
    "stack_trace_table_test",
]

# Tests that link no allocator but _ALONE_SRCS: the further sources and the definitions of each.
_ALONE = {
    "mmap_hook_test": (["malloc_backtrace", "mmap_hook"], []),
    "stacktrace_unittest": ([], ["STACKTRACE_IS_TESTED"]),
}

_ALONE_SRCS = [
    "base/dynamic_annotations",
    "base/elf_mem_image",
    "base/generic_writer",
    "base/logging",
    "base/proc_maps_iterator",
    "base/spinlock",
    "base/spinlock_internal",
    "base/vdso_support",
    "stacktrace",
]

# inside/extension.cc, which defines the private name, is not linked: they call the compiler's
# function.
_ALONE_DEFINES = ["tcmalloc_private_Unwind_Backtrace=_Unwind_Backtrace"]

def unit_tests(hdrs):
    """Declares a test for each source and allocator, and the suite of all tests.

    Args:
      hdrs: all headers, private ones included
    """
    flags = compile_flags()
    cc_library(
        name = "testutil",
        testonly = True,
        srcs = ["src/tests/testutil.cc"] + hdrs,
        **flags
    )

    for name, (more, defines) in _ALONE.items():
        cc_test(
            name = name,
            srcs = hdrs + ["@zmalloc//zmalloc/allocator/tcmalloc/inside:environment.cc"] + [
                "src/%s.cc" % source
                for source in ["tests/" + name] + _ALONE_SRCS + more
            ],
            deps = [
                ":parts",
                "@googletest//:gtest_main",
            ],
            **dict(flags, local_defines = flags["local_defines"] + _ALONE_DEFINES + defines)
        )
    tests = [":" + name for name in _ALONE.keys()]
    for source in native.glob(["src/tests/*test.cc"]):
        test = source.rpartition("/")[2][:-len(".cc")]
        if test in _NOT_RUN:
            continue
        for allocator in DEFINES:
            if test in _ALONE or test in (_FULL if allocator == "tcmalloc_minimal" else _MINIMAL):
                continue
            name = "%s_%s" % (allocator, test.replace("tcmalloc_", ""))
            cc_test(
                name = name,
                srcs = [source] + hdrs,
                # sampler_test checks that sampling is on.
                env = {"TCMALLOC_SAMPLE_PARAMETER": "524288"},
                deps = [
                    ":" + allocator,
                    ":testutil",
                    "@googletest//:gtest_main",
                ],
                **flags
            )
            tests.append(":" + name)
    native.test_suite(
        name = "unit_tests",
        tags = ["manual"],
        tests = tests,
        visibility = ["//visibility:public"],
    )
