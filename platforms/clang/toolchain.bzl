"""Clang as a Bazel C/C++ toolchain, for this machine or another.

`@clang` (repository.bzl) has the tools, the machine's or a folder's, and the toolchains for this machine.  Sanitizers are features of it, which are off unless
--features turns them on.
"""

load("@rules_cc//cc:cc_toolchain_config_lib.bzl", "feature")
load("@rules_cc//cc/toolchains:cc_toolchain_config_info.bzl", "CcToolchainConfigInfo")
load("@zmalloc//platforms:cc_toolchain.bzl", "configured_cc_toolchain", "flags_feature", "toolchain_config")
load("@zmalloc//platforms:targets.bzl", "CONFIG_FEATURES", "MACHINE_FEATURE", "REMOTE_FEATURE")
load(":sanitizers.bzl", "SANITIZERS")

# The definitions of libc++'s __config_site; the sources from Zig have no such file.
_LIBCXX_FLAGS = [
    "-D_LIBCPP_ABI_NAMESPACE=__1",
    "-D_LIBCPP_ABI_VERSION=1",
    "-D_LIBCPP_DISABLE_VISIBILITY_ANNOTATIONS",
    "-D_LIBCPP_HAS_NO_VENDOR_AVAILABILITY_ANNOTATIONS",
    "-D_LIBCPP_PSTL_CPU_BACKEND_SERIAL",
    "-D_LIBCXXABI_DISABLE_VISIBILITY_ANNOTATIONS",
]

ClangInfo = provider(
    doc = "A Clang.",
    fields = {
        "files": "the files that its actions read; none if it is the machine's",
        "include_directories": "folders of the headers for this machine",
        "resource_directories": "folders of Clang's own headers",
        "tools": "a dict from the name of a tool to its path, absolute or from the package @clang//",
    },
)

def _clang_tools_impl(ctx):
    return [
        ClangInfo(
            files = ctx.files.files,
            include_directories = ctx.attr.include_directories,
            resource_directories = ctx.attr.resource_directories,
            tools = ctx.attr.tools,
        ),
        DefaultInfo(files = depset(ctx.files.files)),
    ]

clang_tools = rule(
    implementation = _clang_tools_impl,
    doc = "The Clang of repository.bzl; the attributes are the fields of ClangInfo.",
    attrs = {
        "files": attr.label_list(allow_files = True),
        "include_directories": attr.string_list(mandatory = True),
        "resource_directories": attr.string_list(mandatory = True),
        "tools": attr.string_dict(mandatory = True),
    },
)

def _features(libcxx, machine):
    return [
        # Two such options, as in --config=aarch64 --config=asan, would silently build for the
        # platform of the last one.  So both provide the same, which Bazel refuses.
        feature(name = name, provides = ["fuzz", "sanitizer"])
        for name in CONFIG_FEATURES + [MACHINE_FEATURE] + ([REMOTE_FEATURE] if machine else [])
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
            cxx = ["-nostdinc++"] + ["-isystem" + include.path for include in libcxx] + _LIBCXX_FLAGS,
            enabled = bool(libcxx),
            link = ["-nostdlib++"],
        ),
    ]

def _clang_toolchain_config_impl(ctx):
    clang = ctx.attr.clang[ClangInfo]
    target = ["--target=" + ctx.attr.triple] if ctx.attr.triple else []
    headers = ["%sysroot%/usr/include"] if ctx.attr.sysroot else clang.include_directories
    libcxx = ctx.files.libcxx
    if clang.files and ctx.attr.sysroot:
        fail("ZMALLOC_CLANG names a Clang for this machine alone; %s needs the machine's" % ctx.attr.triple)
    return toolchain_config(
        ctx,
        builtin_sysroot = ctx.attr.sysroot,
        c_compiler = clang.tools["clang"],
        compile = target + ["-fno-omit-frame-pointer"],
        compiler = "clang",
        cxx_builtin_include_directories = clang.resource_directories + headers +
                                          ["%workspace%/" + include.path for include in libcxx],
        features = _features(libcxx, machine = not clang.files),
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
    """A cc_toolchain with @clang; kwargs are libcxx, sysroot, triple."""
    configured_cc_toolchain(
        name = name,
        config = _clang_toolchain_config,
        files = files + ["@clang"],
        tags = ["manual"],  # //... must build without Clang
        **kwargs
    )

def clang_cc_toolchains():
    """The cc_toolchains for this machine, by C++ library, in @clang."""
    clang_cc_toolchain(name = "machine_cxx_library")
    clang_cc_toolchain(
        name = "bundled_libcxx",
        files = ["@libcxx//:include"],
        libcxx = "@libcxx//:include",
    )
