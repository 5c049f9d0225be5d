"""What a configure_make built, as a library for Bazel's own rules."""

load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")
load(":shell.bzl", "SHELL_COMMANDS")

_EXTRA_TOOLCHAINS = "//command_line_option:extra_toolchains"

# Named so that they are found from any workspace.
_TOOLCHAINS = [
    str(Label("@foreign_cc_toolchains//:%s_toolchain" % name))
    for name in ["autoconf", "automake", "m4", "make", "pkg-config"] + [
        "shell_" + os
        for os in SHELL_COMMANDS
    ]
]

def _with_toolchains_impl(settings, _attr):
    given = [str(toolchain) for toolchain in settings[_EXTRA_TOOLCHAINS]]
    return {_EXTRA_TOOLCHAINS: [toolchain for toolchain in given if toolchain not in _TOOLCHAINS] + _TOOLCHAINS}

# Registered for all, every build would load them, and so fetch rules_foreign_cc.
_with_toolchains = transition(
    implementation = _with_toolchains_impl,
    inputs = [_EXTRA_TOOLCHAINS],
    outputs = [_EXTRA_TOOLCHAINS],
)

def _foreign_library_impl(ctx):
    built = ctx.attr.built[0]
    if not ctx.attr.headers:
        return [DefaultInfo(files = built[DefaultInfo].files), built[CcInfo]]
    folders = [
        file
        for file in built[DefaultInfo].files.to_list()
        if file.is_directory and file.basename == ctx.attr.headers
    ]
    if len(folders) != 1:
        fail("%s has no out_data_dirs = [\"%s\"]" % (built.label, ctx.attr.headers))
    return [
        DefaultInfo(files = depset(folders)),
        CcInfo(compilation_context = cc_common.create_compilation_context(
            headers = depset(folders),
            # Not free of warnings.
            system_includes = depset([folders[0].path]),
        )),
    ]

foreign_library = rule(
    implementation = _foreign_library_impl,
    doc = "The library that a configure_make built, or private headers of it.",
    attrs = {
        "built": attr.label(
            mandatory = True,
            cfg = _with_toolchains,
            providers = [CcInfo],
            doc = "the configure_make",
        ),
        "headers": attr.string(
            doc = "a folder of its out_data_dirs: then it is just headers to compile against",
        ),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
)
