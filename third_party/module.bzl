"""The part of MODULE.bazel that follows from the tables, which it cannot load."""

load(":repositories.bzl", "DEV_SOURCES", "FOREIGN_CC_REPOSITORIES", "LIBRARY_SOURCES", "OTHER_REPOSITORIES")
load(":sources.bzl", "MODULES")

_EXTENSION = """
{extension} = use_extension("//third_party:extensions.bzl", "{extension}"{dev})
use_repo(
    {extension},
{repositories})
"""

def _use_extension(extension, repositories, dev = ""):
    return _EXTENSION.format(
        extension = extension,
        dev = dev,
        repositories = "".join(["    \"%s\",\n" % name for name in sorted(repositories)]),
    )

def _module_section_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    library = LIBRARY_SOURCES + OTHER_REPOSITORIES + FOREIGN_CC_REPOSITORIES
    ctx.actions.write(out, "".join([
        "bazel_dep(name = \"%s\", version = \"%s\")\n" % (name, version)
        for name, version in sorted(MODULES.items())
    ] + [
        _use_extension("sources", library),
        _use_extension("dev_sources", DEV_SOURCES, ", dev_dependency = True"),
    ]))
    return [DefaultInfo(files = depset([out]))]

module_section = rule(
    implementation = _module_section_impl,
    doc = "Writes the section.",
)
