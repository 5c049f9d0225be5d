"""Small repositories that the build writes instead of fetching them."""

def _stand_in_impl(ctx):
    ctx.file("WORKSPACE", "")
    for path, content in ctx.attr.files.items():
        ctx.file(path, content)
    for file, path in ctx.attr.links.items():
        ctx.symlink(file, path)

stand_in_repository = repository_rule(
    implementation = _stand_in_impl,
    attrs = {
        "files": attr.string_dict(mandatory = True, doc = "a dict from a path to the content"),
        "links": attr.label_keyed_string_dict(doc = "a dict from a file to the path of its link"),
    },
)
