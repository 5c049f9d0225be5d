"""Runs the blocks of docs/drop-in.md on the sources of a release."""

load("//tests/servers:defs.bzl", "TAG")
load("//third_party/jemalloc:releases.bzl", "JEMALLOC_DEFAULT")
load("//tools:script.bzl", "script_test")
load("//zmalloc/allocator:allocators.bzl", "BACKENDS", "lib")

def recipe_test(name, server, recipes, variant = "jemalloc", makeflags = "", defragments = False):
    """A test of blocks of docs/drop-in.md.

    Args:
      name: of the test
      server: a folder of zmalloc/compat and a row of SERVERS in sources.bzl
      recipes: the blocks, `<!-- recipe: NAME -->` in the page, in this order
      variant: the row of VARIANTS that the package is built over
      makeflags: for make
      defragments: whether to see the server move blocks
    """
    files = {
        "RECIPE_NOTES": "@%s_upstream//:00-RELEASENOTES" % server,
        "RECIPE_PACKAGE": "//tests/dist:package." + variant,
        "RECIPE_PAGE": "//docs:drop-in.md",
    }
    script_test(
        name = name,
        timeout = "eternal",
        testonly = True,
        src = "//tests/servers/recipes:recipe.sh",
        data = files.values() + ["@%s_upstream//:source" % server],
        env = dict(
            {variable: "$(rootpath %s)" % file for variable, file in files.items()},
            RECIPE_DEFRAGMENTS = "yes" if defragments else "",
            RECIPE_LIB = lib(BACKENDS[variant], JEMALLOC_DEFAULT),
            RECIPE_MAKEFLAGS = "-j2 " + makeflags,
            RECIPE_NAMES = " ".join(recipes),
            RECIPE_SERVER = server,
        ),
        tags = [
            "block-network",
            "cpu:2",
            TAG,
        ],
        target_compatible_with = [
            "@platforms//os:linux",
            "//platforms:host_toolchain",
        ],
    )
