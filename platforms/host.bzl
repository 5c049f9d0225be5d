"""`@zmalloc_host//:host`, the platform that Bazel runs on, by its name in each set-up."""

# In a WORKSPACE, and under Bzlmod, where Bazel 9 has no other.
HOST_IN_WORKSPACE = "@local_config_platform//:host"
HOST_IN_MODULE = "@platforms//host"

_BUILD = """
alias(
    name = "host",
    actual = "{platform}",
    visibility = ["//visibility:public"],
)
"""

def _host_platform_impl(ctx):
    ctx.file("WORKSPACE", "workspace(name = \"zmalloc_host\")\n")
    ctx.file("BUILD.bazel", _BUILD.format(platform = ctx.attr.platform))

host_platform = repository_rule(
    implementation = _host_platform_impl,
    attrs = {"platform": attr.string(mandatory = True)},
)
