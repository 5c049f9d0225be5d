"""The variants of zmalloc that are tested and compared side by side.

One table; variant_test and variant_binary build a target as one row says,
whatever the command line asks for.
"""

load("@rules_cc//cc:cc_binary.bzl", "cc_binary")
load("@rules_cc//cc:cc_library.bzl", "cc_library")
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")
load("//platforms/clang:sanitizers.bzl", "SANITIZERS", "not_under")
load(":allocators.bzl", "MALLOC_VALUES", "possible_under")

# The settings, named so that they are found from any workspace.
_FAULTS = str(Label("//zmalloc/allocator:faults"))
_GUARD = str(Label("//:guard"))
_JEMALLOC = str(Label("//:jemalloc"))
_MALLOC = str(Label("//:malloc"))
_MALLOC_SIZE = str(Label("//:malloc_size"))
_SANITIZER = str(Label("//:sanitizer"))
_MODE = "//command_line_option:compilation_mode"

# Name of the variant: the settings that make it.
VARIANTS = {
    name: {_MALLOC: name}
    for name in MALLOC_VALUES
    if name != "auto"
}

VARIANTS["jemalloc_stock"] = {_JEMALLOC: "stock", _MALLOC: "jemalloc"}
VARIANTS["libc_prefix"] = {_MALLOC: "libc", _MALLOC_SIZE: "prefix"}

# For tests alone, on top of those: over calls that fail when told to (faulty/faults.h).
FAULTY_VARIANTS = {
    name + "_faulty": dict(VARIANTS[name], **{_FAULTS: True})
    for name in [
        "libc",
        "libc_prefix",
    ]
}

# For tests of --guard, whether it is asked for or not.
GUARDED_VARIANTS = {
    name + "_guarded": settings
    for name, settings in VARIANTS.items()
}

_ALL_VARIANTS = dict(dict(VARIANTS, **FAULTY_VARIANTS), **GUARDED_VARIANTS)

# Those that a user chooses between; a jemalloc without our extension places
# blocks in the same way as one with it.
COMPARED = [name for name in VARIANTS if name != "jemalloc_stock"]

# What the settings are unless a row says else.
_SETTINGS = {
    _FAULTS: False,
    _JEMALLOC: "bundled",
    _MALLOC: "auto",
    _MALLOC_SIZE: "auto",
}

def variant_settings(variant):
    """What the settings are under a variant.

    Args:
      variant: a row of VARIANTS, FAULTY_VARIANTS or GUARDED_VARIANTS; "" for what they are unasked

    Returns:
      each setting's value
    """
    changed = dict(_SETTINGS)
    if variant:
        changed.update(_ALL_VARIANTS[variant])
    return changed

def variant_compatible_with(variant):
    """target_compatible_with of what is only of use if it is over this variant.

    Args:
      variant: a row of VARIANTS, FAULTY_VARIANTS or GUARDED_VARIANTS

    Returns:
      nothing, except under sanitizers that take libc in place of its allocator
    """
    malloc = _ALL_VARIANTS[variant][_MALLOC]
    return not_under([
        name
        for name, row in SANITIZERS.items()
        if not possible_under(row.setting, malloc)
    ], "allocator")

def _variant_transition_impl(settings, attr):
    changed = variant_settings(attr.variant)

    # As it was; Bazel 4 takes what is read but not written for another configuration.
    changed[_SANITIZER] = settings[_SANITIZER]

    # What is the same under all variants is so with and without it.
    changed[_GUARD] = attr.variant in GUARDED_VARIANTS or (attr.variant != "" and settings[_GUARD])
    if changed[_MALLOC] != "auto" and not possible_under(settings[_SANITIZER], changed[_MALLOC]):
        # It is skipped (variant_compatible_with): let it come to libc in silence.
        changed[_MALLOC] = "libc"
    return changed

_variant_transition = transition(
    implementation = _variant_transition_impl,
    inputs = [_GUARD, _SANITIZER],
    outputs = _SETTINGS.keys() + [_GUARD, _SANITIZER],
)

def executable_of(ctx, actual):
    """A rule's executable that is the one of another target, built by a transition.

    Args:
      ctx: of the rule
      actual: the target

    Returns:
      a DefaultInfo
    """
    actual = actual[DefaultInfo]
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(
        output = executable,
        target_file = actual.files_to_run.executable,
        is_executable = True,
    )
    return DefaultInfo(
        executable = executable,
        files = depset([executable]),
        runfiles = ctx.runfiles([executable]).merge(actual.default_runfiles),
    )

def _variant_executable_impl(ctx):
    return [
        executable_of(ctx, ctx.attr.actual[0]),
        testing.TestEnvironment(ctx.attr.env),
    ]

_ATTRS = {
    "actual": attr.label(
        mandatory = True,
        cfg = _variant_transition,
        executable = True,
        doc = "the binary to build as the variant says",
    ),
    "env": attr.string_dict(),
    "variant": attr.string(mandatory = True, values = _ALL_VARIANTS.keys()),
    "_allowlist_function_transition": attr.label(
        default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
    ),
}

variant_binary = rule(
    implementation = _variant_executable_impl,
    doc = "A binary built over one variant.",
    attrs = _ATTRS,
    executable = True,
)

variant_test = rule(
    implementation = _variant_executable_impl,
    doc = "A test binary built over one variant, as a test.",
    attrs = _ATTRS,
    test = True,
)

def _variant_independent_impl(ctx):
    dep = ctx.attr.dep[0]
    return [
        dep[CcInfo],
        DefaultInfo(files = dep[DefaultInfo].files),
        # Holds what is compiled when a library over it is asked for.
        dep[OutputGroupInfo],
        coverage_common.instrumented_files_info(ctx, dependency_attributes = ["dep"]),
    ]

def _independent_attrs(cfg):
    return {
        "dep": attr.label(mandatory = True, cfg = cfg, providers = [CcInfo]),
        "variant": attr.string(values = [""]),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    }

variant_independent = rule(
    implementation = _variant_independent_impl,
    doc = "A C/C++ library that does not depend on the allocator, built once for all variants.",
    attrs = _independent_attrs(_variant_transition),
)

def _optimised_transition_impl(settings, attr):
    changed = _variant_transition_impl(settings, attr)
    mode = str(settings[_MODE])  # Bazel 4 has a type for it
    changed[_MODE] = "opt" if mode == "fastbuild" else mode
    return changed

allocator_library = rule(
    implementation = _variant_independent_impl,
    doc = """An allocator, built once for all variants, and for fastbuild as for opt.

It is optimised in every mode, and is most of what there is to compile.
""",
    attrs = _independent_attrs(transition(
        implementation = _optimised_transition_impl,
        inputs = [_GUARD, _MODE, _SANITIZER],
        outputs = _SETTINGS.keys() + [_GUARD, _MODE, _SANITIZER],
    )),
)

def independent_library(name, tags = [], target_compatible_with = [], testonly = False, visibility = None, **kwargs):
    """A cc_library that does not depend on the allocator, compiled once for all variants.

    Args:
      name: of what others depend on; the library itself is NAME_library
      tags: of both
      target_compatible_with: of both
      testonly: of both
      visibility: of NAME
      **kwargs: as for cc_library
    """
    cc_library(
        name = name + "_library",
        testonly = testonly,
        tags = tags + ["manual"],
        target_compatible_with = target_compatible_with,
        visibility = ["//visibility:private"],
        **kwargs
    )
    variant_independent(
        name = name,
        testonly = testonly,
        dep = name + "_library",
        tags = tags,
        target_compatible_with = target_compatible_with,
        visibility = visibility,
    )

def _independent_objects_impl(ctx):
    library = ctx.attr.dep[0]
    return [CcInfo(linking_context = cc_common.create_linking_context(
        linker_inputs = depset([
            linker_input
            for linker_input in library[CcInfo].linking_context.linker_inputs.to_list()
            if linker_input.owner == library.label
        ]),
    ))]

_independent_objects = rule(
    implementation = _independent_objects_impl,
    doc = "A C/C++ library without what it depends on, compiled once for all variants.",
    attrs = _independent_attrs(_variant_transition),
)

def variants_test(
        name,
        variants = VARIANTS.keys(),
        args = [],
        copts = [],
        data = [],
        deps = [],
        env = {},
        once = [],
        size = "small",
        tags = [],
        target_compatible_with = [],
        timeout = None,
        **kwargs):
    """Stamps a C++ test for every variant: NAME.VARIANT, and NAME for all.

    Args:
      name: of the test suite
      variants: the rows of VARIANTS, FAULTY_VARIANTS and GUARDED_VARIANTS to stamp it for
      args: of the tests
      copts: of the binary
      data: of the tests
      deps: of the binary
      env: environment of the tests; ZMALLOC_VARIANT is the variant's name
      once: as srcs, but compiled once for all: sources that do not look at what the headers of
        variants differ in; once.h keeps them from it
      size: of the tests
      tags: of the tests
      target_compatible_with: of the tests, besides the variant's
      timeout: of the tests
      **kwargs: srcs and the like, for the binary
    """
    if once:
        cc_library(
            name = name + "_once",
            testonly = True,
            srcs = once,
            copts = copts + ["-include", "zmalloc/allocator/once.h"],
            linkstatic = True,
            tags = ["manual"],
            deps = deps + [Label("//zmalloc/allocator:once")],
            alwayslink = True,
        )
        _independent_objects(
            name = name + "_objects",
            testonly = True,
            dep = name + "_once",
        )
    cc_binary(
        name = name + "_binary",
        testonly = True,
        copts = copts,
        data = data,
        tags = ["manual"],
        deps = ([name + "_objects"] if once else []) + deps,
        **kwargs
    )
    for variant in variants:
        variant_test(
            name = "%s.%s" % (name, variant),
            actual = name + "_binary",
            args = args,
            env = dict(env, ZMALLOC_VARIANT = variant),
            size = size,
            # Whose binary stands for those of all variants (//tools/lint).
            tags = tags + (["first_variant"] if variant == variants[0] else []),
            target_compatible_with = target_compatible_with + variant_compatible_with(variant),
            timeout = timeout,
            variant = variant,
        )
    native.test_suite(
        name = name,
        tests = ["%s.%s" % (name, variant) for variant in variants],
    )
