"""How mimalloc's sources, and ours that include its internal headers, are compiled."""

load("@rules_cc//cc:cc_library.bzl", "cc_library")
load("@rules_cc//cc:cc_test.bzl", "cc_test")
load("//third_party:external.bzl", "external_folder")
load("//zmalloc/allocator:allocators.bzl", "header_define")

# -O3 in every mode: a slow malloc makes everything else look slow too.  The thread's heap is found
# without a call, which could allocate.  -w: most of the code is not ours.
_COPTS = [
    "-O3",
    "-fomit-frame-pointer",
    "-ftls-model=initial-exec",
    "-fvisibility=hidden",
    "-std=gnu11",
    "-w",
]

_DEFINES = [
    # mimalloc would free all blocks when the program ends.
    "MI_SKIP_COLLECT_ON_EXIT",
    # It reads the environment by getenv(), for which environment.c has its own.
    "MI_USE_ENVIRON=0",
    "NDEBUG",
    # A weak copy of std::get_new_handler(), for mi_new(), would replace that of libstdc++.
    "_ZSt15get_new_handlerv=mi_no_new_handler",
] + select({
    "@zmalloc//platforms:freebsd": ["HAVE_ISSETUGID"],
    "@zmalloc//platforms:macos": ["HAVE_ISSETUGID"],
    "//conditions:default": ["_GNU_SOURCE"],
}) + select({
    "@zmalloc//platforms/clang:tsan": ["MI_TSAN=1"],
    "//conditions:default": [],
})

# Instead of headers that Zig lacks.
_HEADERS = select({
    "@zmalloc//platforms:macos": [
        "@zmalloc//third_party/jemalloc:macos_headers",
        "@zmalloc//third_party/mimalloc:macos_headers",
    ],
    "//conditions:default": [],
})

def _compiled(rule, defines, srcs, deps, **kwargs):
    # The include paths are not in `includes`, because then users would find the internal headers.
    source = external_folder()
    rule(
        copts = _COPTS + [
            "-I" + source + "/include",
            "-I" + source + "/src",
            "-include",
            "$(location :private_names)",
        ],
        linkopts = ["-lpthread"],
        linkstatic = True,
        local_defines = _DEFINES + defines,
        srcs = srcs + [":private_names"],
        deps = deps + _HEADERS,
        **kwargs
    )

def mimalloc_library(reader = "", **kwargs):
    """A cc_library of sources that include mimalloc's internal headers; environment.c includes its `reader`."""
    _compiled(cc_library, header_define("ZM_MIMALLOC_READER", reader), **kwargs)

def mimalloc_test(**kwargs):
    """A cc_test of such sources."""
    _compiled(cc_test, [], **kwargs)
