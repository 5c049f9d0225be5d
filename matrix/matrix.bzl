"""All combinations of the settings: those that can be built, and those that cannot.

A combination has a place (a platform, or this machine with a sanitizer), a variant
of zmalloc, and a compilation mode.
"""

load("//defs:configured.bzl", "HOST", "MODES", "configured")
load("//defs:variants.bzl", "VARIANTS", "variant_possible_under")
load("//platforms:targets.bzl", "NEEDS_SYSROOT", "TARGETS")
load("//platforms/clang:sanitizers.bzl", "SANITIZERS")
load("//zmalloc/allocator:allocators.bzl", "BACKENDS", "possible_on")

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

# Each place is a line of the report.
#   tested  how .ci/run --all tests it on an x86_64 Linux machine: "tested" runs the tests
#           directly, "qemu" runs them under qemu, "built" runs no tests
PLACES = {"this machine": _place("its own", "tested")}

PLACES.update({
    name: _place("Clang", "tested", sanitizer = name)
    for name in SANITIZERS
})

PLACES.update({
    name: _place(row.compiler.capitalize(), _tested(row), platform = name)
    for name, row in TARGETS.items()
})

def possible(place, variant):
    """Whether this combination exists.  If not, the build takes libc, another combination."""
    if place.sanitizer:
        return variant_possible_under(SANITIZERS[place.sanitizer].setting, variant)
    return place.platform == HOST or possible_on(TARGETS[place.platform].os, BACKENDS[variant].malloc)

def matrix(name, actual, visibility):
    """Builds `actual` for every combination.

    Args:
      name: the target of all combinations; NAME.MODE has those of one mode,
        NAME.PLACE.VARIANT.MODE is one combination
      actual: the target to build
      visibility: visibility of these targets
    """
    combinations = {
        ".".join([name, line.replace(" ", "_"), variant, mode]): struct(place = place, variant = variant, mode = mode)
        for line, place in PLACES.items()
        for variant in VARIANTS
        for mode in MODES
        if possible(place, variant)
    }
    for label, combined in combinations.items():
        configured(
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

        # The platform's repository says whether there is a sysroot, and if not, why.
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
