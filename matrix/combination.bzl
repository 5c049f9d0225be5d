"""One target, built for one combination of platform, sanitizer, variant and mode."""

load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")
load("//platforms:targets.bzl", "TARGETS")
load("//platforms/clang:sanitizers.bzl", "SANITIZERS")
load("//zmalloc/allocator:variants.bzl", "VARIANTS", "variant_settings")

MODES = ["fastbuild", "dbg", "opt"]

# This machine, by its own compiler; besides the rows of TARGETS.
HOST = "host"

_PLATFORM = {name: str(Label("//platforms:" + name)) for name in TARGETS}
_PLATFORM[HOST] = str(Label("@zmalloc_host//:host"))

_SANITIZER = str(Label("//:sanitizer"))
_MODE = "//command_line_option:compilation_mode"
_FEATURES = "//command_line_option:features"
_PLATFORMS = "//command_line_option:platforms"

def _combination_transition_impl(_settings, attr):
    changed = variant_settings(attr.variant)
    changed[_MODE] = attr.mode
    if attr.sanitizer:
        sanitizer = SANITIZERS[attr.sanitizer]
        changed[_SANITIZER] = sanitizer.setting
        changed[_FEATURES] = [attr.sanitizer]
        changed[_PLATFORMS] = [sanitizer.platform]
    else:
        changed[_SANITIZER] = "none"
        changed[_FEATURES] = []
        changed[_PLATFORMS] = [_PLATFORM[attr.platform]]
    return changed

_combination_transition = transition(
    implementation = _combination_transition_impl,
    inputs = [],
    outputs = variant_settings("").keys() + [_FEATURES, _MODE, _PLATFORMS, _SANITIZER],
)

def _static_libraries(cc_info):
    libraries = []
    for linker_input in cc_info.linking_context.linker_inputs.to_list():
        for library in linker_input.libraries:
            libraries.append(library.pic_static_library or library.static_library)
    return [library for library in libraries if library]

def _combination_impl(ctx):
    actual = ctx.attr.actual[0]

    # Programs have a CcInfo as well, an empty one.
    is_library = CcInfo in actual and not actual[DefaultInfo].files_to_run.executable
    files = _static_libraries(actual[CcInfo]) if is_library else actual[DefaultInfo].files.to_list()
    return [DefaultInfo(files = depset(files), runfiles = ctx.runfiles(files))]

combination = rule(
    implementation = _combination_impl,
    doc = "The files of `actual`; of a C/C++ library, all static libraries that it consists of.",
    attrs = {
        "actual": attr.label(cfg = _combination_transition, mandatory = True),
        "mode": attr.string(default = "fastbuild", values = MODES),
        "platform": attr.string(default = HOST, values = _PLATFORM.keys()),
        "sanitizer": attr.string(
            values = [""] + SANITIZERS.keys(),
            doc = "one brings its own platform, this machine with Clang",
        ),
        "variant": attr.string(values = [""] + VARIANTS.keys()),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
)
