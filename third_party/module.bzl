"""The part of MODULE.bazel that is made from the tables: MODULE.bazel cannot load them."""

load(":repositories.bzl", "DEV_SOURCES", "FOREIGN_CC_REPOSITORIES", "LIBRARY_SOURCES", "OTHER_REPOSITORIES")
load(":sources.bzl", "MODULES")

def _use_extension(extension, repositories, dev = ""):
    return [
        "",
        "{0} = use_extension(\"//third_party:extensions.bzl\", \"{0}\"{1})".format(extension, dev),
        "use_repo(",
        "    %s," % extension,
    ] + ["    \"%s\"," % name for name in sorted(repositories)] + [")"]

MODULE_SECTION = [
    "bazel_dep(name = \"%s\", version = \"%s\")" % module
    for module in sorted(MODULES.items())
] + _use_extension(
    "sources",
    LIBRARY_SOURCES + OTHER_REPOSITORIES + FOREIGN_CC_REPOSITORIES,
) + _use_extension("dev_sources", DEV_SOURCES, ", dev_dependency = True") + [""]
