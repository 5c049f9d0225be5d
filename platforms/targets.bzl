"""The one table of platforms that zmalloc is built for.

Platforms, the Zig and FreeBSD toolchains, the --config names (targets.bazelrc),
the matrix and the docs come from it.  A row:

  os, cpu, libc  constraints: @platforms//os, @platforms//cpu, //platforms
  compiler       the toolchain, as in the constraint //platforms:<compiler>_toolchain
  triple         what the compiler calls it; says the oldest libc or system, too
  configs        --config names besides the row's own
  emulator       what runs its programs on a Linux host of another CPU, as in
                 //platforms/emulator; None where nothing does
"""

def _target(os, cpu, triple, compiler = "zig", libc = "default_libc", configs = [], emulator = None):
    return struct(
        os = os,
        cpu = cpu,
        libc = libc,
        compiler = compiler,
        triple = triple,
        configs = configs,
        emulator = emulator,
    )

TARGETS = {
    "linux_x86_64": _target("linux", "x86_64", "x86_64-linux-gnu.2.31", configs = ["hermetic"]),
    "linux_aarch64": _target("linux", "aarch64", "aarch64-linux-gnu.2.31", configs = ["aarch64"], emulator = "aarch64"),
    "linux_x86_64_musl": _target("linux", "x86_64", "x86_64-linux-musl", libc = "musl", configs = ["musl"]),
    "linux_aarch64_musl": _target("linux", "aarch64", "aarch64-linux-musl", libc = "musl", configs = ["aarch64_musl"], emulator = "aarch64"),
    "linux_riscv64_musl": _target("linux", "riscv64", "riscv64-linux-musl", libc = "musl", configs = ["riscv64"], emulator = "riscv64"),
    "macos_arm64": _target("osx", "aarch64", "aarch64-macos.11.0"),
    "macos_x86_64": _target("osx", "x86_64", "x86_64-macos.11.0"),
    "freebsd_x86_64": _target("freebsd", "x86_64", "x86_64-unknown-freebsd14", compiler = "clang"),
    "freebsd_arm64": _target("freebsd", "aarch64", "aarch64-unknown-freebsd14", compiler = "clang"),
}

def target_constraints(row):
    """The constraints of a row, but for the compiler's."""
    return [
        "@platforms//os:" + row.os,
        "@platforms//cpu:" + row.cpu,
        # Also where it is the default: else glibc's toolchain would fit musl.
        str(Label("//platforms:" + row.libc)),
    ]

# What each row's --config asks a compiler for, so that it can refuse to serve two.
CONFIG_FEATURES = ["config_of_" + name for name in TARGETS]

def target_platforms():
    """Declares a platform per row."""
    for name, row in TARGETS.items():
        native.platform(
            name = name,
            constraint_values = target_constraints(row) + [":%s_toolchain" % row.compiler],
        )

def _bazelrc_lines(name, row):
    lines = [
        "",
        "build:%s --platforms=//platforms:%s" % (name, name),
        "build:%s --platform_suffix=%s" % (name, name),
        "build:%s --features=config_of_%s" % (name, name),
    ]
    if row.emulator:
        for command in ["run", "test"]:
            lines.append("%s:%s --run_under=//platforms/emulator:%s" % (command, name, row.emulator))
        lines.append("test:%s --test_timeout=600,600,900,3600" % name)
    for config in row.configs:
        lines.append("build:%s --config=%s" % (config, name))
    return lines

def _targets_bazelrc_impl(ctx):
    lines = ["# The --config names of platforms/targets.bzl; `bazel run //platforms:bazelrc` writes this."]
    for name, row in TARGETS.items():
        lines += _bazelrc_lines(name, row)
    out = ctx.actions.declare_file(ctx.label.name + ".bazelrc")
    ctx.actions.write(out, "\n".join(lines) + "\n")
    return [DefaultInfo(files = depset([out]))]

targets_bazelrc = rule(
    implementation = _targets_bazelrc_impl,
    doc = "Writes the lines of .bazelrc that follow from the table.",
)
