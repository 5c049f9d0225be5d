"""`@zmalloc_host//:host`, an alias of the platform that Bazel runs on."""

# The platform's label in a WORKSPACE, and under Bzlmod, where Bazel 9 has only this one.
HOST_IN_WORKSPACE = "@local_config_platform//:host"
HOST_IN_MODULE = "@platforms//host"

_BUILD = """
alias(
    name = "host",
    actual = "{platform}",
    visibility = ["//visibility:public"],
)
"""

def _has(ctx, library):
    compiler = ctx.which("c++")
    if not compiler:
        return False
    return ctx.execute([compiler, "-print-file-name=" + library]).stdout.startswith("/")

def _host_platform_impl(ctx):
    ctx.file("WORKSPACE", "workspace(name = \"zmalloc_host\")\n")
    ctx.file("BUILD.bazel", _BUILD.format(platform = ctx.attr.platform))

    # For a test: whether the machine has the libraries to link static programs.
    ctx.file("static.bzl", "HAS_STATIC_LIBRARIES = %s\n" % (
        _has(ctx, "libc.a") and _has(ctx, "libstdc++.a")
    ))

host_platform = repository_rule(
    implementation = _host_platform_impl,
    attrs = {"platform": attr.string(mandatory = True)},
)
