"""Clang as the compiler for FreeBSD, over a sysroot of //third_party/freebsd."""

load("@zmalloc//platforms:targets.bzl", "TARGETS", "target_constraints")
load("@zmalloc//platforms/clang:toolchain.bzl", "clang_cc_toolchain")
load("@zmalloc//third_party:external.bzl", "external_folder")

def _why_not_impl(ctx):
    if ctx.attr.why:
        # buildifier: disable=print
        print("%s is left out: %s" % (ctx.attr.target, ctx.attr.why))

why_not = rule(
    implementation = _why_not_impl,
    doc = "No files; says why a platform is left out.",
    attrs = {
        "target": attr.string(mandatory = True),
        "why": attr.string(),
    },
)

def freebsd_cc_toolchain(name, target, sysroot, why_not = ""):
    """The cc_toolchain of one row of targets.bzl, in the sysroot's repository.

    Args:
      name: of the cc_toolchain
      target: the row
      sysroot: a folder of this repository
      why_not: why there is no sysroot, if so
    """
    if why_not:
        # A select() that fits nothing: fail() would say it below a traceback.
        native.alias(
            name = name,
            actual = select(
                {":available": ":why_not"},
                no_match_error = why_not,
            ),
            tags = ["manual"],
            visibility = ["//visibility:public"],
        )
        return
    clang_cc_toolchain(
        name = name,
        files = [sysroot],
        sysroot = external_folder() + "/" + sysroot,
        triple = TARGETS[target].triple,
    )

def freebsd_toolchains():
    """Declares the toolchain of each of its rows; nothing is fetched unasked."""
    for name, row in TARGETS.items():
        if row.os == "freebsd":
            native.toolchain(
                name = name,
                exec_compatible_with = ["@platforms//os:linux"],
                target_compatible_with = target_constraints(row) + [Label("//platforms:clang_toolchain")],
                toolchain = "@%s//:cc_toolchain" % name,
                toolchain_type = "@bazel_tools//tools/cpp:toolchain_type",
            )
