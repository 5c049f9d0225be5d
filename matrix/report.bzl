"""The table of all combinations, as text and as Markdown."""

load("//defs:configured.bzl", "MODES")
load("//defs:variants.bzl", "VARIANTS")
load(":matrix.bzl", "PLACES", "possible")

_HEADINGS = ["built for", "compiler"] + VARIANTS.keys()

def _status(line, variant):
    place = PLACES[line]
    return place.tested if possible(place, variant) else "-"

def _rows():
    return [
        [line, PLACES[line].compiler] + [_status(line, variant) for variant in VARIANTS]
        for line in PLACES
    ]

def _legend(bold):
    return [
        bold + "tested" + bold + ": built, and .ci/run --all runs its tests, in fastbuild.",
        bold + "qemu" + bold + ": built, and .ci/run --all runs its tests under qemu-user.",
        bold + "built" + bold + ": built, and no more: not all of it can be run here.",
        bold + "-" + bold + ": not possible, libc is taken: asan and msan watch no malloc but the " +
        "libc's; ubsan goes with it, as in Redis's Makefile; tcmalloc does not start under tsan.",
    ]

def _count():
    combinations = len([1 for place in PLACES.values() for variant in VARIANTS if possible(place, variant)])
    return "%d combinations, each in %s: %d builds of the library where nothing is skipped." % (
        combinations,
        " and ".join([", ".join(MODES[:-1]), MODES[-1]]),
        combinations * len(MODES),
    )

def _padded(cell, width):
    return cell + " " * (width - len(cell))

def _text():
    table = [_HEADINGS] + _rows()
    widths = [max([len(row[i]) for row in table]) for i in range(len(_HEADINGS))]
    lines = [
        "  ".join([_padded(row[i], widths[i]) for i in range(len(widths))]).rstrip()
        for row in table
    ]
    return lines + [""] + _legend("") + [_count()]

def _markdown():
    lines = ["| " + " | ".join(row) + " |" for row in [_HEADINGS] + _rows()]
    lines.insert(1, "|" + "---|" * len(_HEADINGS))
    return [""] + lines + [""] + ["- " + line for line in _legend("**")] + ["", _count(), ""]

def _report_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name)
    lines = _markdown() if ctx.attr.markdown else _text()
    ctx.actions.write(out, "".join([line + "\n" for line in lines]))
    return [DefaultInfo(files = depset([out]))]

report = rule(
    implementation = _report_impl,
    doc = "The table, which is the same on every machine.",
    attrs = {"markdown": attr.bool()},
)
