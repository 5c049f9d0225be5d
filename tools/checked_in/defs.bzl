"""Files that the build can write, and that are checked in.

checked_in(name, ...) declares
  NAME        `bazel run` it: writes the file, or the section of it
  NAME_test   fails when the file differs from what the build would write
"""

load("//platforms:test_exec.bzl", "TEST_RULE")

def _checked_in_impl(ctx):
    script = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.expand_template(
        output = script,
        template = ctx.file._template,
        substitutions = {
            "@checked_in@": ctx.file.file.short_path,
            "@generated@": ctx.file.generated.short_path,
            "@mode@": ctx.attr.mode,
            "@section@": ctx.attr.section,
            "@target@": str(ctx.attr.update or ctx.label),
        },
        is_executable = True,
    )
    return [DefaultInfo(
        executable = script,
        runfiles = ctx.runfiles([ctx.file.file, ctx.file.generated]),
    )]

_ATTRS = {
    "file": attr.label(allow_single_file = True, mandatory = True),
    "generated": attr.label(allow_single_file = True, mandatory = True),
    "mode": attr.string(mandatory = True),
    "section": attr.string(),
    "update": attr.string(),
    "_template": attr.label(allow_single_file = True, default = Label("//tools/checked_in:checked_in.sh.in")),
}

_checked_in = rule(_checked_in_impl, attrs = _ATTRS, executable = True)

_checked_in_test = rule(_checked_in_impl, attrs = _ATTRS, **TEST_RULE)

def checked_in(name, file, generated, section = ""):
    """Keeps a checked-in file equal to a generated one.

    Args:
      name: of the target that updates it
      file: the checked-in file
      generated: the file that the build writes
      section: when only a part of `file` is generated: the part between the
        lines "<!-- SECTION: ... -->" and "<!-- /SECTION -->", behind a "# " or not
    """
    _checked_in(
        name = name,
        file = file,
        generated = generated,
        mode = "update",
        section = section,
    )
    _checked_in_test(
        name = name + "_test",
        size = "small",
        file = file,
        generated = generated,
        mode = "test",
        section = section,
        update = "//%s:%s" % (native.package_name(), name),
    )
