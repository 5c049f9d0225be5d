"""The tests of a server: ours, and its own suite, written in Tcl, as Bazel tests."""

load("//defs:configured.bzl", "configured_binary", "configured_test")
load("//defs:variants.bzl", "VARIANTS", "variant_compatible_with")
load("//tests:defs.bzl", "plain_test")
load("//third_party/jemalloc:releases.bzl", "JEMALLOC_DEFAULT")
load("//tools:script.bzl", "script_test")
load("//zmalloc/allocator:allocators.bzl", "BACKENDS", "lib")

# `bazel test //tests/...` leaves out tests with this tag; --config=redis runs them (.bazelrc).
TAG = "redis_suite"

# The units that allocate in most ways, and those that measure memory.
_UNITS = [
    "integration/aof",
    "integration/dismiss-mem",
    "integration/rdb",
    "integration/replication-2",
    "unit/client-eviction",
    "unit/dump",
    "unit/info",
    "unit/lazyfree",
    "unit/maxmemory",
    "unit/memefficiency",
    "unit/multi",
    "unit/other",
    "unit/querybuf",
    "unit/scripting",
    "unit/sort",
    "unit/type/hash",
    "unit/type/list",
    "unit/type/set",
    "unit/type/stream",
    "unit/type/string",
    "unit/type/zset",
]

# Units that runtest-moduleapi of a release does not run: they fail with its own build as well.
_NO_MODULE_UNITS = {"redis8": ["unit/moduleapi/getchannels"]}

def _prefix(release):
    return release.rstrip("0123456789") + "-"

def server_suite(name, release, programs, units = [], left_out = [], variant = "", tags = [], **kwargs):
    """Declares a test that runs units of the suite of a release.

    Args:
      name: of the test
      release: a row of SERVERS in sources.bzl, whose suite it runs
      programs: the label of the server, with %s for the word "server"; those of cli and benchmark
        have these words there
      units: as the suite names them ("unit/memefficiency", "unit/moduleapi/*"); none: all that its
        test_helper.tcl lists
      left_out: units not to run
      variant: the row of VARIANTS that the programs are built over, if it is one
      tags: on top of TAG
      **kwargs: of the test; `shard_count`, as units are dealt out to shards
    """
    files = {
        "SUITE_BENCHMARK": programs % "benchmark",
        "SUITE_CLI": programs % "cli",
        "SUITE_HELPER": "@%s//:tests/test_helper.tcl" % release,
        "SUITE_REAP": "//tests/servers:reap",
        "SUITE_SERVER": programs % "server",
    }
    script_test(
        name = name,
        timeout = "long",
        testonly = True,
        src = "//tests/servers:suite.sh",
        data = files.values() + ["@%s//:tests" % release],
        env = dict(
            {variable: "$(rootpath %s)" % file for variable, file in files.items()},
            SUITE_LEFT_OUT = " ".join(left_out),
            SUITE_PREFIX = _prefix(release),
            SUITE_UNITS = " ".join(units),
        ),
        # A network of its own: no port of another test, and none of the machine.
        tags = tags + ["block-network", TAG],
        target_compatible_with = ["@platforms//os:linux"] +
                                 (variant_compatible_with(variant) if variant else []),
        **kwargs
    )

def _server_test(release, variant):
    """The server starts over an allocator, names it, and serves."""
    backend = variant.replace("_guarded", "")

    # Redis asks our jemalloc which blocks to move.  Valkey asks any jemalloc.
    defragments = backend == "jemalloc" or (backend == "jemalloc_stock" and release.startswith("valkey"))
    for program in ["benchmark", "cli", "server"]:
        configured_binary(
            name = "%s.%s" % (program, variant),
            testonly = True,
            actual = "@%s//:%s%s" % (release, _prefix(release), program),
            tags = ["manual"],
            variant = variant,
        )
    plain_test(
        name = "server_test." + variant,
        srcs = [],
        data = [":cli." + variant, ":server." + variant],
        env = {
            "CLI": "$(rootpath :cli.%s)" % variant,
            "DEFRAGMENTS": str(defragments),
            "GUARDED": str(variant != backend),
            "SERVER": "$(rootpath :server.%s)" % variant,
            "ZMALLOC_LIB": lib(BACKENDS[backend], JEMALLOC_DEFAULT),
        },
        tags = [TAG],
        target_compatible_with = variant_compatible_with(variant),
        deps = ["//tests/servers:server_cases"],
    )

def _whole_suites(release, build, programs, variant = "", tags = []):
    """All tests of a release against one build of its server."""
    common = dict(release = release, programs = programs, variant = variant)

    # All that `make test` runs: of unit/ all but moduleapi, and integration/.
    server_suite("suite." + build, shard_count = 16, left_out = ["unit/memefficiency"], tags = tags, **common)

    # Measures the latency of active defragmentation: on a machine of two cores no other test of
    # ours may run meanwhile.
    server_suite("memefficiency." + build, units = ["unit/memefficiency"], tags = tags + ["cpu:2"], **common)

    # What runtest-moduleapi runs.
    server_suite(
        "modules." + build,
        left_out = _NO_MODULE_UNITS.get(release, []),
        shard_count = 4,
        tags = tags,
        units = ["unit/moduleapi/*"],
        **common
    )

    if release.startswith("valkey"):
        # Valkey's unit tests.
        configured_test(
            name = "unit_tests." + build,
            actual = "@%s//:unit-tests" % (release if variant else release + "_upstream"),
            tags = tags + [TAG],
            target_compatible_with = variant_compatible_with("jemalloc"),
            variant = variant,
        )

def server_tests(release):
    """Declares all tests of a server.

    Args:
      release: a row of SERVERS in sources.bzl
    """
    variants = VARIANTS.keys() + ["jemalloc_guarded"]
    for variant in variants:
        _server_test(release, variant)

    # Manual, as //tests/... would build the tests of a suite whatever their tags are.
    native.test_suite(
        name = "server_test",
        tags = ["manual"],
        tests = ["server_test." + variant for variant in variants],
    )
    _whole_suites(release, "jemalloc", ":%s.jemalloc", variant = "jemalloc")

    # The same as released: shows whether the machine causes a failure.
    _whole_suites(release, "upstream", "@%s_upstream//:%s" % (release, _prefix(release)) + "%s", tags = ["manual"])

    for variant in VARIANTS:
        if variant != "jemalloc":
            server_suite(
                "suite." + variant,
                release,
                ":%s." + variant,
                shard_count = 4,
                units = _UNITS,
                variant = variant,
            )
