"""rules_foreign_cc's shell toolchains, which else come in four repositories."""

# Public there is only what registers them, with the repositories.
# buildifier: disable=bzl-visibility
load("@rules_foreign_cc//foreign_cc/private/framework/toolchains:freebsd_commands.bzl", freebsd = "commands")

# buildifier: disable=bzl-visibility
load("@rules_foreign_cc//foreign_cc/private/framework/toolchains:linux_commands.bzl", linux = "commands")

# buildifier: disable=bzl-visibility
load("@rules_foreign_cc//foreign_cc/private/framework/toolchains:macos_commands.bzl", macos = "commands")

# By the system that builds, as @platforms//os calls it.
SHELL_COMMANDS = {
    "freebsd": freebsd,
    "linux": linux,
    "osx": macos,
}

def _shell_commands_impl(ctx):
    return [platform_common.ToolchainInfo(commands = SHELL_COMMANDS[ctx.attr.os])]

shell_commands = rule(
    implementation = _shell_commands_impl,
    doc = "How rules_foreign_cc writes its scripts for a system.",
    attrs = {"os": attr.string(mandatory = True, values = SHELL_COMMANDS.keys())},
)
