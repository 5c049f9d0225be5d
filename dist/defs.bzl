"""How packages are built, whatever the command line says: as they are shipped."""

load("//zmalloc/allocator:variants.bzl", "VARIANTS", "variant_settings")

_MODE = "//command_line_option:compilation_mode"
_COPT = "//command_line_option:copt"
_PIC = "//command_line_option:force_pic"
_REPLACE_MALLOC = str(Label("//third_party/gperftools:replace_malloc"))
_SETTINGS = variant_settings("").keys()

# Whatever linker: a list of what is exported is not for all of them to have.
_HIDDEN = [
    "-fvisibility=hidden",
    # Before which jemalloc puts its own functions.
    "-DJEMALLOC_EXPORT=",
]

# Calls that run over a buffer end the program, where the libc has such checks.
_HARDENED = [
    "-U_FORTIFY_SOURCE",
    "-D_FORTIFY_SOURCE=2",
    "-fstack-protector-strong",
]

def _shipped_impl(settings, attr):
    changed = {name: settings[name] for name in _SETTINGS}
    if attr.variant:
        changed = variant_settings(attr.variant)
    changed[_COPT] = settings[_COPT] + _HARDENED + _HIDDEN
    changed[_MODE] = "opt"
    changed[_PIC] = True
    changed[_REPLACE_MALLOC] = False
    return changed

_shipped = transition(
    implementation = _shipped_impl,
    inputs = _SETTINGS + [_COPT],
    outputs = _SETTINGS + [_COPT, _MODE, _PIC, _REPLACE_MALLOC],
)

def _linked_here(ctx, file, name):
    here = ctx.actions.declare_file(name)
    ctx.actions.symlink(output = here, target_file = file)
    return here

def _dist_impl(ctx):
    package = ctx.attr.package[0]
    tarball = package[DefaultInfo].files.to_list()[0]
    shared = package[OutputGroupInfo].shared_library.to_list()[0]
    folder = ctx.attr.variant and ctx.label.name + "/"
    here = _linked_here(ctx, tarball, folder + tarball.basename)
    return [
        DefaultInfo(files = depset([here]), runfiles = ctx.runfiles([here])),
        OutputGroupInfo(
            shared_library = depset([_linked_here(ctx, shared, ctx.label.name + ".shared")]),
        ),
    ]

dist = rule(
    implementation = _dist_impl,
    doc = "A package, optimised, hardened and independent of where it will lie.",
    attrs = {
        "package": attr.label(cfg = _shipped, mandatory = True),
        "variant": attr.string(
            values = [""] + VARIANTS.keys(),
            doc = "over which allocator; empty for the one that the settings come to",
        ),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
)
