"""What any configure is told besides its own options."""

load("//platforms:targets.bzl", "TARGETS")

_SYSTEMS = {
    ("freebsd", "default_libc"): "unknown-freebsd14",
    ("linux", "default_libc"): "linux-gnu",
    ("linux", "musl"): "linux-musl",
    ("osx", "default_libc"): "apple-darwin20",
}

def cross_options():
    """--host and --build for platforms with a compiler of ours, as a select().

    Even where their programs run on this machine: configure is not to run them,
    and to find out about this machine what is asked about another.  For others the
    machine is what is built for.

    Returns:
      a list
    """
    options = {
        "@zmalloc//third_party/foreign_cc:cross_" + name: [
            # Any other name than the host's will do.
            "--build=x86_64-build-linux-gnu",
            "--host=%s-%s" % (row.cpu, _SYSTEMS[(row.os, row.libc)]),
        ]
        for name, row in TARGETS.items()
    }
    options["//conditions:default"] = []
    return select(options)

def reproducible_copts():
    """Compiler flags that keep the folder of the build out of the objects."""
    return ["-ffile-prefix-map=$$EXT_BUILD_ROOT$$=."] + select({
        "@zmalloc//third_party/foreign_cc:dbg": ["-g"],
        # configure asks for debugging information, Bazel for none.
        "//conditions:default": ["-g0"],
    })

# Of Zig's toolchain: a file by its relative path.
FEATURES = ["-link_with"]

# As many as there are CPUs, also where there is no nproc.
MAKE_ARGS = ["-j$(getconf _NPROCESSORS_ONLN)"]
