"""Programs that are built as people ship them, whatever the command line says."""

load("//zmalloc/allocator:variants.bzl", "executable_of")

def _optimised_impl(_settings, _attr):
    return {"//command_line_option:compilation_mode": "opt"}

_optimised = transition(
    implementation = _optimised_impl,
    inputs = [],
    outputs = ["//command_line_option:compilation_mode"],
)

def _optimised_executable_impl(ctx):
    return [executable_of(ctx, ctx.attr.actual[0])]

_ATTRS = {
    "actual": attr.label(
        mandatory = True,
        cfg = _optimised,
        executable = True,
        doc = "the binary to build so, with all that it runs",
    ),
    "_allowlist_function_transition": attr.label(
        default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
    ),
}

optimised_binary = rule(
    implementation = _optimised_executable_impl,
    doc = "A binary built with -c opt.",
    attrs = _ATTRS,
    executable = True,
)

optimised_test = rule(
    implementation = _optimised_executable_impl,
    doc = "A binary built with -c opt, as a test.",
    attrs = _ATTRS,
    test = True,
)
