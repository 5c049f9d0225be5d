"""Builds a target for one platform, sanitizer, variant and mode, whatever the command line says.

Each of the four may be left out; then the command line decides it.
"""

load("@rules_cc//cc:cc_library.bzl", "cc_library")
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")
load("//platforms:targets.bzl", "TARGETS")
load("//platforms:test_exec.bzl", "TEST_RULE")
load("//platforms/clang:sanitizers.bzl", "SANITIZERS")
load(":variants.bzl", "ALL_VARIANTS", "GUARDED_VARIANTS", "variant_possible_under", "variant_settings")

MODES = ["fastbuild", "dbg", "opt"]

# The mode of allocators: dbg under dbg, else opt.  So fastbuild and opt share one allocator.
_OPTIMISED = "opt, or dbg"

# The platform, besides the rows of TARGETS, that the build itself runs on: --host_platform.  By
# default that is this machine with its own compiler; with --config=remote it is a worker, by Zig.
HOST = "host"

# For targets that do not depend on the allocator: they are built once for all variants.
_FOR_ALL = "for all"

_PLATFORM = {name: str(Label("//platforms:" + name)) for name in TARGETS}
_PLATFORM[HOST] = str(Label("@zmalloc_host//:host"))

# The settings, named so that they are found from any workspace.
_FOR_ALL_VARIANTS = str(Label("//defs:for_all_variants"))
_GUARD = str(Label("//:guard"))
_MALLOC = str(Label("//:malloc"))
_OUR_MALLOC = Label("//malloc")
_SANITIZER = str(Label("//:sanitizer"))
_CUSTOM_MALLOC = "//command_line_option:custom_malloc"
_FEATURES = "//command_line_option:features"
_HOST_PLATFORM = "//command_line_option:host_platform"
_MODE = "//command_line_option:compilation_mode"
_PLATFORMS = "//command_line_option:platforms"
_SETTINGS = variant_settings().keys() + [
    _CUSTOM_MALLOC,
    _FEATURES,
    _FOR_ALL_VARIANTS,
    _GUARD,
    _HOST_PLATFORM,
    _MODE,
    _PLATFORMS,
    _SANITIZER,
]

def _transition_impl(settings, attr):
    # Write every setting: if a setting is read but not written, Bazel 4 makes a configuration
    # of its own.
    changed = dict(settings)

    custom_malloc = settings[_CUSTOM_MALLOC]
    changed[_CUSTOM_MALLOC] = str(custom_malloc) if custom_malloc else None
    if attr.without_our_malloc and custom_malloc == _OUR_MALLOC:
        changed[_CUSTOM_MALLOC] = None

    # Bazel 4 has none, unless the command line names one.
    changed[_HOST_PLATFORM] = str(settings[_HOST_PLATFORM]) if settings[_HOST_PLATFORM] else None
    changed[_MODE] = str(settings[_MODE])  # Bazel 4 has a type for it
    changed[_PLATFORMS] = [str(platform) for platform in settings[_PLATFORMS]]
    if attr.mode:
        changed[_MODE] = attr.mode
        if attr.mode == _OPTIMISED:
            changed[_MODE] = "dbg" if str(settings[_MODE]) == "dbg" else "opt"
    if attr.sanitizer:
        sanitizer = SANITIZERS[attr.sanitizer]
        changed[_SANITIZER] = sanitizer.setting
        changed[_FEATURES] = [attr.sanitizer]
        changed[_PLATFORMS] = [sanitizer.platform]
    elif attr.platform:
        changed[_SANITIZER] = "none"
        changed[_FEATURES] = []
        changed[_PLATFORMS] = [_PLATFORM[attr.platform]]
        if attr.platform == HOST and changed[_HOST_PLATFORM]:
            changed[_PLATFORMS] = [changed[_HOST_PLATFORM]]
    if attr.variant:
        changed[_FOR_ALL_VARIANTS] = attr.variant == _FOR_ALL
        if attr.variant == _FOR_ALL:
            changed.update(variant_settings())
            changed[_GUARD] = False
        else:
            changed.update(variant_settings(attr.variant))
            changed[_GUARD] = settings[_GUARD] or attr.variant in GUARDED_VARIANTS
            if not variant_possible_under(changed[_SANITIZER], attr.variant):
                # The target is skipped (variant_compatible_with): choose libc without a message.
                changed[_MALLOC] = "libc"
    return changed

_ATTRS = {
    "actual": attr.label(
        cfg = transition(implementation = _transition_impl, inputs = _SETTINGS, outputs = _SETTINGS),
        mandatory = True,
        doc = "the target to build in this configuration, with its dependencies",
    ),
    "mode": attr.string(values = ["", _OPTIMISED] + MODES),
    "platform": attr.string(values = [""] + _PLATFORM.keys()),
    "sanitizer": attr.string(
        values = [""] + SANITIZERS.keys(),
        doc = "a sanitizer has its own platform, which is this machine with Clang",
    ),
    "variant": attr.string(values = ["", _FOR_ALL] + ALL_VARIANTS.keys()),
    "without_our_malloc": attr.bool(
        doc = "its malloc is the libc's, or one that is preloaded, even with --custom_malloc=//malloc",
    ),
    "_allowlist_function_transition": attr.label(
        default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
    ),
}

def _static_libraries(linker_inputs):
    libraries = [
        library.pic_static_library or library.static_library
        for linker_input in linker_inputs
        for library in linker_input.libraries
    ]
    return depset([library for library in libraries if library])

def _as_data(ctx, files):
    return DefaultInfo(files = files, runfiles = ctx.runfiles(transitive_files = files))

def _configured_impl(ctx):
    actual = ctx.attr.actual[0]

    # Programs have a CcInfo too, but it is empty.
    if CcInfo not in actual or actual[DefaultInfo].files_to_run.executable:
        providers = [_as_data(ctx, actual[DefaultInfo].files)]
        return providers + ([actual[OutputGroupInfo]] if OutputGroupInfo in actual else [])
    linker_inputs = actual[CcInfo].linking_context.linker_inputs.to_list()
    if ctx.attr.alone:
        return [CcInfo(linking_context = cc_common.create_linking_context(linker_inputs = depset([
            linker_input
            for linker_input in linker_inputs
            if linker_input.owner == actual.label
        ])))]
    files = _static_libraries(linker_inputs)
    return [
        actual[CcInfo],
        # Programs that depend on the library do not need its files to run.
        DefaultInfo(files = files) if ctx.attr.variant == _FOR_ALL else _as_data(ctx, files),
        # It holds the files to compile when a library that depends on this one is requested.
        actual[OutputGroupInfo],
        coverage_common.instrumented_files_info(ctx, dependency_attributes = ["actual"]),
    ]

configured = rule(
    implementation = _configured_impl,
    doc = "A library or another target; a library's files are all static libraries in it.",
    attrs = dict(_ATTRS, alone = attr.bool(doc = "link only the library, not its dependencies")),
)

def _executable_impl(ctx):
    actual = ctx.attr.actual[0][DefaultInfo]
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(
        output = executable,
        target_file = actual.files_to_run.executable,
        is_executable = True,
    )
    return [
        DefaultInfo(
            executable = executable,
            files = depset([executable]),
            runfiles = ctx.runfiles([executable]).merge(actual.default_runfiles),
        ),
        testing.TestEnvironment(ctx.attr.env),
    ]

_EXECUTABLE_ATTRS = dict(_ATTRS, env = attr.string_dict())

configured_binary = rule(
    implementation = _executable_impl,
    doc = "A program.",
    attrs = _EXECUTABLE_ATTRS,
    executable = True,
)

configured_test = rule(
    implementation = _executable_impl,
    doc = "A program, as a test.",
    attrs = _EXECUTABLE_ATTRS,
    **TEST_RULE
)

def for_all_variants(name, actual, **kwargs):
    """A library that does not depend on the allocator, built once for all variants."""
    configured(name = name, actual = actual, variant = _FOR_ALL, **kwargs)

def allocator_library(name, actual, **kwargs):
    """An allocator, built once for all variants, and for fastbuild as for opt: it takes long to compile."""
    for_all_variants(name, actual, mode = _OPTIMISED, **kwargs)

def library_for_all_variants(name, tags = [], target_compatible_with = [], testonly = None, visibility = None, **kwargs):
    """A cc_library, NAME_library, without the allocator: compiled once, not for each of some 20 variants."""
    cc_library(
        name = name + "_library",
        testonly = testonly,
        tags = tags + ["manual"],
        target_compatible_with = target_compatible_with,
        visibility = ["//visibility:private"],
        **kwargs
    )
    for_all_variants(
        name = name,
        testonly = testonly,
        actual = name + "_library",
        tags = tags,
        target_compatible_with = target_compatible_with,
        visibility = visibility,
    )
