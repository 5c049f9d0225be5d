"""The table of allocators: one row is one backend of zmalloc.

A row holds all that the build knows about an allocator.  by_backend() makes every select
from the table, without a default, so a select that lacks a backend fails with the name
of that backend.  ARCHITECTURE.md says how to add a backend.
"""

load("//third_party:sources.bzl", "SOURCES")

_JEMALLOC = "//zmalloc/allocator/jemalloc:"
_LIBC = "//zmalloc/allocator/libc:"
_MIMALLOC = "//zmalloc/allocator/mimalloc:"
_TCMALLOC = "//zmalloc/allocator/tcmalloc:"

# Fields that each row gives.
_NEEDED = [
    # The target with the backend's functions (backend_library), and the allocator.
    "library",
    # File with the allocator's own calls, for tools that compare (//tools/raw).
    "raw",
    # Symbols that it alone defines in a program, for the tests.
    "symbols",
    # An environment variable, NAME=VALUE, with which programs that allocate fail, for the tests:
    # a program with more rights than its user must ignore it.  None: it reads none.
    "environment",
]

def _row(malloc, **kwargs):
    """One backend, to which this value of --malloc leads: all of _NEEDED, and fields below where they differ."""
    fields = dict(
        malloc = malloc,
        # Other settings that lead here: target of the setting, its value.
        settings = {},
        # ZMALLOC_LIB: "NAME-VERSION" as in Redis; %s stands for the chosen release.
        lib = malloc,
        # Row of third_party/sources.bzl that it is built from; None: of the system, or our own.
        source = None,
        # File with what servers ask of the allocator by its name.
        compat = "//zmalloc/allocator:no_compat.h",
        # Files, without .c and .h, with functions by the allocator's names that `compat` brings.
        compat_calls = None,
        # Whether its library is C++, so that programs in C link a C++ runtime.
        cxx = False,
        # Name of its C function `size_t f(void *)` that tells a block's usable size, with external
        # linkage; None: it has none.
        usable_size = None,
        # Statistics that it tells, members of struct zm_allocator_stats, for the tests.
        statistics = [],
        # Causes of zmalloc_report() that it tells (zm_backend_held), for the tests.
        causes = [],
        # Whether it tells how the slab of a block is used (zm_backend_slab_of), for the tests.
        knows_slabs = False,
        # Whether zmalloc_purge() can give back what is free, for the tests.
        gives_back = False,
        # Whether it tells how its slabs are used (zmalloc/defrag.h), for the tests.
        defragments = False,
        # Sanitizers, values of --sanitizer, under which it can be had; under others the
        # build takes libc.
        sanitizers = ["none"],
        # Operating systems, names of @platforms//os, where the build takes libc instead.
        not_on = [],
        # Header for zmalloc/inline.h; zmalloc.h for allocators that gain nothing by inlining.
        inline = "//zmalloc:zmalloc.h",
        # Files that its package also holds (//dist), and their folders there.
        package = {},
        # Whether it takes the place of malloc in the program.
        replaces_malloc = False,
        # Whether it can tell its blocks from others (zm_backend_owns), as //malloc needs it on macOS.
        owns = False,
        # Whether the tools that compare allocators show it beside the others.
        compared = True,
    )
    for name, value in kwargs.items():
        if name not in fields and name not in _NEEDED:
            fail("allocators.bzl: the row of %s: there is no field %s" % (malloc, name))
        fields[name] = value
    for name in _NEEDED:
        if name not in fields:
            fail("allocators.bzl: the row of %s has no %s" % (malloc, name))
    return struct(**fields)

def _jemalloc(**kwargs):
    return _row(
        malloc = "jemalloc",
        raw = _JEMALLOC + "jemalloc_raw.h",
        lib = "jemalloc-%s",
        sanitizers = ["none", "thread"],
        source = "jemalloc",
        usable_size = "je_malloc_usable_size",
        environment = "JE_MALLOC_CONF=abort_conf:true,no_such_option:1",
        statistics = ["allocated", "active", "resident", "retained", "muzzy", "frag_smallbins", "mapped"],
        causes = ["slabs", "caches", "muzzy", "metadata"],
        gives_back = True,
        compat_calls = "//zmalloc/compat:jemalloc_calls",
        defragments = True,
        package = {
            "//zmalloc/compat:jemalloc_calls.h": "include/zmalloc/compat/",
            _JEMALLOC + "headers": "include/zmalloc/compat/jemalloc/",
        },
        symbols = ["je_malloc", "je_mallctl", "je_sdallocx"],
        **kwargs
    )

def _tcmalloc(name, **kwargs):
    return _row(
        malloc = name,
        library = _TCMALLOC + name,
        raw = _TCMALLOC + "tcmalloc_raw.h",
        cxx = True,
        lib = "%s-%s" % (name, SOURCES["gperftools"].version),
        source = "gperftools",
        usable_size = "tc_malloc_size",
        environment = "TCMALLOC_HEAP_LIMIT_MB=16",
        statistics = ["allocated", "active", "resident", "retained", "mapped"],
        causes = ["slabs", "caches", "metadata"],
        knows_slabs = True,
        gives_back = True,
        owns = True,
        replaces_malloc = True,
        **kwargs
    )

# As glibc is; of other libcs the tests know what they lack.
def _libc(**kwargs):
    return _row(
        malloc = "libc",
        # The libc itself decides about its own variables.
        environment = None,
        statistics = ["allocated", "mapped"],
        gives_back = True,
        symbols = [],
        raw = _LIBC + "libc_raw.h",
        compat = _LIBC + "libc_compat.h",
        # "address" and "memory" watch only the libc's malloc.  "undefined" uses the libc's
        # malloc too, as in Redis's Makefile.
        sanitizers = ["address", "memory", "none", "thread", "undefined"],
        **kwargs
    )

BACKENDS = {
    # Our build of jemalloc, with our extension.
    "jemalloc": _jemalloc(
        library = _JEMALLOC + "jemalloc",
        inline = _JEMALLOC + "inline_calls.h",
        knows_slabs = True,
        owns = True,
        compat = _JEMALLOC + "bundled_compat.h",
    ),
    # tcmalloc does not start under ThreadSanitizer.
    "tcmalloc": _tcmalloc("tcmalloc", symbols = ["tc_malloc", "tc_free", "tc_calloc", "HeapProfilerStart"]),
    "tcmalloc_minimal": _tcmalloc("tcmalloc_minimal", symbols = ["tc_malloc", "tc_free", "tc_calloc"]),
    "mimalloc": _row(
        malloc = "mimalloc",
        library = _MIMALLOC + "mimalloc",
        raw = _MIMALLOC + "mimalloc_raw.h",
        lib = "mimalloc-%s",
        sanitizers = ["none", "thread"],
        source = "mimalloc",
        usable_size = "mi_usable_size",
        environment = "MIMALLOC_LIMIT_OS_ALLOC=1",
        statistics = ["allocated", "active", "resident", "retained", "frag_smallbins", "mapped"],
        causes = ["slabs", "metadata"],
        knows_slabs = True,
        gives_back = True,
        defragments = True,
        owns = True,
        symbols = ["mi_malloc", "mi_free", "mi_zmalloc"],
    ),
    "libc": _libc(
        library = _LIBC + "libc",
        usable_size = "malloc_usable_size",
    ),
    # jemalloc without our extension.  It places blocks as the one above does.
    "jemalloc_stock": _jemalloc(
        settings = {"//:jemalloc": "stock"},
        library = _JEMALLOC + "jemalloc_stock",
        compat = _JEMALLOC + "stock_compat.h",
        compared = False,
    ),
    # The libc's malloc with the size stored before each block.
    "libc_prefix": _libc(
        settings = {"//:malloc_size": "prefix"},
        library = _LIBC + "libc_prefix",
    ),
}

# The values of --malloc.
MALLOC_VALUES = ["auto"] + [name for name, row in BACKENDS.items() if row.malloc == name]

def by_backend(values):
    """A select on the backend of the build.

    Args:
      values: a value for each backend

    Returns:
      the select, without a default branch
    """
    for name in BACKENDS:
        if name not in values:
            fail("by_backend: no value for the allocator %s" % name)
    for name in values:
        if name not in BACKENDS:
            fail("by_backend: no allocator is called %s" % name)
    return select({
        str(Label("//zmalloc/choice:is_" + name)): value
        for name, value in values.items()
    })

def chosen_field(field):
    """A field of the row of the backend of the build, as a select."""
    return by_backend({name: getattr(row, field) for name, row in BACKENDS.items()})

def chosen_define(macro, field):
    """The defines that name a header of the chosen backend, a field of its row, for `#include MACRO`."""
    return by_backend({
        name: header_define(macro, getattr(row, field)[2:].replace(":", "/"))
        for name, row in BACKENDS.items()
    })

def lib(row, jemalloc = SOURCES["jemalloc"].version, mimalloc = SOURCES["mimalloc"].version):
    """ZMALLOC_LIB of a row, with the release of its allocator; of jemalloc that may be "system"."""
    if "%s" not in row.lib:
        return row.lib
    return row.lib % {"jemalloc": jemalloc, "mimalloc": mimalloc}[row.malloc]

def header_define(macro, header):
    """The defines that name a header, as C sources include it, for `#include MACRO`."""
    return ["%s=\\\"%s\\\"" % (macro, header)]

def possible_under(sanitizer, malloc):
    """Whether an allocator works with a value of --sanitizer; if not, the build takes libc."""
    return sanitizer in BACKENDS[malloc].sanitizers

def possible_on(system, malloc):
    """Whether an allocator works on a system, as @platforms//os names it; if not, the build takes libc."""
    return system not in BACKENDS[malloc].not_on
