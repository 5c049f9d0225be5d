"""The table of all combinations, as Markdown."""

load("//defs:configured.bzl", "MODES")
load("//defs:variants.bzl", "VARIANTS")
load(":matrix.bzl", "PLACES", "possible")

_HEADINGS = ["built for", "compiler"] + VARIANTS.keys()

def _status(line, variant):
    place = PLACES[line]
    return place.tested if possible(place, variant) else "-"

def _rows():
    """The lines of the table, with columns of one width."""
    table = [_HEADINGS] + [
        [line, PLACES[line].compiler] + [_status(line, variant) for variant in VARIANTS]
        for line in PLACES
    ]

    # print_report.sh may put "skipped" into a cell.
    widths = [max([len("skipped")] + [len(row[i]) for row in table]) for i in range(len(_HEADINGS))]
    table.insert(1, ["-" * width for width in widths])
    return [
        "| %s |" % " | ".join([row[i] + " " * (widths[i] - len(row[i])) for i in range(len(widths))])
        for row in table
    ]

_LEGEND = [
    "- **tested**: built, and .ci/run --all runs its tests, in fastbuild.",
    "- **qemu**: built, and .ci/run --all runs its tests under qemu-user.",
    "- **built**: built, and no more: not all of it can be run here.",
    "- **-**: not possible, libc is taken: asan and msan watch no malloc but the " +
    "libc's; ubsan goes with it, as in Redis's Makefile; tcmalloc does not start under tsan.",
]

def _count():
    combinations = len([1 for place in PLACES.values() for variant in VARIANTS if possible(place, variant)])
    return "%d combinations, each in %s: %d builds of the library where nothing is skipped." % (
        combinations,
        " and ".join([", ".join(MODES[:-1]), MODES[-1]]),
        combinations * len(MODES),
    )

REPORT = [""] + _rows() + [""] + _LEGEND + ["", _count(), "", ""]
