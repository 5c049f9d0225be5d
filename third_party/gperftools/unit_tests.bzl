"""gperftools' own unit tests, for //third_party/gperftools:unit_tests."""

load("@rules_cc//cc:cc_library.bzl", "cc_library")
load("@rules_cc//cc:cc_test.bzl", "cc_test")
load("@zmalloc//third_party/gperftools:tcmalloc.bzl", "COPTS", "CXXOPTS", "FRAME_POINTER_DEFINES", "LINKOPTS", "include_opts")

_BOTH = ["tcmalloc", "tcmalloc_minimal"]
_FULL = ["tcmalloc"]
_MINIMAL = ["tcmalloc_minimal"]

# Source file in src/tests: the allocators that it is run with.  Left out:
#   heap-checker*            the heap checker is not built
#   profile*, getpc_test     the CPU profiler is not built
#   debugallocation_test     the debugging allocator is not built
#   *.sh, sampling_test, heap-profiler_unittest
#                            need pprof, which is Perl, or LD_PRELOAD
#   simple_compat_test       tests the old folder google/, which we do not offer
_TESTS = {
    "addressmap_unittest.cc": _MINIMAL,
    "atomicops_unittest.cc": _MINIMAL,
    "current_allocated_bytes_test.cc": _BOTH,
    "frag_unittest.cc": _MINIMAL,
    "large_heap_fragmentation_unittest.cc": _BOTH,
    "low_level_alloc_unittest.cc": _FULL,
    "malloc_extension_c_test.c": _BOTH,
    "malloc_extension_test.cc": _BOTH,
    "malloc_hook_test.cc": _BOTH,
    "markidle_unittest.cc": _BOTH,
    "memalign_unittest.cc": _BOTH,
    "packed-cache_test.cc": _MINIMAL,
    "page_heap_test.cc": _MINIMAL,
    "pagemap_unittest.cc": _MINIMAL,
    "raw_printer_test.cc": _FULL,
    "realloc_unittest.cc": _BOTH,
    "sampler_test.cc": _FULL,
    "stack_trace_table_test.cc": _FULL,
    "stacktrace_unittest.cc": _FULL,
    "system-alloc_unittest.cc": _MINIMAL,
    "tcmalloc_large_unittest.cc": _BOTH,
    "tcmalloc_unittest.cc": _BOTH,
    "thread_dealloc_unittest.cc": _BOTH,
}

def unit_tests(hdrs):
    """Declares a test per row and allocator, and the suite of them all.

    Args:
      hdrs: all headers, private ones included
    """
    common = dict(
        linkstatic = True,
        local_defines = FRAME_POINTER_DEFINES,
    )
    cc_library(
        name = "testutil",
        testonly = True,
        srcs = ["src/tests/testutil.cc"] + hdrs,
        copts = CXXOPTS + include_opts(),
        visibility = ["//visibility:private"],
        **common
    )
    tests = []
    for source, allocators in _TESTS.items():
        test, _, language = source.rpartition(".")
        for allocator in allocators:
            name = "%s_%s" % (allocator, test.replace("tcmalloc_", ""))
            cc_test(
                name = name,
                srcs = ["src/tests/" + source] + hdrs,
                copts = (CXXOPTS if language == "cc" else COPTS) + include_opts(),
                # sampler_test checks that sampling is on.
                env = {"TCMALLOC_SAMPLE_PARAMETER": "524288"},
                linkopts = LINKOPTS,
                deps = [":" + allocator, ":testutil"],
                **common
            )
            tests.append(":" + name)
    native.test_suite(
        name = "unit_tests",
        tags = ["manual"],
        tests = tests,
        visibility = ["//visibility:public"],
    )
