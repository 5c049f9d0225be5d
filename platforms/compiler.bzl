"""Checks that a platform of targets.bzl gets the compiler of its row.

Bazel takes the first registered toolchain that fits.  A toolchain without a constraint
on the compiler, such as the machine's own, fits every platform of its CPU.  In another
module it comes before ours, unless that module registers our toolchains itself.
"""

load("@rules_cc//cc:find_cc_toolchain.bzl", "find_cc_toolchain")
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")

# Attributes that a rule needs to call check_compiler().  It also needs fragments = ["cpp"]
# and toolchains = use_cc_toolchain().
COMPILER_ATTRS = {
    "compiler": attr.string(
        mandatory = True,
        doc = "a feature by which to recognise the platform's toolchain; empty: any toolchain",
    ),
    "_cc_toolchain": attr.label(default = Label("@rules_cc//cc:current_cc_toolchain")),
}

COMPILER_OF_PLATFORM = select({
    str(Label("//platforms:built_by_clang")): "zmalloc_clang",
    str(Label("//platforms:built_by_zig")): "zmalloc_zig",
    "//conditions:default": "",
})

def check_compiler(ctx):
    """Fails if the compiler is not the one that the platform requires.

    Args:
      ctx: the context of a rule with COMPILER_ATTRS
    """
    wanted = ctx.attr.compiler
    if not wanted:
        return
    toolchain = find_cc_toolchain(ctx)
    features = cc_common.configure_features(
        ctx = ctx,
        cc_toolchain = toolchain,
        requested_features = [wanted],
    )
    if not cc_common.is_enabled(feature_configuration = features, feature_name = wanted):
        fail("the platform asks for the toolchain %s, and the compiler is %s: " % (wanted, toolchain.compiler_executable) +
             "MODULE.bazel or WORKSPACE has to register_toolchains() those of zmalloc before others, and " +
             "Bazel before 7 needs --incompatible_enable_cc_toolchain_resolution (docs/building.md)")
