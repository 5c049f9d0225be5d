"""jemalloc's own tests, as Bazel tests.

They are compiled from upstream's tree: the unit tests against all sources
rebuilt under the prefix jet_ (whose internals they see), the integration tests
against the library itself.  Options come from upstream's foo.sh beside foo.c.
"""

load("@rules_cc//cc:cc_library.bzl", "cc_library")
load("@rules_cc//cc:cc_test.bzl", "cc_test")
load(":library.bzl", "DEFINES", "include_flags")

# What upstream's .sh files set for a build with fill and without profiling.
OPTIONS = {
    "integration/extent": "junk:false",
    "integration/mallocx": "junk:false",
    "integration/slab_sizes": "slab_sizes:1-4096:17|100-200:1|128-128:2",
    "integration/xallocx": "junk:false",
    "unit/arena_decay": "dirty_decay_ms:1000,muzzy_decay_ms:1000,tcache_max:1024",
    "unit/batch_alloc": "tcache_gc_incr_bytes:2147483648",
    "unit/binshard": "narenas:1,bin_shards:1-160:16|129-512:4|256-256:8",
    "unit/hpa": "process_madvise_max_batch:0,experimental_hpa_start_huge_if_thp_always:false",
    "unit/hpa_background_thread": "hpa_dirty_mult:0,hpa_min_purge_interval_ms:50,hpa_sec_nshards:0,experimental_hpa_start_huge_if_thp_always:false",
    "unit/hpa_sec_integration": "process_madvise_max_batch:0,experimental_hpa_start_huge_if_thp_always:false",
    "unit/hpa_thp_always": "process_madvise_max_batch:0,experimental_hpa_start_huge_if_thp_always:true",
    "unit/hpa_vectorized_madvise": "process_madvise_max_batch:2,experimental_hpa_start_huge_if_thp_always:false",
    "unit/hpa_vectorized_madvise_large_batch": "process_madvise_max_batch:64",
    "unit/junk": "abort:false,zero:false,junk:true",
    "unit/junk_alloc": "abort:false,zero:false,junk:alloc",
    "unit/junk_free": "abort:false,zero:false,junk:free",
    "unit/malloc_conf_2": "dirty_decay_ms:500",
    "unit/pack": "dirty_decay_ms:0,muzzy_decay_ms:0",
    "unit/san": "san_guard_large:1,san_guard_small:1",
    "unit/size_classes": "disable_large_size_classes:true",
    "unit/tcache_max": "tcache_max:1024,tcache_gc_incr_bytes:939524096",
    "unit/zero": "abort:false,junk:false,zero:true",
    "unit/zero_realloc_abort": "zero_realloc:abort",
    "unit/zero_realloc_alloc": "zero_realloc:alloc",
    "unit/zero_realloc_free": "zero_realloc:free",
    "unit/zero_reallocs": "zero_realloc:free",
}

_PROF = "needs a build with profiling; without it all its cases skip"
_DEBUG = "needs a debug build; without it all its cases skip"

# Where an older release has other options, or the test has none there.
_OLDER_OPTIONS = {
    "5.3.0": {
        "unit/hpa": "",
        "unit/hpa_background_thread": "hpa_dirty_mult:0,hpa_min_purge_interval_ms:50,hpa_sec_nshards:0",
    },
}

# Not built here, and why.
NOT_RUN = {
    "integration/smallocx": "needs the experimental smallocx API",
    "unit/arena_reset_prof": _PROF,
    "unit/batch_alloc_prof": _PROF,
    "unit/double_free": _DEBUG,
    "unit/prof_accum": _PROF,
    "unit/prof_active": _PROF,
    "unit/prof_gdump": _PROF,
    "unit/prof_hook": _PROF,
    "unit/prof_idump": _PROF,
    "unit/prof_log": _PROF,
    "unit/prof_mdump": _PROF,
    "unit/prof_reset": _PROF,
    "unit/prof_small": _PROF,
    "unit/prof_stats": _PROF,
    "unit/prof_sys_thread_name": _PROF,
    "unit/prof_tctx": _PROF,
    "unit/prof_thread_name": _PROF,
    "unit/size_check": _DEBUG,
    "unit/uaf": _DEBUG,
    "unit/witness": _DEBUG,
}

_TESTLIB = [
    "test/src/%s.c" % name
    for name in ["SFMT", "btalloc", "btalloc_0", "btalloc_1", "math", "mtx", "sleep", "test", "thd", "timer"]
]

def _includes():
    return include_flags([
        "include",
        "configured/include",
        "test/include",
        "configured/test/include",
    ])

def _kind(kind, define, libraries, headers, release, sources):
    """The support library and the tests of one folder of test/."""
    local_defines = DEFINES + [define]
    copts = _includes() + [
        "-std=gnu11",
        "-w",
    ]
    cc_library(
        name = kind + "_testlib",
        testonly = True,
        srcs = _TESTLIB + headers,
        # btalloc's call depths only come out right when optimised.
        copts = copts + ["-O2"],
        linkstatic = True,
        local_defines = local_defines,
        # junk_free.c and its like include junk.c.
        textual_hdrs = [src for src in sources if src == "test/unit/junk.c"],
        deps = libraries,
    )
    tests = []
    for src in sources:
        test = src[len("test/"):-len(".c")]
        if test in NOT_RUN:
            continue
        options = _OLDER_OPTIONS.get(release, {}).get(test, OPTIONS.get(test, ""))
        cc_test(
            name = test,
            size = "small",
            # Six seconds at most here; emulators take far longer.
            timeout = "moderate",
            srcs = [src] + headers,
            copts = copts,
            env = {"JE_MALLOC_CONF": options},
            linkstatic = True,
            local_defines = local_defines + ["main=jemalloc_test_main"],
            tags = ["jemalloc_" + kind],
            deps = libraries + [
                ":%s_testlib" % kind,
                "@zmalloc//third_party/jemalloc:test_main",
            ],
        )
        tests.append(test)
    native.test_suite(
        name = kind + "_tests",
        tests = tests,
        visibility = ["//visibility:public"],
    )

def jemalloc_tests(name, jet, library, headers, release, unit, integration):
    """Declares the suites unit_tests and integration_tests.

    Args:
      name: a suite of both
      jet: the library under the prefix jet_
      library: the library as others use it
      headers: what the tests include
      release: the version
      unit: sources of the unit tests
      integration: sources of the integration tests
    """
    _kind("unit", "JEMALLOC_UNIT_TEST", [jet], headers, release, unit)
    _kind("integration", "JEMALLOC_INTEGRATION_TEST", [library], headers, release, integration)
    native.test_suite(
        name = name,
        tests = [
            ":integration_tests",
            ":unit_tests",
        ],
        visibility = ["//visibility:public"],
    )
