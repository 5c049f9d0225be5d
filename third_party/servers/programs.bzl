"""Builds Redis and Valkey, with the libraries that they bundle, without configure or make.

The flags are those of upstream's Makefiles, except for link-time optimisation.  The code is
optimised in every mode: in a debug build one debugs our own code.
"""

load("@bazel_skylib//rules:write_file.bzl", "write_file")
load("@rules_cc//cc:cc_binary.bzl", "cc_binary")
load("@rules_cc//cc:cc_library.bzl", "cc_library")
load("//third_party:external.bzl", "source_name")
load("//third_party:sources.bzl", "SOURCES")
load("//third_party/jemalloc:headers.bzl", "jemalloc_headers")
load("//third_party/jemalloc:library.bzl", "COPTS", "include_flags", "jemalloc_library")

_O3 = ["-O3", "-fno-omit-frame-pointer"]

# How a server optimises its own code, and its jemalloc.  The names are those of sources.bzl.
_SERVERS = {
    "redis7": struct(
        copts = ["-O2"],
        jemalloc = dict(version_id = "5.2.1-0-g0", configuration = ["JEMALLOC_CACHE_OBLIVIOUS"]),
    ),
    "redis8": struct(copts = _O3, jemalloc = dict(version_id = "5.3.0-0-g0")),
    "valkey9": struct(copts = _O3, jemalloc = dict(version_id = "5.3.0-0-g0")),
}

# -w: the code is not ours.
_COPTS = ["-O2", "-g", "-w"]

# The folders in deps/ with the sources of bundled libraries: each server has some of them.
_BUNDLED = {
    "fast_float": dict(local_defines = ["FASTFLOAT_ALLOWS_LEADING_PLUS"]),
    "fpconv": dict(),
    # It declares the functions of zmalloc that it calls; the program links them.
    "hdr_histogram": dict(local_defines = ['HDR_MALLOC_INCLUDE=\\"hdr_redis_malloc.h\\"']),
    # async.c includes dict.c.
    "hiredis": dict(apart = ["ssl.c", "test.c"], included = ["dict.c"]),
    # Valkey has its own dict and sds in place of this library's.
    "libvalkey/src": dict(
        apart = ["dict.c", "rdma.c", "sds.c", "tls.c"],
        folders = ["deps/libvalkey/include/valkey", "src"],
        includes = ["deps/libvalkey/include"],
    ),
    "linenoise": dict(apart = ["example.c"]),
    "lua/src": dict(
        apart = ["lua.c", "luac.c", "print.c"],
        local_defines = ["ENABLE_CJSON_GLOBAL", "LUA_ANSI", "LUA_USE_MKSTEMP", "REDIS_STATIC="],
    ),
}

# The main() of other programs, and what only they have: the server has its own assert.
_MAINS = ["src/*-benchmark.c", "src/*-cli.c"]
_CLIENTS = ["src/cli_*.c", "src/fuzzer_*.c", "src/redisassert.c", "src/serverassert.c"]

# -rdynamic: modules that the server loads call back into it.
_LINKOPTS = ["-lm"] + select({
    "@zmalloc//platforms:freebsd": ["-rdynamic", "-lexecinfo", "-lpthread"],
    "@zmalloc//platforms:linux": ["-rdynamic", "-ldl", "-lpthread", "-lrt"],
    "//conditions:default": [],
})

def _glob(*patterns, **kwargs):
    # Not every server has all of these files.
    return native.glob(list(patterns), allow_empty = True, **kwargs)

def _bundled(path, apart = [], included = [], folders = [], includes = [], **kwargs):
    """A bundled library of all sources in a folder, except the files `apart`."""
    sources = "deps/%s/" % path
    name = path.split("/")[0]
    cc_library(
        name = name,
        srcs = _glob(sources + "*.c", sources + "*.cpp", exclude = [sources + file for file in apart + included]),
        hdrs = _glob("deps/%s/**/*.h" % name),
        copts = _COPTS + include_flags(folders),
        includes = includes or [sources],
        linkstatic = True,
        textual_hdrs = _glob(*[sources + file for file in included]),
        deps = [":headers"],
        **kwargs
    )

def _programs(zmalloc, copts, programs, suffix = "", testonly = False):
    """Programs of a server: a dict from their names to patterns of the sources that only they have.

    All other sources are a library, :code, from which each program takes what it calls.
    """
    attributes = dict(
        copts = _COPTS + ["-std=gnu11"] + copts,
        local_defines = ["LUA_ENABLED", "REDIS_STATIC=", "STATIC_LUA=1"],
        testonly = testonly,
    )
    cc_library(
        name = "code" + suffix,
        srcs = _glob("src/*.c", "src/trace/*.c", exclude = _MAINS + _CLIENTS + ["src/ae_*.c"]),
        linkopts = _LINKOPTS,
        linkstatic = True,
        deps = [zmalloc, ":headers", ":release"] + [path.split("/")[0] for path in _BUNDLED],
        **attributes
    )
    for name, patterns in programs.items():
        cc_binary(
            name = name + suffix,
            srcs = _glob(*patterns),
            visibility = ["//visibility:public"],
            deps = [":code" + suffix],
            **attributes
        )

def _own_jemalloc(configuration = [], **kwargs):
    """The jemalloc of a release, as its deps/Makefile configures it."""
    jemalloc_headers(
        name = "configured",
        configuration = configuration,
        configure = "deps/jemalloc/configure.ac",
        scripts = native.glob(["deps/jemalloc/include/jemalloc/**/*.sh"]),
        sources = native.glob(["deps/jemalloc/src/*.c"]),
        templates = native.glob(["deps/jemalloc/include/**/*.h.in"]),
        **kwargs
    )
    jemalloc_library(
        name = "jemalloc",
        srcs = _glob(
            "deps/jemalloc/include/jemalloc/internal/*.h",
            "deps/jemalloc/src/*.c",
            exclude = ["deps/jemalloc/src/zone.c"],
        ),
        hdrs = [":configured"],
        copts = COPTS + include_flags(["deps/jemalloc/include"]),
        defines = ["USE_JEMALLOC"],
        includes = ["configured/include"],
        # The private namespace would add a prefix to all internal functions, but Redis calls one
        # of them.
        local_defines = [
            "JEMALLOC_NO_PRIVATE_NAMESPACE",
            "get_defrag_hint=je_get_defrag_hint",
        ],
    )

def _unit_tests():
    """Valkey's unit tests."""
    cc_library(
        name = "included_by_unit_tests",
        textual_hdrs = ["src/mt19937-64.c"],
    )
    cc_binary(
        name = "unit-tests",
        testonly = True,
        srcs = _glob("src/unit/*.cpp", "src/unit/*.hpp"),
        copts = [
            "-g",
            "-w",
            "-fpermissive",
            "-std=c++17",
        ] + include_flags(["src", "src/unit"], "-isystem"),
        linkopts = ["-Wl,--wrap=aeCreateTimeEvent"],
        visibility = ["//visibility:public"],
        deps = [
            ":code",
            ":included_by_unit_tests",
            "@googletest//:gmock",
            "@zmalloc//tests/servers:generated_wrappers",
        ],
    )

def _tests():
    """The tests of a release in Tcl, and the modules that they load, each beside its source."""
    modules = native.glob(["tests/modules/*.c"])
    for source in modules:
        cc_binary(
            name = source[:-len("c")] + "so",
            testonly = True,
            srcs = [source],
            copts = _COPTS + ["-std=gnu11"] + include_flags(["src"]),
            linkshared = True,
            deps = [":headers"],
        )
    native.filegroup(
        name = "tests",
        testonly = True,
        srcs = native.glob(["tests/**"]) + [source[:-len("c")] + "so" for source in modules],
        visibility = ["//visibility:public"],
    )

def server_package():
    """Declares all targets of the repository of a server; its name is a row of sources.bzl."""
    repository = source_name()
    server, _, upstream = repository.partition("_")
    prefix = server.rstrip("0123456789") + "-"
    row = _SERVERS[server]

    # mkreleasehdr.sh writes the host's name and the time in it, which differ from build to build.
    version = SOURCES[repository].version
    write_file(
        name = "release_header",
        out = "release/release.h",
        content = [
            '#define REDIS_GIT_SHA1 "00000000"',
            '#define REDIS_GIT_DIRTY "0"',
            '#define REDIS_BUILD_ID "%s"' % version,
            '#define REDIS_BUILD_ID_RAW "%s"' % version,
            "",
        ],
    )
    cc_library(
        name = "release",
        hdrs = ["release/release.h"],
        includes = ["release"],
    )
    cc_library(
        name = "headers",
        hdrs = _glob("src/**/*.h"),
        textual_hdrs = _glob("src/ae_*.c", "src/*.def"),
    )
    native.exports_files(["src/config.h", "tests/test_helper.tcl"] + (["00-RELEASENOTES", "src/zmalloc.h"] if upstream else []))
    for path, library in _BUNDLED.items():
        _bundled(path, **library)
    if upstream:
        _own_jemalloc(**row.jemalloc)
        native.filegroup(
            name = "source",
            srcs = native.glob(["**"], exclude = ["BUILD.bazel", "WORKSPACE"]),
            visibility = ["//visibility:public"],
        )
    _programs(":jemalloc" if upstream else "@zmalloc//zmalloc/compat:" + server, row.copts, {
        # Valkey finds its engine for scripts by name at run time.
        prefix + "server": ["src/modules/lua/*.c"],
        prefix + "benchmark": ["src/*-benchmark.c"] + _CLIENTS,
        prefix + "cli": ["src/*-cli.c"] + _CLIENTS,
    })
    if server == "redis7" and not upstream:
        # For our tests: this server moves every block that Redis can move.
        _programs("@zmalloc//tests/servers:defragments", row.copts, {"redis-server": []}, "-that-defragments", True)
    if server == "valkey9":
        _unit_tests()
    _tests()
