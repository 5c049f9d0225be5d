"""A library that configure and make build, as a target on which Bazel's rules can depend."""

load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")
load("@rules_foreign_cc//foreign_cc:configure.bzl", "configure_make")
load("//platforms:targets.bzl", "TARGETS")
load(":toolchains.bzl", "TOOLCHAINS")

# The folder of the installed files that has the internal headers.
INTERNAL = "internal"

# The folder into which postfix_script installs.  Newer releases of rules_foreign_cc take
# $$INSTALLDIR$$ and $NAME for variables of make, so a script must do without.
INSTALLED = "`printenv INSTALLDIR`"

def _gnu_triple(row):
    """configure's name of the platform: except for macOS, the triple without the libc's version."""
    return row.cpu + "-apple-darwin20" if row.os == "osx" else row.triple.partition(".")[0]

def _cross_options():
    """--host and --build for platforms with a compiler of ours, as a select().

    They are set even if this machine can run the programs: configure must not run
    them and find out facts about this machine instead of the platform.  Without such
    a platform, the build is for this machine.
    """
    options = {
        "@zmalloc//third_party/foreign_cc:cross_" + name: [
            # Any name that differs from --host works.
            "--build=x86_64-build-linux-gnu",
            "--host=" + _gnu_triple(row),
        ]
        for name, row in TARGETS.items()
    }
    options["//conditions:default"] = []
    return select(options)

_EXTRA_TOOLCHAINS = "//command_line_option:extra_toolchains"

def _with_toolchains_impl(settings, _attr):
    given = [str(toolchain) for toolchain in settings[_EXTRA_TOOLCHAINS]]
    return {_EXTRA_TOOLCHAINS: [toolchain for toolchain in given if toolchain not in TOOLCHAINS] + TOOLCHAINS}

# If the workspace registered them, every build would load them, and so fetch
# rules_foreign_cc.
_with_toolchains = transition(
    implementation = _with_toolchains_impl,
    inputs = [_EXTRA_TOOLCHAINS],
    outputs = [_EXTRA_TOOLCHAINS],
)

def _foreign_library_impl(ctx):
    built = ctx.attr.built[0]
    if not ctx.attr.headers:
        return [DefaultInfo(files = built[DefaultInfo].files), built[CcInfo]]
    folders = [
        file
        for file in built[DefaultInfo].files.to_list()
        if file.is_directory and file.basename == ctx.attr.headers
    ]
    if len(folders) != 1:
        fail("%s has no out_data_dirs = [\"%s\"]" % (built.label, ctx.attr.headers))
    return [
        DefaultInfo(files = depset(folders)),
        CcInfo(compilation_context = cc_common.create_compilation_context(
            headers = depset(folders),
            # These headers cause warnings.
            system_includes = depset([folders[0].path]),
        )),
    ]

_foreign_library = rule(
    implementation = _foreign_library_impl,
    doc = "The library that a configure_make built, or its private headers.",
    attrs = {
        "built": attr.label(
            mandatory = True,
            cfg = _with_toolchains,
            providers = [CcInfo],
            doc = "the configure_make",
        ),
        "headers": attr.string(
            doc = "a folder of its out_data_dirs; if set, the target is only the headers in it",
        ),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
)

def configured_library(name, lib_name, args, configure_options, copts, **kwargs):
    """The library that configure_make builds, and its folder INTERNAL as NAME_internals.

    Args:
      name: the name of the library
      lib_name: make writes libLIB_NAME.pic.a, a name by which Bazel knows that it is
        position-independent
      args: arguments of make
      configure_options: options besides those for the platform
      copts: compiler flags of all sources
      **kwargs: as for configure_make
    """
    configure_make(
        name = name + "_configured",
        # One job per CPU; getconf exists also where nproc does not.
        args = ["-j$(getconf _NPROCESSORS_ONLN)"] + args,
        configure_options = configure_options + _cross_options(),
        # Keeps the path of the build's folder out of the object files.
        copts = copts + ["-ffile-prefix-map=$$EXT_BUILD_ROOT$$=."] + select({
            "@zmalloc//third_party/foreign_cc:dbg": ["-g"],
            # configure turns debugging information on, Bazel wants none.
            "//conditions:default": ["-g0"],
        }),
        # This feature of Zig's toolchain links a file by a relative path, which make, in another
        # folder, does not find.
        features = ["-link_with"],
        lib_name = lib_name,
        lib_source = name + "_source",
        out_data_dirs = [INTERNAL],
        out_static_libs = ["lib%s.pic.a" % lib_name],
        **kwargs
    )
    native.filegroup(
        name = name + "_source",
        srcs = native.glob(["**"]),
    )
    _foreign_library(
        name = name,
        built = name + "_configured",
    )
    _foreign_library(
        name = name + "_internals",
        built = name + "_configured",
        headers = INTERNAL,
    )
