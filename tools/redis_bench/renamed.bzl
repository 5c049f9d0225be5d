"""A program of another repository under a name in this package."""

def _renamed_impl(ctx):
    program = ctx.attr.program[DefaultInfo]
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(
        output = executable,
        target_file = program.files_to_run.executable,
        is_executable = True,
    )
    return [DefaultInfo(
        executable = executable,
        runfiles = ctx.runfiles([executable]).merge(program.default_runfiles),
    )]

renamed = rule(
    implementation = _renamed_impl,
    attrs = {"program": attr.label(cfg = "target", executable = True, mandatory = True)},
    executable = True,
)
