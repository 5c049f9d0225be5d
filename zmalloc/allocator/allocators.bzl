"""Which allocators there are, and which one a build takes.

To add an allocator: a row here, a folder beside this file with a backend_impl.h
that keeps the contract of backend.h, and its target in BUILD.bazel.
"""

load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")
load("@rules_cc//cc:find_cc_toolchain.bzl", "use_cc_toolchain")
load("//platforms:compiler.bzl", "COMPILER_ATTRS", "check_compiler")
load("//third_party:sources.bzl", "SOURCES")

# What --malloc may ask for, besides "auto".
#   lib: what ZMALLOC_LIB says, "NAME-VERSION" as in Redis; %s is the release of
#        jemalloc that was chosen
_ALLOCATORS = {
    "jemalloc": struct(lib = "jemalloc-%s"),
    "tcmalloc": struct(lib = "tcmalloc-" + SOURCES["gperftools"].version),
    "tcmalloc_minimal": struct(lib = "tcmalloc_minimal-" + SOURCES["gperftools"].version),
    "libc": struct(lib = "libc"),
}

MALLOC_VALUES = ["auto"] + _ALLOCATORS.keys()

# Backends: the allocators, jemalloc and libc in both their kinds.
_KINDS = {
    "jemalloc_stock": "jemalloc",
    "libc_prefix": "libc",
}

BACKENDS = _ALLOCATORS.keys() + _KINDS.keys()

# The allocators besides libc that a sanitizer leaves a choice of.  "address" and
# "memory" watch the libc's malloc, and under another would see nothing; "undefined"
# takes it too, as in Redis's Makefile; tcmalloc does not start under ThreadSanitizer.
_UNDER_SANITIZER = {
    "address": [],
    "memory": [],
    "none": _ALLOCATORS.keys(),
    "thread": ["jemalloc"],
    "undefined": [],
}

def possible_under(sanitizer, malloc):
    """Whether a build can have both; where it cannot, it takes libc.

    Args:
      sanitizer: a value of --sanitizer
      malloc: a value of --malloc, but for "auto"

    Returns:
      a bool
    """
    return malloc == "libc" or malloc in _UNDER_SANITIZER[sanitizer]

def _backend(ctx):
    asked = ctx.attr.malloc[BuildSettingInfo].value
    malloc = ctx.attr.platform_default if asked == "auto" else asked
    sanitizer = ctx.attr.sanitizer[BuildSettingInfo].value
    if not possible_under(sanitizer, malloc):
        if asked != "auto":
            # buildifier: disable=print
            print("--malloc=%s is not possible with --sanitizer=%s: libc is taken" % (asked, sanitizer))
        malloc = "libc"
    if malloc == "libc" and (
        ctx.attr.malloc_size[BuildSettingInfo].value == "prefix" or not ctx.attr.libc_has_malloc_size
    ):
        return "libc_prefix"
    if malloc == "jemalloc" and ctx.attr.jemalloc[BuildSettingInfo].value != "bundled":
        return "jemalloc_stock"
    return malloc

def _chosen_backend_impl(ctx):
    return [config_common.FeatureFlagInfo(value = _backend(ctx))]

chosen_backend = rule(
    implementation = _chosen_backend_impl,
    doc = "The backend that the settings come to; config_settings match it by flag_values.",
    attrs = {
        "jemalloc": attr.label(mandatory = True, providers = [BuildSettingInfo]),
        "libc_has_malloc_size": attr.bool(
            mandatory = True,
            doc = "whether the platform's libc can be asked for a usable size",
        ),
        "malloc": attr.label(mandatory = True, providers = [BuildSettingInfo]),
        "malloc_size": attr.label(mandatory = True, providers = [BuildSettingInfo]),
        "platform_default": attr.string(
            mandatory = True,
            values = _ALLOCATORS.keys(),
            doc = "what --malloc=auto means on this platform",
        ),
        "sanitizer": attr.label(mandatory = True, providers = [BuildSettingInfo]),
    },
)

def _build_info_impl(ctx):
    check_compiler(ctx)
    backend = ctx.attr.backend[config_common.FeatureFlagInfo].value
    name = _KINDS.get(backend, backend)
    lib = _ALLOCATORS[name].lib
    if "%s" in lib:
        system = ctx.attr.jemalloc[BuildSettingInfo].value == "system"
        lib = lib % ("system" if system else ctx.attr.jemalloc_version[BuildSettingInfo].value)
    header = ctx.actions.declare_file(ctx.attr.out)
    ctx.actions.expand_template(
        output = header,
        template = ctx.file.template,
        substitutions = {
            "@HAVE_MALLOC_SIZE@": "#undef HAVE_MALLOC_SIZE" if backend == "libc_prefix" else "#define HAVE_MALLOC_SIZE 1",
            "@ZMALLOC_LIB@": lib,
            "@allocator@": name,
            "@backend@": backend,
        },
    )
    return [DefaultInfo(files = depset([header]))]

build_info_header = rule(
    implementation = _build_info_impl,
    doc = "The header that says what the build chose.",
    attrs = dict(
        COMPILER_ATTRS,
        backend = attr.label(mandatory = True, providers = [config_common.FeatureFlagInfo]),
        jemalloc = attr.label(mandatory = True, providers = [BuildSettingInfo]),
        jemalloc_version = attr.label(mandatory = True, providers = [BuildSettingInfo]),
        out = attr.string(mandatory = True),
        template = attr.label(mandatory = True, allow_single_file = True),
    ),
    fragments = ["cpp"],
    toolchains = use_cc_toolchain(mandatory = True),
)
