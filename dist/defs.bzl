"""Builds packages as they are shipped, whatever the command line says."""

load("//defs:shipped.bzl", "shipped")

def _linked_here(ctx, file, name):
    here = ctx.actions.declare_file(name)
    ctx.actions.symlink(output = here, target_file = file)
    return here

def _dist_impl(ctx):
    package = ctx.attr.package[0]
    tarball = package[DefaultInfo].files.to_list()[0]
    shared = package[OutputGroupInfo].shared_library.to_list()[0]
    here = _linked_here(ctx, tarball, tarball.basename)
    return [
        DefaultInfo(files = depset([here]), runfiles = ctx.runfiles([here])),
        OutputGroupInfo(
            shared_library = depset([_linked_here(ctx, shared, ctx.label.name + ".shared")]),
        ),
    ]

dist = rule(
    implementation = _dist_impl,
    doc = "A package: optimised, hardened, and usable in any folder.",
    attrs = {
        "package": attr.label(cfg = shipped, mandatory = True),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
)
