"""Builds packages as they are shipped, whatever the command line says."""

_MODE = "//command_line_option:compilation_mode"
_COPT = "//command_line_option:copt"
_PIC = "//command_line_option:force_pic"
_REPLACE_MALLOC = str(Label("//third_party/gperftools:replace_malloc"))

# Hides symbols with every linker: not all linkers take a list of exported symbols.
_HIDDEN = [
    "-fvisibility=hidden",
    # jemalloc puts this macro before its public functions, to export them.
    "-DJEMALLOC_EXPORT=",
]

# A call that overflows a buffer ends the program, where the libc has such checks.
_HARDENED = [
    "-U_FORTIFY_SOURCE",
    "-D_FORTIFY_SOURCE=2",
    "-fstack-protector-strong",
]

def _shipped_impl(settings, _attr):
    return {
        _COPT: settings[_COPT] + _HARDENED + _HIDDEN,
        _MODE: "opt",
        _PIC: True,
        _REPLACE_MALLOC: False,
    }

_shipped = transition(
    implementation = _shipped_impl,
    inputs = [_COPT],
    outputs = [_COPT, _MODE, _PIC, _REPLACE_MALLOC],
)

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
        "package": attr.label(cfg = _shipped, mandatory = True),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
)
