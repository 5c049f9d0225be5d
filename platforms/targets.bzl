"""The table of platforms that zmalloc is built for.

The platforms, their toolchains (cc_toolchain.bzl), the --config names (targets.bazelrc),
the matrix and a table of the docs are made from it.  A row has:

  os, cpu, libc  constraints: @platforms//os, @platforms//cpu, //platforms
  compiler       the toolchain, as in the constraint //platforms:<compiler>_toolchain
  triple         the compiler's name for the platform, with the oldest libc or system
  sysroot        whether the compiler needs the system's headers and libraries; these are
                 in the repository of the row's name (//third_party/sysroot)
  configs        --config names besides the row's own name
  emulator       the emulator that runs its programs on a Linux host of another CPU, a
                 target of //platforms/emulator; None if there is none
"""

def _target(os, cpu, triple, compiler = "zig", libc = "default_libc", sysroot = False, configs = [], emulator = None):
    return struct(
        os = os,
        cpu = cpu,
        libc = libc,
        compiler = compiler,
        triple = triple,
        sysroot = sysroot,
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
    "freebsd_x86_64": _target("freebsd", "x86_64", "x86_64-unknown-freebsd14", compiler = "clang", sysroot = True),
    "freebsd_arm64": _target("freebsd", "aarch64", "aarch64-unknown-freebsd14", compiler = "clang", sysroot = True),
}

def target_constraints(row):
    """The constraints of a row, except the one for the compiler."""
    return [
        "@platforms//os:" + row.os,
        "@platforms//cpu:" + row.cpu,
        # The default libc is listed, too: else glibc's toolchain would fit a musl platform.
        str(Label("//platforms:" + row.libc)),
    ]

# The platforms that need a sysroot, which a machine may lack.
NEEDS_SYSROOT = [name for name, row in TARGETS.items() if row.sysroot]

# Each --config turns on a feature of the toolchain, so that the toolchain can refuse two of
# them: the --configs of the rows, gcc and clang, and remote.
CONFIG_FEATURES = ["config_of_" + name for name in TARGETS]
MACHINE_FEATURE = "config_of_the_machine_s_compiler"
REMOTE_FEATURE = "config_of_remote_execution"

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

# The lines of targets.bazelrc.
TARGETS_BAZELRC = [
    "# The --config names of platforms/targets.bzl; `bazel run //platforms:bazelrc` writes this.",
] + [
    line
    for name, row in TARGETS.items()
    for line in _bazelrc_lines(name, row)
] + [""]
