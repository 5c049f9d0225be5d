"""Redis's own test suite, written in Tcl, as Bazel tests."""

load("//zmalloc/allocator:variants.bzl", "variant_compatible_with")

# What `bazel test //tests/...` leaves out, and --config=redis runs (.bazelrc).
TAG = "redis_suite"

def _redis_suite_test_impl(ctx):
    script = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.expand_template(
        output = script,
        template = ctx.file._template,
        substitutions = {
            "@benchmark@": ctx.executable._benchmark.short_path,
            "@cli@": ctx.executable._cli.short_path,
            "@left_out@": " ".join(ctx.attr.left_out),
            "@reap@": ctx.executable._reap.short_path,
            "@server@": ctx.executable.server.short_path,
            "@tests@": ctx.file._helper.short_path.rpartition("/")[0],
            "@units@": " ".join(ctx.attr.units),
        },
        is_executable = True,
    )
    runfiles = ctx.runfiles(files = ctx.files._tests + [
        ctx.executable._benchmark,
        ctx.executable._cli,
        ctx.executable._reap,
        ctx.executable.server,
    ])
    for program in [ctx.attr._benchmark, ctx.attr._cli, ctx.attr.server]:
        runfiles = runfiles.merge(program[DefaultInfo].default_runfiles)
    return [DefaultInfo(executable = script, runfiles = runfiles)]

_redis_suite_test = rule(
    implementation = _redis_suite_test_impl,
    doc = "Runs units of the suite against a server; sharded by unit.",
    attrs = {
        "left_out": attr.string_list(doc = "units not to run"),
        "server": attr.label(cfg = "target", executable = True, mandatory = True),
        "units": attr.string_list(doc = "what to run, patterns too; none: all that the suite lists"),
        "_benchmark": attr.label(cfg = "target", default = "@redis//:redis-benchmark", executable = True),
        "_cli": attr.label(cfg = "target", default = "@redis//:redis-cli", executable = True),
        "_helper": attr.label(allow_single_file = True, default = "@redis//:tests/test_helper.tcl"),
        "_reap": attr.label(cfg = "target", default = "//tests/redis:reap", executable = True),
        "_template": attr.label(allow_single_file = True, default = "//tests/redis:suite.sh.in"),
        "_tests": attr.label(default = "@redis//:tests"),
    },
    test = True,
)

def redis_suite(name, server, units = [], left_out = [], shard_count = 1, variant = "", tags = [], **kwargs):
    """Declares a test that runs units of Redis's suite.

    Args:
      name: of the test
      server: the redis-server
      units: names as the suite has them ("unit/memefficiency", "unit/moduleapi/*");
        none: all that its test_helper.tcl lists
      left_out: units not to run
      shard_count: units are dealt out to shards
      variant: the row of VARIANTS that the server is built over, if it is one
      tags: on top of TAG
      **kwargs: of the test
    """
    _redis_suite_test(
        name = name,
        server = server,
        units = units,
        left_out = left_out,
        shard_count = shard_count,
        # A network of its own: no port of another test, and none of the machine.
        tags = tags + [
            "block-network",
            TAG,
        ],
        target_compatible_with = ["@platforms//os:linux"] +
                                 (variant_compatible_with(variant) if variant else []),
        testonly = True,
        **kwargs
    )
