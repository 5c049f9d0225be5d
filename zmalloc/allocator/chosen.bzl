"""Chooses the backend of a build, and writes the header with the build's settings."""

load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")
load("@rules_cc//cc:find_cc_toolchain.bzl", "use_cc_toolchain")
load("//platforms:compiler.bzl", "COMPILER_ATTRS", "check_compiler")
load(":allocators.bzl", "BACKENDS", "MALLOC_VALUES", "lib", "possible_on", "possible_under")

# A system whose libc may not tell a block's usable size.
OTHER_SYSTEM = "another system"

def _malloc(ctx):
    """The allocator that the user asked for, or libc where that one does not work."""
    asked = ctx.attr._malloc[BuildSettingInfo].value
    malloc = ctx.attr.platform_default if asked == "auto" else asked
    sanitizer = ctx.attr._sanitizer[BuildSettingInfo].value
    if not possible_under(sanitizer, malloc):
        obstacle = "with --sanitizer=" + sanitizer
    elif not possible_on(ctx.attr.system, malloc):
        obstacle = "on " + ctx.attr.system
    else:
        return malloc
    if asked != "auto":
        # buildifier: disable=print
        print("--malloc=%s is not possible %s: libc is taken" % (asked, obstacle))
    return "libc"

def _backend(ctx):
    malloc = _malloc(ctx)
    prefix = ctx.attr._malloc_size[BuildSettingInfo].value == "prefix" or ctx.attr.system == OTHER_SYSTEM
    if malloc == "libc" and prefix:
        return "libc_prefix"
    if malloc == "jemalloc" and ctx.attr._jemalloc[BuildSettingInfo].value != "bundled":
        return "jemalloc_stock"
    return malloc

def _chosen_backend_impl(ctx):
    return [config_common.FeatureFlagInfo(value = _backend(ctx))]

chosen_backend = rule(
    implementation = _chosen_backend_impl,
    doc = "The backend that the settings resolve to; config_settings match it by flag_values.",
    attrs = {
        "platform_default": attr.string(
            mandatory = True,
            values = MALLOC_VALUES[1:],
            doc = "the allocator that --malloc=auto means on this platform",
        ),
        "system": attr.string(mandatory = True, doc = "the platform's operating system"),
        "_jemalloc": attr.label(default = "//:jemalloc"),
        "_malloc": attr.label(default = "//:malloc"),
        "_malloc_size": attr.label(default = "//:malloc_size"),
        "_sanitizer": attr.label(default = "//:sanitizer"),
    },
)

def _jemalloc(ctx):
    """The release of jemalloc, where that is the allocator."""
    system = ctx.attr._jemalloc[BuildSettingInfo].value == "system"
    return "system" if system else ctx.attr._jemalloc_version[BuildSettingInfo].value

def _build_info_impl(ctx):
    check_compiler(ctx)
    backend = ctx.attr.backend[config_common.FeatureFlagInfo].value
    row = BACKENDS[backend]
    header = ctx.actions.declare_file(ctx.attr.out)
    ctx.actions.expand_template(
        output = header,
        template = ctx.file.template,
        substitutions = {
            "@HAVE_MALLOC_SIZE@": "#define HAVE_MALLOC_SIZE 1" if row.usable_size else "#undef HAVE_MALLOC_SIZE",
            "@ZMALLOC_LIB@": lib(row, _jemalloc(ctx), ctx.attr._mimalloc_version[BuildSettingInfo].value),
            "@allocator@": row.malloc,
            "@backend@": backend,
        },
    )
    return [DefaultInfo(files = depset([header]))]

build_info_header = rule(
    implementation = _build_info_impl,
    doc = "The header with the settings of the build.",
    attrs = dict(
        COMPILER_ATTRS,
        backend = attr.label(mandatory = True, providers = [config_common.FeatureFlagInfo]),
        out = attr.string(mandatory = True),
        template = attr.label(mandatory = True, allow_single_file = True),
        _jemalloc = attr.label(default = "//:jemalloc"),
        _jemalloc_version = attr.label(default = "//:jemalloc_version"),
        _mimalloc_version = attr.label(default = "//:mimalloc_version"),
    ),
    fragments = ["cpp"],
    toolchains = use_cc_toolchain(mandatory = True),
)
