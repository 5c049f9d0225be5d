"""Clang as the compiler for another system, with a sysroot of //third_party/sysroot."""

load("@zmalloc//platforms:targets.bzl", "TARGETS")
load("@zmalloc//third_party:external.bzl", "external_folder")
load(":toolchain.bzl", "clang_cc_toolchain")

def _why_not_impl(ctx):
    if ctx.attr.why:
        # buildifier: disable=print
        print("%s is left out: %s" % (ctx.attr.target, ctx.attr.why))

why_not = rule(
    implementation = _why_not_impl,
    doc = "Has no files; prints why a platform is left out.",
    attrs = {
        "target": attr.string(mandatory = True),
        "why": attr.string(),
    },
)

def sysroot_cc_toolchain(name, target, sysroot, why_not = ""):
    """The cc_toolchain of one row of targets.bzl, in the sysroot's repository.

    Args:
      name: the name of the cc_toolchain
      target: the name of the row
      sysroot: a folder of this repository
      why_not: the reason why there is no sysroot; empty if there is one
    """
    if why_not:
        # A select() without a match prints the reason; fail() would print a traceback first.
        native.alias(
            name = name,
            actual = select(
                {":available": ":why_not"},
                no_match_error = why_not,
            ),
            tags = ["manual"],
        )
        return
    clang_cc_toolchain(
        name = name,
        files = [sysroot],
        sysroot = external_folder() + "/" + sysroot,
        triple = TARGETS[target].triple,
    )
