"""Runs the blocks of docs/drop-in.md on the sources of a release."""

load("//platforms:test_exec.bzl", "TEST_RULE")
load("//tests/servers:defs.bzl", "TAG")
load("//third_party/jemalloc:releases.bzl", "JEMALLOC_DEFAULT")
load("//zmalloc/allocator:allocators.bzl", "BACKENDS", "lib")

def _recipe_test_impl(ctx):
    script = ctx.actions.declare_file(ctx.label.name)
    notes = [file for file in ctx.files.source if file.basename == "00-RELEASENOTES"][0]
    ctx.actions.expand_template(
        output = script,
        template = ctx.file._template,
        substitutions = {
            "@defragments@": "yes" if ctx.attr.defragments else "",
            "@lib@": ctx.attr.lib,
            "@makeflags@": ctx.attr.makeflags,
            "@package@": ctx.file.package.short_path,
            "@page@": ctx.file._page.short_path,
            "@prefix@": ctx.attr.server.rstrip("0123456789") + "-",
            "@recipes@": " ".join(ctx.attr.recipes),
            "@server@": ctx.attr.server,
            "@source@": notes.short_path.rpartition("/")[0],
        },
        is_executable = True,
    )
    runfiles = ctx.runfiles(files = ctx.files.source + [ctx.file.package, ctx.file._page])
    return [DefaultInfo(executable = script, runfiles = runfiles)]

_recipe_test = rule(
    implementation = _recipe_test_impl,
    doc = "Runs blocks of the page in a source tree, and uses the server that they build.",
    attrs = {
        "defragments": attr.bool(doc = "whether to see the server move blocks"),
        "lib": attr.string(mandatory = True, doc = "mem_allocator in INFO"),
        "makeflags": attr.string(),
        "package": attr.label(allow_single_file = True, mandatory = True),
        "recipes": attr.string_list(mandatory = True, doc = "`<!-- recipe: NAME -->` in the page, in this order"),
        "server": attr.string(mandatory = True),
        "source": attr.label(mandatory = True),
        "_page": attr.label(allow_single_file = True, default = "//docs:drop-in.md"),
        "_template": attr.label(allow_single_file = True, default = "//tests/servers/recipes:recipe.sh.in"),
    },
    **TEST_RULE
)

def recipe_test(name, server, recipes, variant = "jemalloc", makeflags = "", **kwargs):
    """A test of blocks of docs/drop-in.md.

    Args:
      name: of the test
      server: a folder of zmalloc/compat and a row of SERVERS in sources.bzl
      recipes: the blocks
      variant: the row of VARIANTS that the package is built over
      makeflags: for make
      **kwargs: of the rule
    """
    _recipe_test(
        name = name,
        timeout = "eternal",
        testonly = True,
        lib = lib(BACKENDS[variant], JEMALLOC_DEFAULT),
        makeflags = "-j2 " + makeflags,
        package = "//tests/dist:package." + variant,
        recipes = recipes,
        server = server,
        source = "@%s_upstream//:source" % server,
        tags = [
            "block-network",
            "cpu:2",
            TAG,
        ],
        target_compatible_with = [
            "@platforms//os:linux",
            "//platforms:host_toolchain",
        ],
        **kwargs
    )
