"""What runs the programs of another CPU here; --run_under takes it."""

EMULATORS = {
    "aarch64": struct(gnu_triple = "aarch64-linux-gnu", libc_package = "libc6-arm64-cross"),
    "riscv64": struct(gnu_triple = "riscv64-linux-gnu", libc_package = "libc6-riscv64-cross"),
}

def _emulator_impl(ctx):
    row = EMULATORS[ctx.attr.cpu]
    script = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.expand_template(
        output = script,
        template = ctx.file._template,
        substitutions = {
            "@cpu@": ctx.attr.cpu,
            "@gnu_triple@": row.gnu_triple,
            "@libc_package@": row.libc_package,
        },
        is_executable = True,
    )
    return [DefaultInfo(executable = script)]

emulator = rule(
    implementation = _emulator_impl,
    attrs = {
        "cpu": attr.string(mandatory = True, values = EMULATORS.keys()),
        "_template": attr.label(allow_single_file = True, default = Label("//platforms/emulator:emulator.sh.in")),
    },
    executable = True,
)
