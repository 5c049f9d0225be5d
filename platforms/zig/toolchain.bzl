"""Zig's compiler as a C/C++ toolchain, for each row of targets.bzl with compiler "zig"."""

load("@rules_cc//cc:cc_toolchain_config_lib.bzl", "feature")
load("@rules_cc//cc/toolchains:cc_toolchain_config_info.bzl", "CcToolchainConfigInfo")
load(
    "@zmalloc//platforms:cc_toolchain.bzl",
    "REPRODUCIBLE",
    "configured_cc_toolchain",
    "flags_feature",
    "toolchain_config",
)
load(
    "@zmalloc//platforms:targets.bzl",
    "CONFIG_FEATURES",
    "MACHINE_FEATURE",
    "REMOTE_FEATURE",
    "TARGETS",
)
load("@zmalloc//platforms/clang:sanitizers.bzl", "SANITIZERS")

_COMPILERS = ["c++", "cc", "zig"]
_ARCHIVER = ["ar", "zig"]

# By the first word of a triple: how Zig calls the family of CPUs in names of headers.
_FAMILIES = {
    "aarch64": "aarch64",
    "riscv64": "riscv",
    "x86_64": "x86",
}

def _headers(row):
    """The folders of headers that Zig gives to compilations for a row; all of `lib` is ten times as much."""
    arch = row.triple.partition("-")[0]
    if row.os == "osx":
        libc = ["any-macos-any"]
    else:
        abi = row.triple.split("-")[2].partition(".")[0]
        libc = [
            "%s-linux-%s" % (arch, abi),
            "generic-" + {"gnu": "glibc", "musl": "musl"}[abi],
            _FAMILIES[arch] + "-linux-any",
            "any-linux-any",
        ]
    return [
        "lib/include",
        "lib/libcxx/include",
        "lib/libcxxabi/include",
        "lib/libunwind/include",
    ] + ["lib/libc/include/" + folder for folder in libc]

def _sources(row):
    """What Zig compiles of libc, libc++ and its own runtime when it links for a row."""
    if row.os == "osx":
        libc = "darwin"
    elif row.libc == "musl":
        libc = "musl"
    else:
        libc = "glibc"
    return [
        "lib/c.zig",
        "lib/compiler_rt",
        "lib/compiler_rt.zig",
        "lib/libc/" + libc,
        "lib/libcxx/src",
        "lib/libcxxabi/src",
        "lib/libunwind/src",
        "lib/ssp.zig",
        "lib/std",
    ]

def _compile_flags(row):
    return [
        "-target",
        row.triple,
        # Keeps paths as they are given, relative.
        "-no-canonical-prefixes",
        # By default Zig's programs trap on undefined behaviour; ours must not do so unasked.
        "-fno-sanitize=undefined",
    ]

def _features(link_with):
    return [
        # Replaces Bazel's -Wl,-S: with it Zig strips all symbols, not only the debugging
        # symbols, and compiles its libc++ once more.
        feature(name = "strip_debug_symbols"),
        # A feature of its own, so that configure scripts can turn it off: they run in another
        # folder and do not find the path.
        flags_feature("link_with", link = [file.path for file in link_with], enabled = True),

        # Two --configs, as in --config=hermetic --config=clang or --config=aarch64
        # --config=musl, are an error: Bazel refuses features that provide the same.
        feature(name = MACHINE_FEATURE, provides = ["compiler", "machine"]),
        feature(name = REMOTE_FEATURE, provides = ["machine"]),
    ] + [
        feature(name = name, provides = ["compiler"])
        for name in CONFIG_FEATURES
    ]

def _zig_toolchain_config_impl(ctx):
    row = TARGETS[ctx.attr.target]
    for name in SANITIZERS.keys() + ["fuzz"]:
        if name in ctx.features:
            fail("Zig has no runtime for it: --config=%s is for this machine, not for %s" % (name, ctx.attr.target))
    return toolchain_config(
        ctx,
        c_compiler = "cc",
        compile = _compile_flags(row),
        compiler = "zig",
        cxx_builtin_include_directories = ["lib"],
        features = _features(ctx.files.link_with),
        link = ["-target", row.triple],
        # Zig has no objcopy, nm and other tools that Bazel would use.
        tools = {
            "ar": "ar",
            "cpp": "c++",
            "gcc": "c++",
            "ld": "c++",
        },
        triple = row.triple,
    )

_zig_toolchain_config = rule(
    implementation = _zig_toolchain_config_impl,
    attrs = {
        "link_with": attr.label_list(
            allow_files = [".o"],
            # The same configuration as the files of a cc_toolchain, so that both are one file.
            cfg = "exec",
            doc = "files that are linked into every program and shared library",
        ),
        "target": attr.string(mandatory = True, values = TARGETS.keys()),
    },
    provides = [CcToolchainConfigInfo],
)

def _zig_object_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".o")
    ctx.actions.run(
        outputs = [out],
        inputs = ctx.files.files + [ctx.file.src],
        executable = ctx.executable.cc,
        arguments = _compile_flags(TARGETS[ctx.attr.target]) + REPRODUCIBLE +
                    ["-O2", "-fPIC", "-c", ctx.file.src.path, "-o", out.path],
        mnemonic = "ZigObject",
        progress_message = "Compiling %s for %s" % (ctx.file.src.basename, ctx.attr.target),
    )
    return [DefaultInfo(files = depset([out]))]

_zig_object = rule(
    implementation = _zig_object_impl,
    doc = "An object file that is part of a toolchain, so Zig compiles it without a toolchain.",
    attrs = {
        "cc": attr.label(allow_single_file = True, cfg = "exec", executable = True, mandatory = True),
        "files": attr.label_list(allow_files = True, mandatory = True),
        "src": attr.label(allow_single_file = [".c"], mandatory = True),
        "target": attr.string(mandatory = True, values = TARGETS.keys()),
    },
)

def zig_cc_toolchains():
    """Declares the toolchains, in Zig's own repository.

    An action gets only what it may read: a worker of remote execution is sent these files.  A
    folder is one input, so that the sandbox has one link instead of thousands.
    """
    for name, row in TARGETS.items():
        if row.compiler != "zig":
            continue
        compile_files = _COMPILERS + _headers(row)
        link_with = []
        if row.os == "linux" and row.libc == "default_libc":
            link_with = [name + "_stat"]
            _zig_object(
                name = name + "_stat",
                src = "glibc_stat.c",
                cc = "cc",
                files = compile_files,
                target = name,
            )
        configured_cc_toolchain(
            name = name,
            archive_files = _ARCHIVER,
            compile_files = compile_files,
            config = _zig_toolchain_config,
            files = compile_files + _ARCHIVER[:1] + _sources(row) + link_with,
            link_with = link_with,
            target = name,
        )
