"""Builds jemalloc in both ways, side by side."""

load("//third_party/jemalloc:releases.bzl", "JEMALLOC_BUILDS")

_JEMALLOC_BUILD = str(Label("//:jemalloc_build"))

def _build_transition_impl(_settings, attr):
    return {_JEMALLOC_BUILD: attr.build}

_build_transition = transition(
    implementation = _build_transition_impl,
    inputs = [],
    outputs = [_JEMALLOC_BUILD],
)

def _files_of_build_impl(ctx):
    links = []
    for file in ctx.files.targets:
        link = ctx.actions.declare_file("%s/%s" % (ctx.label.name, file.basename))
        ctx.actions.symlink(output = link, target_file = file)
        links.append(link)
    return [DefaultInfo(files = depset(links), runfiles = ctx.runfiles(links))]

files_of_build = rule(
    implementation = _files_of_build_impl,
    doc = "The files of targets as --jemalloc_build would have them, in a folder NAME.",
    attrs = {
        "build": attr.string(mandatory = True, values = JEMALLOC_BUILDS.keys()),
        "targets": attr.label_list(mandatory = True, cfg = _build_transition),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
)
