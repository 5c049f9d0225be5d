"""Lists the static libraries that a library brings, for a test to read."""

load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")

def _archives_impl(ctx):
    archives = []
    for linker_input in ctx.attr.dep[CcInfo].linking_context.linker_inputs.to_list():
        for library in linker_input.libraries:
            archive = library.static_library or library.pic_static_library
            if archive and archive not in archives:
                archives.append(archive)
    paths = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(paths, "".join([archive.short_path + "\n" for archive in archives]))
    files = [paths] + archives
    return [DefaultInfo(files = depset(files), runfiles = ctx.runfiles(files))]

archives = rule(
    implementation = _archives_impl,
    doc = "All static libraries of `dep` and what it depends on; NAME.txt lists them.",
    attrs = {"dep": attr.label(mandatory = True, providers = [CcInfo])},
)
