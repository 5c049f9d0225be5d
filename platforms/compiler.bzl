"""Whether a platform of targets.bzl gets the compiler that its row names.

Bazel takes the first registered toolchain that fits, and one that names no
compiler, such as the machine's own, fits each platform of its CPU: in a module of
somebody else's it comes before ours, unless that module registers ours itself.
"""

load("@rules_cc//cc:find_cc_toolchain.bzl", "find_cc_toolchain")

# Attributes of a rule that calls check_compiler(), besides toolchains = use_cc_toolchain().
COMPILER_ATTRS = {
    "compiler": attr.string(
        mandatory = True,
        doc = "what is in the path of the one that the platform asks for",
    ),
    "_cc_toolchain": attr.label(default = Label("@rules_cc//cc:current_cc_toolchain")),
}

COMPILER_OF_PLATFORM = select({
    str(Label("//platforms:built_by_clang")): "clang++",
    str(Label("//platforms:built_by_zig")): "zig/c++",
    "//conditions:default": "",
})

def check_compiler(ctx):
    """Fails where the compiler is another one than the platform asks for.

    Args:
      ctx: of a rule with COMPILER_ATTRS
    """
    wanted = ctx.attr.compiler
    compiler = find_cc_toolchain(ctx).compiler_executable
    if wanted not in compiler:
        fail("the platform asks for zmalloc's %s, and the compiler is %s: MODULE.bazel or WORKSPACE " % (wanted, compiler) +
             "has to register_toolchains() those of zmalloc (docs/building.md)")
