"""The toolchains that rules_foreign_cc needs to run configure: this machine's make, and a shell.

rules_foreign_cc's own toolchains also build tools from source, and need four more
repositories.
"""

# buildifier: disable=bzl-visibility
load("@rules_foreign_cc//foreign_cc/private/framework/toolchains:freebsd_commands.bzl", freebsd = "commands")

# buildifier: disable=bzl-visibility
load("@rules_foreign_cc//foreign_cc/private/framework/toolchains:linux_commands.bzl", linux = "commands")

# buildifier: disable=bzl-visibility
load("@rules_foreign_cc//foreign_cc/private/framework/toolchains:macos_commands.bzl", osx = "commands")
load("@rules_foreign_cc//toolchains/native_tools:native_tools_toolchain.bzl", "native_tool_toolchain")

# The key is the system on which the build runs, as @platforms//os names it.
_SHELLS = {
    "freebsd": freebsd,
    "linux": linux,
    "osx": osx,
}

_TOOLS = ["autoconf", "automake", "m4", "make", "pkg-config"]

# Full labels, which work from any workspace.
TOOLCHAINS = [
    str(Label("@foreign_cc_toolchains//:%s_toolchain" % name))
    for name in _TOOLS + _SHELLS.keys()
]

def _shell_impl(ctx):
    return [platform_common.ToolchainInfo(commands = _SHELLS[ctx.attr.os])]

_shell = rule(
    implementation = _shell_impl,
    attrs = {"os": attr.string(mandatory = True)},
)

def _toolchain(name, type, **kwargs):
    native.toolchain(
        name = name + "_toolchain",
        toolchain = name,
        toolchain_type = "@rules_foreign_cc//" + type,
        **kwargs
    )

def foreign_cc_toolchains():
    """Declares TOOLCHAINS."""
    for tool in _TOOLS:
        native_tool_toolchain(
            name = tool,
            path = tool,
        )
        _toolchain(tool, "toolchains:%s_toolchain" % tool.replace("-", ""))
    for os in _SHELLS:
        _shell(
            name = os,
            os = os,
        )
        _toolchain(os, "foreign_cc/private/framework:shell_toolchain", exec_compatible_with = ["@platforms//os:" + os])
