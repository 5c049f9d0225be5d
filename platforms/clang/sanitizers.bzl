"""The sanitizers: features of the Clang toolchain.

  setting        the value of --sanitizer
  platform       the platform to build for
  flags          flags for compiling and linking
  compile_flags  flags only for compiling

Each is also a config_setting, //platforms/clang:NAME.
"""

# Reports have line numbers and complete stacks, and programs are not too slow.
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
    # Ends the program at the first error: else its test would pass.
    "ubsan": _sanitizer("undefined", compile_flags = ["-fno-sanitize-recover=all"]),
}

def _skip(constraint):
    return [str(Label("//platforms:" + constraint))]

def _setting(name):
    return str(Label("//platforms/clang:" + name))

def not_under(names, what = "this"):
    """target_compatible_with for a target where sanitizers cannot run "this", or its "allocator"."""
    return select(dict(
        {_setting(name): _skip("sanitizer_cannot_run_" + what) for name in names},
        **{"//conditions:default": []}
    ))

def only_under(name):
    """target_compatible_with for a target that is for one row of SANITIZERS only."""
    return select({
        _setting(name): [],
        "//conditions:default": _skip("for_another_sanitizer"),
    })
