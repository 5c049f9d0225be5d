"""The sanitizers: features of the Clang toolchain.

  setting        the value of --sanitizer
  platform       what it builds for
  flags          for compiling and linking
  compile_flags  for compiling alone

Each is also a config_setting, //platforms/clang:NAME.
"""

# Lines in reports, whole stacks, and still some speed.
_READABLE = [
    "-O1",
    "-g1",
    "-fno-optimize-sibling-calls",
]

def _sanitizer(setting, compile_flags = [], platform = "//platforms:clang"):
    return struct(
        setting = setting,
        platform = str(Label(platform)),
        flags = ["-fsanitize=" + setting],
        compile_flags = _READABLE + compile_flags,
    )

SANITIZERS = {
    "asan": _sanitizer("address"),
    "msan": _sanitizer(
        "memory",
        compile_flags = ["-fsanitize-memory-track-origins"],
        platform = "//platforms/clang:libcxx",
    ),
    "tsan": _sanitizer("thread"),
    # A program that went on would pass its test.
    "ubsan": _sanitizer("undefined", compile_flags = ["-fno-sanitize-recover=all"]),
}

def _skip(constraint):
    return [str(Label("//platforms/clang:" + constraint))]

def _setting(name):
    return str(Label("//platforms/clang:" + name))

def not_under(names, what = "this"):
    """target_compatible_with of what some sanitizers cannot run.

    Args:
      names: rows of SANITIZERS
      what: "this" test, or its "allocator"; says so where it is skipped

    Returns:
      a select()
    """
    return select(dict(
        {_setting(name): _skip("sanitizer_cannot_run_" + what) for name in names},
        **{"//conditions:default": []}
    ))

def only_under(name):
    """target_compatible_with of what is for one sanitizer.

    Args:
      name: a row of SANITIZERS

    Returns:
      a select()
    """
    return select({
        _setting(name): [],
        "//conditions:default": _skip("for_another_sanitizer"),
    })
