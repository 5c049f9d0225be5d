"""Holds our "zmalloc.h" for a server against the real one of a release."""

load("@rules_cc//cc:cc_library.bzl", "cc_library")
load("//tests:defs.bzl", "zmalloc_test")
load("//tests/servers:defs.bzl", "TAG")
load("//tools:copts.bzl", "TOOL_COPTS")
load("//zmalloc/allocator:allocators.bzl", "header_define")

def _declarations_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".inc")
    ctx.actions.run_shell(
        outputs = [out],
        inputs = [ctx.file.header, ctx.file._awk],
        command = 'awk -f "$1" "$2" >"$3"',
        arguments = [ctx.file._awk.path, ctx.file.header.path, out.path],
        env = {
            "LC_ALL": "C",
            "PATH": "/bin:/usr/bin:/usr/local/bin",
        },
        mnemonic = "Declarations",
        progress_message = "Reading " + ctx.file.header.short_path,
    )
    return [DefaultInfo(files = depset([out]))]

_declarations = rule(
    implementation = _declarations_impl,
    doc = "The declarations of a zmalloc.h, as assertions.",
    attrs = {
        "header": attr.label(allow_single_file = True, mandatory = True),
        "_awk": attr.label(allow_single_file = True, default = Label("//tests/compat:declarations.awk")),
    },
)

def declarations_test(server):
    """Declares SERVER_declarations_test: the release of a server against the folder for it.

    Args:
      server: a folder of zmalloc/compat and a row of SERVERS in sources.bzl
    """
    name = server + "_declarations"
    _declarations(
        name = name,
        testonly = True,
        header = "@%s_upstream//:src/zmalloc.h" % server,
        tags = ["manual"],
    )
    cc_library(
        name = name + "_compared",
        testonly = True,
        srcs = ["declarations.c"],
        hdrs = ["declarations.h"],
        copts = TOOL_COPTS + ["-pedantic"],
        local_defines = header_define("ZM_DECLARATIONS", "tests/compat/%s.inc" % name),
        tags = ["manual"],
        textual_hdrs = [":" + name],
        deps = ["//zmalloc/compat:" + server],
    )
    zmalloc_test(
        name = name + "_test",
        srcs = [],
        suite_tags = ["manual"],
        tags = [TAG],
        deps = [
            ":declarations_cases",
            ":%s_compared" % name,
        ],
    )
