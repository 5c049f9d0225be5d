"""The common parts of the Clang and Zig C/C++ toolchains for targets.bzl."""

load("@rules_cc//cc:action_names.bzl", "ACTION_NAMES")
load(
    "@rules_cc//cc:cc_toolchain_config_lib.bzl",
    "action_config",
    "feature",
    "flag_group",
    "flag_set",
    "tool",
    "tool_path",
)
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("@rules_cc//cc/toolchains:cc_toolchain.bzl", "cc_toolchain")
load(":targets.bzl", "TARGETS", "target_constraints")

_C_COMPILE = [
    ACTION_NAMES.assemble,
    ACTION_NAMES.c_compile,
    ACTION_NAMES.preprocess_assemble,
]

_CXX_COMPILE = [
    ACTION_NAMES.cpp_compile,
    ACTION_NAMES.cpp_header_parsing,
    ACTION_NAMES.cpp_module_codegen,
    ACTION_NAMES.cpp_module_compile,
    ACTION_NAMES.linkstamp_compile,
]

_LINK = [
    ACTION_NAMES.cpp_link_dynamic_library,
    ACTION_NAMES.cpp_link_executable,
    ACTION_NAMES.cpp_link_nodeps_dynamic_library,
]

# The output has the same bytes in every folder and at any time.
REPRODUCIBLE = [
    "-Wno-builtin-macro-redefined",
    "-D__DATE__=\"redacted\"",
    "-D__TIMESTAMP__=\"redacted\"",
    "-D__TIME__=\"redacted\"",
]

_MODE_FLAGS = {
    "dbg": ["-g"],
    "fastbuild": ["-g0"],
    "opt": [
        "-O2",
        "-DNDEBUG",
    ],
}

_TOOLS = ["ar", "cpp", "gcc", "gcov", "ld", "nm", "objcopy", "objdump", "strip"]

def flags_feature(name, compile = [], cxx = [], link = [], **kwargs):
    """A feature that adds flags: to C and C++ compilations, to C++ only, to links."""
    return feature(
        name = name,
        flag_sets = [
            flag_set(actions = actions, flag_groups = [flag_group(flags = flags)])
            for actions, flags in [(_C_COMPILE + _CXX_COMPILE, compile), (_CXX_COMPILE, cxx), (_LINK, link)]
            if flags
        ],
        **kwargs
    )

def toolchain_config(ctx, compiler, c_compiler, tools, compile, link, features, triple = "", **kwargs):
    """How Bazel calls a row's compiler: `tools` by Bazel's names, and `c_compiler` for C."""
    return cc_common.create_cc_toolchain_config_info(
        ctx = ctx,
        abi_libc_version = "unknown",
        abi_version = "unknown",
        action_configs = [
            action_config(
                action_name = action,
                enabled = True,
                # As Bazel's own action configs.
                implies = [
                    "user_compile_flags",
                    "sysroot",
                    "unfiltered_compile_flags",
                    "compiler_input_flags",
                    "compiler_output_flags",
                ],
                tools = [tool(path = c_compiler)],
            )
            for action in _C_COMPILE
        ],
        compiler = "clang",
        features = [
            feature(name = "supports_pic", enabled = True),
            flags_feature("default_compile_flags", compile = compile + REPRODUCIBLE, enabled = True),
            flags_feature("default_link_flags", link = link, enabled = True),
            # compiler.bzl recognises the toolchain by this feature.
            feature(name = "zmalloc_" + compiler),
        ] + [
            flags_feature(mode, compile = flags)
            for mode, flags in _MODE_FLAGS.items()
        ] + features,
        host_system_name = "local",
        target_cpu = triple.partition("-")[0] or "local",
        target_libc = triple.rpartition("-")[2] or "local",
        target_system_name = triple or "local",
        tool_paths = [tool_path(name = name, path = tools.get(name, "/bin/false")) for name in _TOOLS],
        toolchain_identifier = ctx.label.name,
        **kwargs
    )

def configured_cc_toolchain(name, config, files, compile_files = None, archive_files = None, tags = [], **kwargs):
    """A cc_toolchain, its configuration and its files.

    Args:
      name: the name of the cc_toolchain
      config: the rule that configures it
      files: the files that compiling and linking read, except the machine's own
      compile_files: those that compiling reads, if fewer
      archive_files: those that ar reads, if fewer
      tags: tags of all of these
      **kwargs: as for `config`
    """
    config(
        name = name + "_config",
        tags = tags,
        **kwargs
    )
    kinds = {kind: files for kind in ["all", "dwp", "linker", "objcopy", "strip"]}
    for kind, fewer in {"ar": archive_files, "as": compile_files, "compiler": compile_files}.items():
        kinds[kind] = fewer or files
    for kind, srcs in kinds.items():
        native.filegroup(
            name = "%s_%s_files" % (name, kind),
            srcs = srcs,
            tags = tags,
        )
    cc_toolchain(
        name = name,
        supports_param_files = True,
        tags = tags,
        toolchain_config = name + "_config",
        visibility = ["//visibility:public"],
        **{kind + "_files": "%s_%s_files" % (name, kind) for kind in kinds}
    )

def target_toolchains(compiler, exec_compatible_with):
    """Declares the toolchains of a compiler's rows.  Bazel fetches only the one that it uses."""
    for name, row in TARGETS.items():
        if row.compiler == compiler:
            native.toolchain(
                name = name,
                exec_compatible_with = exec_compatible_with,
                target_compatible_with = target_constraints(row) + [Label("//platforms:%s_toolchain" % compiler)],
                toolchain = "@%s//:cc_toolchain" % name if row.sysroot else "@%s//:%s" % (compiler, name),
                toolchain_type = "@bazel_tools//tools/cpp:toolchain_type",
            )
