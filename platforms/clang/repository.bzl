"""Clang as the repository `@clang`, fetched only when a build asks for it.

It is the machine's, or that of the folder which --repo_env=ZMALLOC_CLANG names and folder.sh makes.
"""

_PROGRAMS = ["clang", "clang++", "ld.lld", "llvm-ar", "llvm-strip"]

_BUILD = """load("@zmalloc//platforms/clang:toolchain.bzl", "clang_cc_toolchains", "clang_tools")

clang_tools(
    name = "clang",
    files = {files},
    include_directories = {include_directories},
    resource_directories = {resource_directories},
    tools = {tools},
    visibility = ["//visibility:public"],
)

clang_cc_toolchains()
"""

def _normalized(ctx, folders):
    """The folders as Clang names them, and the folders to which their links lead."""
    paths = [ctx.path(folder) for folder in folders]
    return {str(path): None for path in paths + [path.realpath for path in paths]}.keys()

def _include_directories(ctx, clang, language):
    said = ctx.execute([clang, "-E", "-v", "-x", language, "/dev/null"]).stderr
    listed = said.partition("#include <...> search starts here:\n")[2].partition("End of search list.")[0]
    return [line.strip() for line in listed.splitlines()]

def _of_machine(ctx):
    found = ctx.execute(["sh", ctx.path(ctx.attr._find)])
    if found.return_code:
        fail(found.stderr.strip())
    tools = dict(zip(_PROGRAMS, found.stdout.splitlines()))
    clang = tools["clang"]
    resources = ctx.execute([clang, "-print-resource-dir"]).stdout.strip()
    headers = _include_directories(ctx, clang, "c++") + _include_directories(ctx, clang, "c")
    return _BUILD.format(
        files = [],
        include_directories = _normalized(ctx, headers),
        resource_directories = _normalized(ctx, [resources]),
        tools = tools,
    )

def _only_member(ctx, folder, path):
    """The path in the folder whose last part is the only member of its folder that begins so."""
    parent, _, begin = path.rpartition("/")
    above = ctx.path(folder + "/" + parent)
    found = [member for member in above.readdir() if member.basename.startswith(begin)] if above.exists else []
    if len(found) != 1:
        fail("ZMALLOC_CLANG=%s is no folder that platforms/clang/folder.sh made: it has %d of %s*" %
             (folder, len(found), path))
    return parent + "/" + found[0].basename

def _of_folder(ctx, folder):
    if not folder.startswith("/"):
        fail("ZMALLOC_CLANG=%s is no absolute path" % folder)
    llvm = _only_member(ctx, folder, "usr/lib/llvm-")
    resources = _only_member(ctx, folder, llvm + "/lib/clang/")
    gcc = _only_member(ctx, folder, "usr/lib/gcc/x86_64-linux-gnu/")
    ctx.symlink(folder, "root")
    for program in _PROGRAMS:
        ctx.template(
            "bin/" + program,
            ctx.attr._tool,
            substitutions = {
                "{bin}": llvm + "/bin",
                "{gcc}": gcc,
                "{resources}": resources,
            },
        )
    return _BUILD.format(
        files = ["bin/" + program for program in _PROGRAMS] + ["root"],
        include_directories = ["%workspace%/external/" + ctx.name + "/root"],
        resource_directories = [],
        tools = {program: "bin/" + program for program in _PROGRAMS},
    )

def _clang_repository_impl(ctx):
    folder = ctx.os.environ.get("ZMALLOC_CLANG")
    build = _of_folder(ctx, folder) if folder else _of_machine(ctx)
    ctx.file("WORKSPACE", "workspace(name = \"clang\")\n")
    ctx.file("BUILD.bazel", build)

clang_repository = repository_rule(
    implementation = _clang_repository_impl,
    doc = "A Clang, as the ClangInfo @clang.",
    attrs = {
        "_find": attr.label(allow_single_file = True, default = Label("//platforms/clang:find.sh")),
        "_tool": attr.label(allow_single_file = True, default = Label("//platforms/clang:tool.sh.in")),
    },
    configure = True,
    environ = ["ZMALLOC_CLANG"],
    local = True,
)
