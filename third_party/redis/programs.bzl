"""Redis's programs and the libraries that it bundles, without configure or make.

Flags are those of upstream's Makefiles; optimisation too, in every mode: a debug
build is about our own code.
"""

load("@bazel_skylib//rules:write_file.bzl", "write_file")
load("@rules_cc//cc:cc_binary.bzl", "cc_binary")
load("@rules_cc//cc:cc_library.bzl", "cc_library")

# -w: the code is not ours.
_COPTS = [
    "-O2",
    "-g",
    "-w",
]

_OPTIMISED_FOR_SIZE = [
    "-Os",
    "-g",
    "-w",
]

# Files that hold a main() of another program.
_MAINS = [
    "src/redis-benchmark.c",
    "src/redis-cli.c",
]

# Only the clients compile these; the server has its own assert.
_CLIENTS_ALONE = [
    "src/cli_common.c",
    "src/redisassert.c",
]

# Files that others include.
_INCLUDED = [
    "src/ae_epoll.c",
    "src/ae_evport.c",
    "src/ae_kqueue.c",
    "src/ae_select.c",
]

# What the server and the clients share.
_SHARED = [
    "src/%s.c" % name
    for name in [
        "adlist",
        "ae",
        "anet",
        "crc16",
        "crc64",
        "crcspeed",
        "dict",
        "monotonic",
        "mt19937-64",
        "siphash",
    ]
]

# -rdynamic: modules that the server loads call back into it.
_LINKOPTS = select({
    "@zmalloc//platforms:freebsd": [
        "-rdynamic",
        "-lexecinfo",
        "-lm",
        "-lpthread",
    ],
    "@zmalloc//platforms:linux": [
        "-rdynamic",
        "-ldl",
        "-lm",
        "-lpthread",
        "-lrt",
    ],
    "//conditions:default": ["-lm"],
})

# What mkreleasehdr.sh writes outside a git checkout; in place of the host's name
# and the time, which would differ from build to build, stands the version.
def _release_header(version):
    write_file(
        name = "release_header",
        out = "release/release.h",
        content = [
            '#define REDIS_GIT_SHA1 "00000000"',
            '#define REDIS_GIT_DIRTY "0"',
            '#define REDIS_BUILD_ID "%s"' % version,
            "",
        ],
    )
    cc_library(
        name = "release",
        hdrs = ["release/release.h"],
        strip_include_prefix = "release",
    )

def _lua():
    cc_library(
        name = "lua",
        srcs = native.glob(
            [
                "deps/lua/src/*.c",
                "deps/lua/src/*.h",
            ],
            exclude = [
                # Programs.
                "deps/lua/src/lua.c",
                "deps/lua/src/luac.c",
                "deps/lua/src/print.c",
            ],
        ) + ["src/solarisfixes.h"],
        hdrs = native.glob(["deps/lua/src/*.h"]),
        copts = _COPTS,
        includes = ["deps/lua/src"],
        linkopts = ["-lm"],
        linkstatic = True,
        local_defines = [
            "ENABLE_CJSON_GLOBAL",
            "LUA_ANSI",
            "LUA_USE_MKSTEMP",
            "REDIS_STATIC=",
        ],
    )

def _hiredis():
    cc_library(
        name = "hiredis",
        srcs = ["deps/hiredis/%s.c" % name for name in [
            "alloc",
            "async",
            "hiredis",
            "net",
            "read",
            "sds",
            "sockcompat",
        ]] + ["deps/hiredis/win32.h"],
        hdrs = native.glob(
            ["deps/hiredis/*.h"],
            exclude = ["deps/hiredis/win32.h"],
        ),
        copts = _COPTS,
        includes = ["deps/hiredis"],
        linkstatic = True,
        # async.c includes it.
        textual_hdrs = ["deps/hiredis/dict.c"],
    )

def _linenoise():
    cc_library(
        name = "linenoise",
        srcs = ["deps/linenoise/linenoise.c"],
        hdrs = ["deps/linenoise/linenoise.h"],
        copts = _OPTIMISED_FOR_SIZE,
        includes = ["deps/linenoise"],
        linkstatic = True,
    )

def _hdr_histogram():
    """It declares what it calls of zmalloc itself; the program brings it."""
    cc_library(
        name = "hdr_histogram",
        srcs = [
            "deps/hdr_histogram/hdr_atomic.h",
            "deps/hdr_histogram/hdr_histogram.c",
            "deps/hdr_histogram/hdr_redis_malloc.h",
            "deps/hdr_histogram/hdr_tests.h",
        ],
        hdrs = ["deps/hdr_histogram/hdr_histogram.h"],
        copts = _OPTIMISED_FOR_SIZE,
        includes = ["deps/hdr_histogram"],
        linkstatic = True,
        local_defines = ['HDR_MALLOC_INCLUDE=\\"hdr_redis_malloc.h\\"'],
    )

def _sources(rule, name, srcs, deps, **kwargs):
    """Headers of everything for everybody, as upstream has it."""
    rule(
        name = name,
        srcs = srcs + native.glob(["src/*.h"]),
        copts = _COPTS + ["-std=c11"],
        linkstatic = True,
        local_defines = ["REDIS_STATIC="],
        deps = deps + [
            ":hdr_histogram",
            ":hiredis",
            ":linenoise",
            ":lua",
            ":release",
        ],
        **kwargs
    )

def _clients(zmalloc):
    for client in ["benchmark", "cli"]:
        _sources(
            cc_binary,
            "redis-" + client,
            ["src/redis-%s.c" % client] + _CLIENTS_ALONE,
            [
                ":shared",
                zmalloc,
            ],
            linkopts = _LINKOPTS,
            visibility = ["//visibility:public"],
        )

def redis_server(name, zmalloc, shared, zmalloc_srcs = [], **kwargs):
    """Declares a redis-server.

    Args:
      name: of the program
      zmalloc: the library that has "zmalloc.h"
      shared: name for the library of what it has in common with the clients
      zmalloc_srcs: sources of Redis's own zmalloc, where that is wanted
      **kwargs: of both targets
    """
    shared_srcs = _SHARED + ["src/release.c"] + zmalloc_srcs
    _sources(cc_library, shared, shared_srcs, [zmalloc], textual_hdrs = _INCLUDED, **kwargs)
    _sources(
        cc_binary,
        name,
        native.glob(
            ["src/*.c"],
            exclude = shared_srcs + _MAINS + _CLIENTS_ALONE + _INCLUDED,
        ),
        [
            ":" + shared,
            zmalloc,
        ],
        linkopts = _LINKOPTS,
        visibility = ["//visibility:public"],
        **kwargs
    )

def redis_programs(version, zmalloc, zmalloc_srcs = []):
    """Declares redis-server, redis-cli and redis-benchmark.

    redis-server is redis-sentinel, redis-check-aof and redis-check-rdb as well,
    by the name that it is called by.

    Args:
      version: of this release
      zmalloc: the library that has "zmalloc.h"
      zmalloc_srcs: sources of Redis's own zmalloc, where that is wanted
    """
    _release_header(version)
    _lua()
    _hiredis()
    _linenoise()
    _hdr_histogram()
    redis_server("redis-server", zmalloc, "shared", zmalloc_srcs)
    _clients(zmalloc)

def redis_test_modules(sources):
    """Declares the modules that Redis's tests load, each beside its source.

    Args:
      sources: files like tests/modules/hash.c

    Returns:
      the modules
    """
    cc_library(
        name = "redismodule",
        hdrs = ["src/redismodule.h"],
        strip_include_prefix = "src",
    )
    modules = []
    for source in sources:
        module = source[:-len(".c")] + ".so"
        cc_binary(
            name = module,
            testonly = True,
            srcs = [source],
            copts = _COPTS + ["-std=c99"],
            linkshared = True,
            deps = [":redismodule"],
        )
        modules.append(module)
    return modules
