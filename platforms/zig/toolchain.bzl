"""Zig's compiler as a C/C++ toolchain, for every row of targets.bzl that wants it."""

load("@rules_cc//cc:action_names.bzl", "ACTION_NAMES")
load(
    "@rules_cc//cc:cc_toolchain_config_lib.bzl",
    "action_config",
    "feature",
    "flag_group",
    "flag_set",
    "tool",
    "tool_path",
    "variable_with_value",
)
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("@rules_cc//cc/toolchains:cc_toolchain.bzl", "cc_toolchain")
load("@rules_cc//cc/toolchains:cc_toolchain_config_info.bzl", "CcToolchainConfigInfo")
load("@zmalloc//platforms:targets.bzl", "CONFIG_FEATURES", "TARGETS", "target_constraints")
load("@zmalloc//platforms/clang:sanitizers.bzl", "SANITIZERS")

_C = [
    ACTION_NAMES.assemble,
    ACTION_NAMES.c_compile,
    ACTION_NAMES.preprocess_assemble,
]

_CXX = [
    ACTION_NAMES.cpp_compile,
    ACTION_NAMES.cpp_header_parsing,
    ACTION_NAMES.linkstamp_compile,
]

_LINK = [
    ACTION_NAMES.cpp_link_dynamic_library,
    ACTION_NAMES.cpp_link_executable,
    ACTION_NAMES.cpp_link_nodeps_dynamic_library,
]

# Zig has no objcopy, nm and the like that Bazel would use.
_TOOL_PATHS = {
    "ar": "ar",
    "cpp": "c++",
    "gcc": "c++",
    "gcov": "/bin/false",
    "ld": "c++",
    "nm": "/bin/false",
    "objcopy": "/bin/false",
    "objdump": "/bin/false",
    "strip": "/bin/false",
}

_COMPILE_FLAGS = [
    # Paths as they were given, relative.
    "-no-canonical-prefixes",
    # Zig's default is to trap on undefined behaviour; sanitizers are a choice.
    "-fno-sanitize=undefined",
    "-Wno-builtin-macro-redefined",
    "-D__DATE__=\"redacted\"",
    "-D__TIME__=\"redacted\"",
    "-D__TIMESTAMP__=\"redacted\"",
]

_MODE_FLAGS = {
    "dbg": ["-g"],
    "fastbuild": ["-g0"],
    "opt": [
        "-O2",
        "-DNDEBUG",
    ],
}

# What Bazel's own action_configs would imply.
_IMPLIED_BY_COMPILE = [
    "user_compile_flags",
    "unfiltered_compile_flags",
    "compiler_input_flags",
    "compiler_output_flags",
]

def _flags(name, actions, flags, **kwargs):
    return feature(
        name = name,
        flag_sets = [flag_set(actions = actions, flag_groups = [flag_group(flags = flags)])],
        **kwargs
    )

# Bazel's own is for the ar of Linux, or for macOS's libtool.
_ARCHIVED = flag_group(
    iterate_over = "libraries_to_link",
    flag_groups = [
        flag_group(
            flags = ["%{libraries_to_link.name}"],
            expand_if_equal = variable_with_value("libraries_to_link.type", "object_file"),
        ),
        flag_group(
            flags = ["%{libraries_to_link.object_files}"],
            iterate_over = "libraries_to_link.object_files",
            expand_if_equal = variable_with_value("libraries_to_link.type", "object_file_group"),
        ),
    ],
    expand_if_available = "libraries_to_link",
)

def _archiver_flags(format):
    return feature(
        name = "archiver_flags",
        flag_sets = [flag_set(
            actions = [ACTION_NAMES.cpp_link_static_library],
            flag_groups = [
                flag_group(flags = ["rcsD", "--format=" + format]),
                flag_group(
                    flags = ["%{output_execpath}"],
                    expand_if_available = "output_execpath",
                ),
                _ARCHIVED,
            ],
        )],
    )

def _features(row, link_with):
    target = ["-target", row.triple]
    elf = row.os != "osx"
    features = [
        feature(name = "supports_pic", enabled = True),
        _flags("default_compile_flags", _C + _CXX, target + _COMPILE_FLAGS, enabled = True),
        _flags("default_link_flags", _LINK, target, enabled = True),
        _archiver_flags("gnu" if elf else "darwin"),
        # Not Bazel's -Wl,-S, with which Zig strips all symbols, not the debugging
        # ones, and compiles its libc++ once more.
        feature(name = "strip_debug_symbols"),

        # For //platforms:compiler.bzl to know it by.
        feature(name = "zmalloc_zig"),

        # --config=hermetic --config=clang, --config=aarch64 --config=musl and the like ask
        # for two: an error.
        feature(name = "config_of_the_machine_s_compiler", provides = ["compiler", "machine"]),
        feature(name = "config_of_remote_execution", provides = ["machine"]),
    ] + [
        feature(name = name, provides = ["compiler"])
        for name in CONFIG_FEATURES
    ]
    if link_with:
        # By itself: configure scripts, which run elsewhere, do not find the path.
        features.append(_flags("link_with", _LINK, [file.path for file in link_with], enabled = True))
    for mode, flags in _MODE_FLAGS.items():
        features.append(_flags(mode, _C + _CXX, flags))
    if elf:
        features.append(feature(name = "supports_start_end_lib"))
    return features

def _tool(actions, path, implies = []):
    return [
        action_config(
            action_name = action,
            enabled = True,
            tools = [tool(path = path)],
            implies = implies,
        )
        for action in actions
    ]

def _zig_toolchain_config_impl(ctx):
    row = TARGETS[ctx.attr.target]
    for name in SANITIZERS.keys() + ["fuzz"]:
        if name in ctx.features:
            fail("Zig has no runtime for it: --config=%s is for this machine, not for %s" % (name, ctx.attr.target))
    return cc_common.create_cc_toolchain_config_info(
        ctx = ctx,
        features = _features(row, ctx.files.link_with),
        # Only C needs an action_config: as C++ it would get libc++'s headers.
        action_configs = _tool(_C, "cc", _IMPLIED_BY_COMPILE),
        cxx_builtin_include_directories = ["lib"],
        toolchain_identifier = "zig-" + ctx.attr.target,
        host_system_name = "local",
        target_system_name = row.triple,
        target_cpu = row.cpu,
        target_libc = row.libc,
        compiler = "clang",
        abi_version = "unknown",
        abi_libc_version = "unknown",
        tool_paths = [
            tool_path(name = name, path = path)
            for name, path in _TOOL_PATHS.items()
        ],
    )

_zig_toolchain_config = rule(
    implementation = _zig_toolchain_config_impl,
    attrs = {
        "link_with": attr.label_list(
            allow_files = [".o"],
            # As the linker_files of a cc_toolchain, which bring it: in one place.
            cfg = "exec",
            doc = "what every program and shared library gets",
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
        arguments = ["-target", TARGETS[ctx.attr.target].triple] + _COMPILE_FLAGS +
                    ["-O2", "-fPIC", "-c", ctx.file.src.path, "-o", out.path],
        mnemonic = "ZigObject",
        progress_message = "Compiling %s for %s" % (ctx.file.src.basename, ctx.attr.target),
    )
    return [DefaultInfo(files = depset([out]))]

_zig_object = rule(
    implementation = _zig_object_impl,
    doc = "An object file that is part of a toolchain: compiled by Zig, without one.",
    attrs = {
        "cc": attr.label(allow_single_file = True, cfg = "exec", executable = True, mandatory = True),
        "files": attr.label_list(mandatory = True),
        "src": attr.label(allow_single_file = [".c"], mandatory = True),
        "target": attr.string(mandatory = True, values = TARGETS.keys()),
    },
)

def _zig_targets():
    return {name: row for name, row in TARGETS.items() if row.compiler == "zig"}

def zig_cc_toolchains(files):
    """The compilers, in Zig's own repository.

    Args:
      files: everything that a compilation reads
    """
    for name, row in _zig_targets().items():
        link_with = []
        if row.os == "linux" and row.libc == "default_libc":
            _zig_object(
                name = name + "_stat",
                src = "glibc_stat.c",
                cc = "cc",
                files = [files],
                target = name,
                visibility = ["//visibility:private"],
            )
            link_with = [name + "_stat"]
        _zig_toolchain_config(
            name = name + "_config",
            link_with = link_with,
            target = name,
            visibility = ["//visibility:private"],
        )
        native.filegroup(
            name = name + "_link_files",
            srcs = [files] + link_with,
            visibility = ["//visibility:private"],
        )
        cc_toolchain(
            name = name,
            all_files = name + "_link_files",
            ar_files = files,
            as_files = files,
            compiler_files = files,
            dwp_files = files,
            linker_files = name + "_link_files",
            objcopy_files = files,
            strip_files = files,
            supports_param_files = True,
            toolchain_config = name + "_config",
            toolchain_identifier = "zig-" + name,
        )

def zig_toolchains():
    """What Bazel's toolchain resolution finds; Zig is fetched when one is taken."""
    for name, row in _zig_targets().items():
        native.toolchain(
            name = name,
            # The pinned distribution is one for x86_64 Linux.
            exec_compatible_with = [
                "@platforms//cpu:x86_64",
                "@platforms//os:linux",
            ],
            target_compatible_with = target_constraints(row) + [
                "@zmalloc//platforms:zig_toolchain",
            ],
            toolchain = "@zig//:" + name,
            toolchain_type = "@bazel_tools//tools/cpp:toolchain_type",
        )
