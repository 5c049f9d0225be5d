"""Every combination that the settings can express: what is built, and what cannot be.

A combination is a place, which is a platform or this machine with a sanitizer,
a variant of zmalloc, and a mode of compilation.
"""

load("//platforms:targets.bzl", "TARGETS")
load("//platforms/clang:sanitizers.bzl", "SANITIZERS")
load("//zmalloc/allocator:allocators.bzl", "possible_under")
load("//zmalloc/allocator:variants.bzl", "VARIANTS", "variant_settings")
load(":combination.bzl", "HOST", "MODES", "combination")

_MALLOC = str(Label("//:malloc"))

def _place(compiler, tested, platform = HOST, sanitizer = ""):
    return struct(
        compiler = compiler,
        platform = platform,
        sanitizer = sanitizer,
        tested = tested,
    )

def _tested(row):
    if row.os != "linux":
        return "built"
    return "qemu" if row.emulator else "tested"

# A line of the report each.
#   tested  how .ci/run --all tests it on an x86_64 Linux machine: "tested" by
#           itself, in "qemu", or not at all, being only "built"
PLACES = {"this machine": _place("its own", "tested")}

PLACES.update({
    name: _place("Clang", "tested", sanitizer = name)
    for name in SANITIZERS
})

PLACES.update({
    name: _place(
        {"clang": "Clang", "zig": "Zig"}[row.compiler],
        _tested(row),
        platform = name,
    )
    for name, row in TARGETS.items()
})

# Their repositories say whether there is one, and if not, why.
NEEDS_SYSROOT = [name for name, row in TARGETS.items() if row.os == "freebsd"]

def possible(place, variant):
    """Whether there is such a combination; else libc is taken, which is another."""
    malloc = variant_settings(variant)[_MALLOC]
    return not place.sanitizer or possible_under(SANITIZERS[place.sanitizer].setting, malloc)

def matrix(name, actual, visibility):
    """Builds `actual` for every combination.

    Args:
      name: of the target that is all of them; NAME.MODE is those of one mode,
        NAME.PLACE.VARIANT.MODE is one
      actual: what to build
      visibility: of them
    """
    combinations = {
        ".".join([name, line.replace(" ", "_"), variant, mode]): struct(place = place, variant = variant, mode = mode)
        for line, place in PLACES.items()
        for variant in VARIANTS
        for mode in MODES
        if possible(place, variant)
    }
    for label, combined in combinations.items():
        combination(
            name = label,
            actual = actual,
            mode = combined.mode,
            platform = combined.place.platform,
            sanitizer = combined.place.sanitizer,
            tags = ["manual"],
            variant = combined.variant,
            visibility = visibility,
        )
    for mode in MODES:
        labels = {
            label: combined.place.platform
            for label, combined in combinations.items()
            if combined.mode == mode
        }
        srcs = [label for label, platform in labels.items() if platform not in NEEDS_SYSROOT]
        for needy in NEEDS_SYSROOT:
            srcs += select({
                "@%s//:available" % needy: [label for label, platform in labels.items() if platform == needy],
                "//conditions:default": ["@%s//:why_not" % needy],
            })
        native.filegroup(
            name = "%s.%s" % (name, mode),
            srcs = srcs,
            tags = ["manual"],
            visibility = visibility,
        )
    native.filegroup(
        name = name,
        srcs = ["%s.%s" % (name, mode) for mode in MODES],
        tags = ["manual"],
        visibility = visibility,
    )
