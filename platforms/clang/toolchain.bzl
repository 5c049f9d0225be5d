"""The machine's Clang as a Bazel C/C++ toolchain, for this machine or another.

`@clang` (repository.bzl) has the paths of the tools; clang_cc_toolchain makes a
cc_toolchain of them for a target.  Sanitizers are features of it, which are off unless
--features turns them on.
"""

load("@rules_cc//cc:cc_toolchain_config_lib.bzl", "feature")
load("@rules_cc//cc/toolchains:cc_toolchain_config_info.bzl", "CcToolchainConfigInfo")
load("//platforms:cc_toolchain.bzl", "configured_cc_toolchain", "flags_feature", "toolchain_config")
load("//platforms:targets.bzl", "CONFIG_FEATURES", "MACHINE_FEATURE", "REMOTE_FEATURE")
load("//third_party/libcxx:config.bzl", "LIBCXX_FLAGS")
load(":sanitizers.bzl", "SANITIZERS")

ClangInfo = provider(
    doc = "An installed Clang.",
    fields = {
        "include_directories": "folders of the headers for this machine",
        "resource_directories": "folders of Clang's own headers",
        "tools": "a dict from the name of a tool to its path",
    },
)

def _clang_tools_impl(ctx):
    return [ClangInfo(
        include_directories = ctx.attr.include_directories,
        resource_directories = ctx.attr.resource_directories,
        tools = ctx.attr.tools,
    )]

clang_tools = rule(
    implementation = _clang_tools_impl,
    doc = "The Clang that repository.bzl found; the attributes are the fields of ClangInfo.",
    attrs = {
        "include_directories": attr.string_list(mandatory = True),
        "resource_directories": attr.string_list(mandatory = True),
        "tools": attr.string_dict(mandatory = True),
    },
)

def _features(libcxx):
    return [
        # Two such options, as in --config=aarch64 --config=asan, would silently build for the
        # platform of the last one.  So both provide the same, which Bazel refuses.
        feature(name = name, provides = ["fuzz", "sanitizer"])
        for name in CONFIG_FEATURES + [MACHINE_FEATURE, REMOTE_FEATURE]
    ] + [
        flags_feature(
            name,
            compile = row.flags + row.compile_flags,
            link = row.flags,
            provides = ["sanitizer"],
        )
        for name, row in SANITIZERS.items()
    ] + [
        # For libFuzzer (tests/fuzz), alone or with a sanitizer.
        flags_feature("fuzz", compile = ["-fsanitize=fuzzer-no-link", "-O2", "-g1"], provides = ["fuzz"]),
        # C++ with a libc++ built from source; //platforms/clang/runtime links it to programs.
        flags_feature(
            "libcxx",
            cxx = ["-nostdinc++"] + ["-isystem" + include.path for include in libcxx] + LIBCXX_FLAGS,
            enabled = bool(libcxx),
            link = ["-nostdlib++"],
        ),
    ]

def _clang_toolchain_config_impl(ctx):
    clang = ctx.attr.clang[ClangInfo]
    target = ["--target=" + ctx.attr.triple] if ctx.attr.triple else []
    headers = ["%sysroot%/usr/include"] if ctx.attr.sysroot else clang.include_directories
    libcxx = ctx.files.libcxx
    return toolchain_config(
        ctx,
        builtin_sysroot = ctx.attr.sysroot,
        c_compiler = clang.tools["clang"],
        compile = target + ["-fno-omit-frame-pointer"],
        compiler = "clang",
        cxx_builtin_include_directories = clang.resource_directories + headers +
                                          ["%workspace%/" + include.path for include in libcxx],
        features = _features(libcxx),
        link = target + ["-fuse-ld=lld"],
        tools = {
            "ar": clang.tools["llvm-ar"],
            "cpp": clang.tools["clang"],
            "gcc": clang.tools["clang++"],
            "ld": clang.tools["clang++"],
            "strip": clang.tools["llvm-strip"],
        },
        triple = ctx.attr.triple,
    )

_clang_toolchain_config = rule(
    implementation = _clang_toolchain_config_impl,
    attrs = {
        "clang": attr.label(default = "@clang", providers = [ClangInfo]),
        "libcxx": attr.label(
            allow_files = True,
            doc = "header folders of a libc++ that replaces the machine's C++ library",
        ),
        "sysroot": attr.string(doc = "path from the execution root; empty for this machine"),
        "triple": attr.string(doc = "the target's triple; empty for this machine"),
    },
    provides = [CcToolchainConfigInfo],
)

def clang_cc_toolchain(name, files = [], **kwargs):
    """A cc_toolchain with the machine's Clang; kwargs are libcxx, sysroot, triple."""
    configured_cc_toolchain(
        name = name,
        config = _clang_toolchain_config,
        files = files,
        tags = ["manual"],  # //... must build without Clang
        **kwargs
    )
