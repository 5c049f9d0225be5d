"""A script to `bazel run`, or for --run_under."""

def _script_impl(ctx):
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = executable, target_file = ctx.file.src, is_executable = True)
    runfiles = ctx.runfiles([executable] + ctx.files.data)
    return [DefaultInfo(
        executable = executable,
        runfiles = runfiles.merge(ctx.attr.src[DefaultInfo].default_runfiles),
    )]

script = rule(
    implementation = _script_impl,
    doc = "A script, or another program, by a name in this package.",
    attrs = {
        "data": attr.label_list(allow_files = True),
        "src": attr.label(allow_single_file = True, mandatory = True),
    },
    executable = True,
)
