"""How libraries are built that leave Bazel: optimised, hardened, with hidden names, beside malloc."""

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

shipped = transition(
    implementation = _shipped_impl,
    inputs = [_COPT],
    outputs = [_COPT, _MODE, _PIC, _REPLACE_MALLOC],
)

def _shipped_binary_impl(ctx):
    actual = ctx.attr.actual[0][DefaultInfo].files_to_run.executable
    binary = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = binary, target_file = actual, is_executable = True)
    return [DefaultInfo(executable = binary, files = depset([binary]), runfiles = ctx.runfiles([binary]))]

shipped_binary = rule(
    implementation = _shipped_binary_impl,
    doc = "A shared library that is built so.",
    attrs = {
        "actual": attr.label(cfg = shipped, mandatory = True),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
    executable = True,
)
