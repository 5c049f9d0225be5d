"""Finds the machine's Clang: `@clang`, fetched only when a build asks for it."""

# Older ones lack what our sanitizers and FreeBSD need.
OLDEST_CLANG = 19

# What its tools' names end with; newest first.
CLANG_SUFFIXES = ["-%d" % version for version in range(OLDEST_CLANG + 3, OLDEST_CLANG - 1, -1)] + [""]

CLANG_PACKAGES = "clang-{0} lld-{0} llvm-{0} libclang-rt-{0}-dev".format(OLDEST_CLANG)

_BUILD = """load("@zmalloc//platforms/clang:toolchain.bzl", "clang_tools")

clang_tools(
    name = "clang",
    ar = {ar},
    clang = {clang},
    clangxx = {clangxx},
    host_include_directories = {host_include_directories},
    resource_directories = {resource_directories},
    strip = {strip},
    visibility = ["//visibility:public"],
)
"""

# What a Clang consists of; the linker is found by Clang itself.
CLANG_TOOLS = {
    "ar": "llvm-ar",
    "clang": "clang",
    "clangxx": "clang++",
    "lld": "ld.lld",
    "strip": "llvm-strip",
}

def _output(ctx, command):
    found = ctx.execute(command)
    return "" if found.return_code else found.stdout + found.stderr

def _major(ctx, clang):
    version = _output(ctx, [clang, "-dumpversion"]).partition(".")[0]
    return int(version) if version.isdigit() else 0

def _find(ctx):
    """The tools of the newest Clang that is whole, or None."""
    for suffix in CLANG_SUFFIXES:
        tools = {key: ctx.which(name + suffix) for key, name in CLANG_TOOLS.items()}
        if all(tools.values()) and _major(ctx, tools["clang"]) >= OLDEST_CLANG:
            return {key: str(path) for key, path in tools.items()}
    return None

def _normalized(ctx, folders):
    """The folders as Clang names them, and where their links lead to."""
    paths = [ctx.path(folder) for folder in folders]
    return {str(path): None for path in paths + [path.realpath for path in paths]}.keys()

def _include_directories(ctx, clang, language):
    said = _output(ctx, [clang, "-E", "-v", "-x", language, "/dev/null"])
    listed = said.partition("#include <...> search starts here:\n")[2].partition("End of search list.")[0]
    return [line.strip() for line in listed.splitlines()]

def _clang_repository_impl(ctx):
    tools = _find(ctx)
    if not tools:
        fail("no Clang %d or later on this machine, which this build needs: apt-get install %s" % (OLDEST_CLANG, CLANG_PACKAGES))
    clang = tools["clang"]
    resources = _output(ctx, [clang, "-print-resource-dir"]).strip()
    if not ctx.path(resources + "/lib").exists:
        fail("%s has no runtime libraries, which this build needs: apt-get install %s" % (clang, CLANG_PACKAGES))
    host = _include_directories(ctx, clang, "c++") + _include_directories(ctx, clang, "c")
    ctx.file("WORKSPACE", "workspace(name = \"clang\")\n")
    ctx.file("BUILD.bazel", _BUILD.format(
        ar = repr(tools["ar"]),
        clang = repr(clang),
        clangxx = repr(tools["clangxx"]),
        host_include_directories = repr(_normalized(ctx, host)),
        resource_directories = repr(_normalized(ctx, [resources])),
        strip = repr(tools["strip"]),
    ))

clang_repository = repository_rule(
    implementation = _clang_repository_impl,
    doc = "The machine's Clang, as the ClangInfo @clang.",
    configure = True,
    local = True,
)
