"""Files that the build can write, and that are checked in.

checked_in(name, ...) declares
  NAME        `bazel run` it: writes the file, or the section of it
  NAME_test   fails when the file differs from what the build would write
"""

load("@bazel_skylib//rules:write_file.bzl", "write_file")
load("//platforms:test_exec.bzl", "TEST_RULE")
load("//tools:script.bzl", "script_rule")

_SCRIPT = Label("//tools/checked_in:checked_in.sh")

_checked_in = script_rule(_SCRIPT, executable = True)

_checked_in_test = script_rule(_SCRIPT, **TEST_RULE)

def checked_in(name, file, lines = [], generated = None, section = ""):
    """Keeps a checked-in file equal to a generated one.

    Args:
      name: of the target that updates it
      file: the checked-in file
      lines: what should be in it, or
      generated: the file that the build writes
      section: when only a part of `file` is generated: the part between the
        lines "<!-- SECTION: ... -->" and "<!-- /SECTION -->", behind a "# " or not
    """
    if lines:
        generated = name + "_lines"
        write_file(
            name = generated,
            out = generated + ".txt",
            content = lines,
        )
    args = [
        "$(rootpath %s)" % file,
        "$(rootpath %s)" % generated,
        "//%s:%s" % (native.package_name(), name),
        section,
    ]
    _checked_in(
        name = name,
        args = ["update"] + args,
        data = [file, generated],
    )
    _checked_in_test(
        name = name + "_test",
        size = "small",
        args = ["test"] + args,
        data = [file, generated],
    )
