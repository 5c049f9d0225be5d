"""A script to `bazel run`, for --run_under, or as a test."""

load("//platforms:test_exec.bzl", "TEST_RULE")

def _script_impl(ctx):
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = executable, target_file = ctx.file.src, is_executable = True)
    runfiles = ctx.runfiles([executable] + ctx.files.data)
    for target in [ctx.attr.src] + ctx.attr.data:
        runfiles = runfiles.merge(target[DefaultInfo].default_runfiles)
    return [
        DefaultInfo(executable = executable, runfiles = runfiles),
        testing.TestEnvironment({
            name: ctx.expand_location(value, ctx.attr.data)
            for name, value in ctx.attr.env.items()
        }),
    ]

def script_rule(src = None, **kwargs):
    """A rule of scripts, or other programs, that get names in the package; all are `src`, if that is given."""
    return rule(
        implementation = _script_impl,
        attrs = {
            "data": attr.label_list(allow_files = True),
            "env": attr.string_dict(doc = "for tests; values may have $(rootpath LABEL)"),
            "src": attr.label(allow_single_file = True, default = src, mandatory = not src),
        },
        **kwargs
    )

script = script_rule(executable = True)

script_test = script_rule(**TEST_RULE)
