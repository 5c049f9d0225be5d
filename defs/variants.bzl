"""The variants of zmalloc that tests and tools build side by side.

A variant is a backend and the settings that choose it, which are in the backend's row
of //zmalloc/allocator:allocators.bzl.
"""

load("//platforms/clang:sanitizers.bzl", "SANITIZERS", "not_under")
load("//zmalloc/allocator:allocators.bzl", "BACKENDS", "possible_under")

# The settings, named so that they are found from any workspace.
_FAILING = str(Label("//zmalloc/choice:failing_calls"))
_MALLOC = str(Label("//:malloc"))

# The values of the settings that a variant does not set.
_DEFAULTS = {
    _FAILING: False,
    _MALLOC: "auto",
    str(Label("//:jemalloc")): "bundled",
    str(Label("//:malloc_size")): "auto",
}

# Name of the variant: the settings that choose it.
VARIANTS = {
    name: dict(
        {str(Label(setting)): value for setting, value in row.settings.items()},
        **{_MALLOC: row.malloc}
    )
    for name, row in BACKENDS.items()
}

# Only for tests: variants with the libc's calls, which the tests can make fail.
FAILING_VARIANTS = {
    name + "_failing": dict(settings, **{_FAILING: True})
    for name, settings in VARIANTS.items()
    if settings[_MALLOC] == "libc"
}

# For tests of --guard: built with it even when the command line does not set it.
GUARDED_VARIANTS = {
    name + "_guarded": settings
    for name, settings in VARIANTS.items()
}

ALL_VARIANTS = dict(dict(VARIANTS, **FAILING_VARIANTS), **GUARDED_VARIANTS)

# The variants that tools compare.
COMPARED = [name for name, row in BACKENDS.items() if row.compared]

def variant_settings(variant = None):
    """The value of each setting of a row of ALL_VARIANTS; without a row, of the default settings."""
    return dict(_DEFAULTS, **(ALL_VARIANTS[variant] if variant else {}))

def variant_possible_under(setting, variant):
    """Whether a variant's allocator works under a value of --sanitizer; if not, the build takes libc."""
    return possible_under(setting, ALL_VARIANTS[variant][_MALLOC])

def variant_compatible_with(variant):
    """target_compatible_with for a target that is of no use where the build takes libc for the variant."""
    under_sanitizers = not_under([
        name
        for name, row in SANITIZERS.items()
        if not variant_possible_under(row.setting, variant)
    ], "allocator")
    return under_sanitizers + select(dict({
        "@platforms//os:" + system: [Label("//platforms:system_without_allocator")]
        for system in BACKENDS[ALL_VARIANTS[variant][_MALLOC]].not_on
    }, **{"//conditions:default": []}))

def _config_line(name):
    # What a backend of the same --malloc sets as well.
    settings = {
        setting: True
        for row in BACKENDS.values()
        if row.malloc == BACKENDS[name].malloc
        for setting in row.settings
    }
    values = variant_settings(name)
    flags = ["--%s=%s" % (Label(setting).name, values[str(Label(setting))]) for setting in ["//:malloc"] + list(settings)]
    return "build:%s %s" % (name, " ".join(flags))

# The lines of .bazelrc that follow from the table.
VARIANTS_BAZELRC = [_config_line(name) for name in VARIANTS] + [""]
