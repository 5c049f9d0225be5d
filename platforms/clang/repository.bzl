"""The machine's Clang: `@clang`, fetched only when a build asks for it."""

_BUILD = """load("@zmalloc//platforms/clang:toolchain.bzl", "clang_tools")

clang_tools(
    name = "clang",
    include_directories = {include_directories},
    resource_directories = {resource_directories},
    tools = {tools},
    visibility = ["//visibility:public"],
)
"""

def _normalized(ctx, folders):
    """The folders as Clang names them, and the folders to which their links lead."""
    paths = [ctx.path(folder) for folder in folders]
    return {str(path): None for path in paths + [path.realpath for path in paths]}.keys()

def _include_directories(ctx, clang, language):
    said = ctx.execute([clang, "-E", "-v", "-x", language, "/dev/null"]).stderr
    listed = said.partition("#include <...> search starts here:\n")[2].partition("End of search list.")[0]
    return [line.strip() for line in listed.splitlines()]

def _clang_repository_impl(ctx):
    found = ctx.execute(["sh", ctx.path(ctx.attr._find)])
    if found.return_code:
        fail(found.stderr.strip())
    names = ["clang", "clang++", "ld.lld", "llvm-ar", "llvm-strip"]
    tools = dict(zip(names, found.stdout.splitlines()))
    clang = tools["clang"]
    resources = ctx.execute([clang, "-print-resource-dir"]).stdout.strip()
    headers = _include_directories(ctx, clang, "c++") + _include_directories(ctx, clang, "c")
    ctx.file("WORKSPACE", "workspace(name = \"clang\")\n")
    ctx.file("BUILD.bazel", _BUILD.format(
        include_directories = _normalized(ctx, headers),
        resource_directories = _normalized(ctx, [resources]),
        tools = tools,
    ))

clang_repository = repository_rule(
    implementation = _clang_repository_impl,
    doc = "The machine's Clang, as the ClangInfo @clang.",
    attrs = {"_find": attr.label(allow_single_file = True, default = Label("//platforms/clang:find.sh"))},
    configure = True,
    local = True,
)
