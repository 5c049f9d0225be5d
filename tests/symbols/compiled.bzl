"""Tests which sources `bazel build` compiles when it is asked for a library."""

load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")
load("//platforms:test_exec.bzl", "TEST_RULE")

def _compiled_test_impl(ctx):
    # Bazel's C/C++ rules list here the objects to compile although no output needs them.
    objects = ctx.attr.library[OutputGroupInfo]["_hidden_top_level_INTERNAL_"].to_list()
    names = [file.basename.split(".")[0] for file in objects]
    script = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(script, "".join(["#!/bin/sh\n"] + [
        "echo '`bazel build %s` does not compile %s'\nexit 1\n" % (ctx.attr.library.label, source)
        for source in ctx.attr.sources
        if source not in names
    ]), is_executable = True)
    return [DefaultInfo(executable = script)]

compiled_test = rule(
    implementation = _compiled_test_impl,
    doc = "Passes if building a library compiles sources of the libraries that it is over.",
    attrs = {
        "library": attr.label(mandatory = True, providers = [CcInfo]),
        "sources": attr.string_list(mandatory = True, doc = "names, without the dot and the ending"),
    },
    **TEST_RULE
)
