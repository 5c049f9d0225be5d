"""The machine's Clang as a Bazel C/C++ toolchain, for this machine or another.

`@clang` (repository.bzl) says where the tools are; clang_cc_toolchain makes a
cc_toolchain of them for a target.  Sanitizers are features of it, off unless
--features asks for them.
"""

load("@rules_cc//cc:action_names.bzl", "ACTION_NAMES")
load(
    "@rules_cc//cc:cc_toolchain_config_lib.bzl",
    "action_config",
    "feature",
    "flag_group",
    "flag_set",
    "tool",
    "tool_path",
    "with_feature_set",
)
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("@rules_cc//cc/toolchains:cc_toolchain.bzl", "cc_toolchain")
load("@rules_cc//cc/toolchains:cc_toolchain_config_info.bzl", "CcToolchainConfigInfo")
load("//platforms:targets.bzl", "CONFIG_FEATURES")
load("//third_party/libcxx:config.bzl", "LIBCXX_FLAGS")
load(":sanitizers.bzl", "SANITIZERS")

ClangInfo = provider(
    doc = "An installed Clang.",
    fields = {
        "ar": "path of llvm-ar",
        "clang": "path of clang",
        "clangxx": "path of clang++",
        "host_include_directories": "where it finds headers when it compiles for this machine",
        "resource_directories": "folders of its own headers",
        "strip": "path of llvm-strip",
    },
)

def _clang_tools_impl(ctx):
    return [ClangInfo(
        ar = ctx.attr.ar,
        clang = ctx.attr.clang,
        clangxx = ctx.attr.clangxx,
        host_include_directories = ctx.attr.host_include_directories,
        resource_directories = ctx.attr.resource_directories,
        strip = ctx.attr.strip,
    )]

clang_tools = rule(
    implementation = _clang_tools_impl,
    doc = "What repository.bzl found; the fields of ClangInfo.",
    attrs = {
        "ar": attr.string(mandatory = True),
        "clang": attr.string(mandatory = True),
        "clangxx": attr.string(mandatory = True),
        "host_include_directories": attr.string_list(),
        "resource_directories": attr.string_list(mandatory = True),
        "strip": attr.string(mandatory = True),
    },
)

_C_COMPILE = [ACTION_NAMES.c_compile]

_CXX_COMPILE = [
    ACTION_NAMES.cpp_compile,
    ACTION_NAMES.cpp_header_parsing,
    ACTION_NAMES.cpp_module_codegen,
    ACTION_NAMES.cpp_module_compile,
    ACTION_NAMES.linkstamp_compile,
]

_COMPILE = _C_COMPILE + _CXX_COMPILE + [
    ACTION_NAMES.assemble,
    ACTION_NAMES.preprocess_assemble,
]

_LINK = [
    ACTION_NAMES.cpp_link_dynamic_library,
    ACTION_NAMES.cpp_link_executable,
    ACTION_NAMES.cpp_link_nodeps_dynamic_library,
]

def _flags(actions, flags, modes = []):
    """Flags for actions, in some compilation modes only if those are named."""
    return [flag_set(
        actions = actions,
        flag_groups = [flag_group(flags = flags)],
        with_features = [with_feature_set(features = [mode]) for mode in modes],
    )] if flags else []

# The same bytes wherever and whenever.
_REPRODUCIBLE = [
    "-Wno-builtin-macro-redefined",
    "-D__DATE__=\"redacted\"",
    "-D__TIMESTAMP__=\"redacted\"",
    "-D__TIME__=\"redacted\"",
]

def _sanitizer_feature(name, row):
    return feature(
        name = name,
        flag_sets = _flags(_COMPILE, row.flags + row.compile_flags) + _flags(_LINK, row.flags),
        provides = ["sanitizer"],
    )

def _fuzz_feature():
    """For libFuzzer (tests/fuzz), alone or with a sanitizer."""
    return feature(
        name = "fuzz",
        flag_sets = _flags(_COMPILE, ["-fsanitize=fuzzer-no-link", "-O2", "-g1"]),
        provides = ["fuzz"],
    )

def _libcxx_feature(includes):
    """C++ with a libc++ from source; programs get it by //platforms/clang/runtime."""
    return feature(
        name = "libcxx",
        enabled = True,
        flag_sets = _flags(_CXX_COMPILE, ["-nostdinc++"] + ["-isystem" + include.path for include in includes] + LIBCXX_FLAGS) +
                    _flags(_LINK, ["-nostdlib++"]),
    )

def _clang_toolchain_config_impl(ctx):
    clang = ctx.attr.clang[ClangInfo]
    target = ["--target=" + ctx.attr.triple] if ctx.attr.triple else []
    features = [feature(name = name) for name in ["opt", "dbg", "fastbuild"]] + [
        feature(name = "supports_pic", enabled = True),
        feature(
            name = "default_compile_flags",
            enabled = True,
            flag_sets = _flags(_COMPILE, target + _REPRODUCIBLE + ["-fno-omit-frame-pointer"]) +
                        _flags(_COMPILE, ["-g"], ["dbg"]) +
                        _flags(_COMPILE, ["-O2", "-DNDEBUG"], ["opt"]) +
                        _flags(_COMPILE, ctx.attr.copts),
        ),
        feature(
            name = "default_link_flags",
            enabled = True,
            flag_sets = _flags(_LINK, target + ["-fuse-ld=lld"] + ctx.attr.linkopts),
        ),
    ] + [
        # --config=aarch64 --config=asan and the like would build for the last one's
        # platform, in silence: an error.
        feature(name = name, provides = ["fuzz", "sanitizer"])
        for name in CONFIG_FEATURES + ["config_of_remote_execution", "config_of_the_machine_s_compiler"]
    ] + [
        # For //platforms:compiler.bzl to know it by.
        feature(name = "zmalloc_clang"),
    ] + [
        _sanitizer_feature(name, row)
        for name, row in SANITIZERS.items()
    ] + [_fuzz_feature()]
    include_directories = clang.resource_directories + (
        ["%sysroot%/usr/include"] if ctx.attr.sysroot else clang.host_include_directories
    )
    if ctx.attr.libcxx:
        features.append(_libcxx_feature(ctx.files.libcxx))
        include_directories += ["%workspace%/" + include.path for include in ctx.files.libcxx]
    return cc_common.create_cc_toolchain_config_info(
        ctx = ctx,
        # clang++ would compile .c files as C++.
        action_configs = [action_config(
            action_name = ACTION_NAMES.c_compile,
            implies = [
                "compiler_input_flags",
                "compiler_output_flags",
                "sysroot",
                "unfiltered_compile_flags",
                "user_compile_flags",
            ],
            tools = [tool(path = clang.clang)],
        )],
        abi_libc_version = "local",
        abi_version = "local",
        builtin_sysroot = ctx.attr.sysroot,
        compiler = "clang",
        cxx_builtin_include_directories = include_directories,
        features = features,
        host_system_name = "local",
        target_cpu = ctx.attr.triple.partition("-")[0] or "local",
        target_libc = ctx.attr.triple.rpartition("-")[2] or "local",
        target_system_name = ctx.attr.triple or "local",
        tool_paths = [
            tool_path(name = name, path = path)
            for name, path in {
                "ar": clang.ar,
                "cpp": clang.clang,
                "gcc": clang.clangxx,
                "gcov": "/bin/false",
                "ld": clang.clangxx,
                "nm": "/bin/false",
                "objdump": "/bin/false",
                "strip": clang.strip,
            }.items()
        ],
        toolchain_identifier = ctx.label.name,
    )

clang_toolchain_config = rule(
    implementation = _clang_toolchain_config_impl,
    doc = "How Clang is called for one target.",
    attrs = {
        "clang": attr.label(default = "@clang", providers = [ClangInfo]),
        "copts": attr.string_list(doc = "flags for compiling, before all others but ours"),
        "libcxx": attr.label(
            allow_files = True,
            doc = "folders of the headers of a libc++ in place of the machine's C++ library",
        ),
        "linkopts": attr.string_list(doc = "flags for linking, before all others but ours"),
        "sysroot": attr.string(doc = "from the execution root; empty for this machine"),
        "triple": attr.string(doc = "of the target; empty for this machine"),
    },
    provides = [CcToolchainConfigInfo],
)

def clang_cc_toolchain(name, files = [], **config):
    """A cc_toolchain of the machine's Clang.

    Args:
      name: of the cc_toolchain; a `toolchain` elsewhere refers to it
      files: what compiling and linking read, but for the machine's own
      **config: attributes of clang_toolchain_config
    """
    tags = ["manual"]  # without Clang //... is still to build
    clang_toolchain_config(
        name = name + "_config",
        tags = tags,
        **config
    )
    native.filegroup(
        name = name + "_files",
        srcs = files,
        tags = tags,
    )
    all_files = ":%s_files" % name
    cc_toolchain(
        name = name,
        all_files = all_files,
        ar_files = all_files,
        as_files = all_files,
        compiler_files = all_files,
        dwp_files = all_files,
        linker_files = all_files,
        objcopy_files = all_files,
        strip_files = all_files,
        supports_param_files = True,
        tags = tags,
        toolchain_config = ":%s_config" % name,
        visibility = ["//visibility:public"],
    )
