"""The one repository rule through which sources come.

It tries the upstream URLs, then the Debian mirror that this machine's own apt
is configured for.  The sha256 decides whether the bytes are right, wherever
they come from; Bazel's repository cache and `--distdir` are looked at first.
"""

_HELP = """cannot fetch {name} {version}.

Tried, in this order:
{tried}
To supply it by hand, put {file} (sha256 {sha256})
into a folder DIR and add --distdir=DIR to the command."""

def _basename(url):
    return url.split("/")[-1]

def _debian_mirror(ctx):
    """URLs of the Debian source file, and why there are none."""
    if not ctx.attr.debian_file:
        return [], "not packaged by Debian"
    apt = ctx.which("apt-get")
    if not apt:
        return [], "this machine has no apt"

    # Prints 'URL' FILE SIZE HASH of the .deb; the source lies beside it.
    # Needs neither root nor a deb-src line.
    found = ctx.execute([apt, "download", "--print-uris", ctx.attr.debian_package], timeout = 60)
    urls = []
    for line in found.stdout.splitlines():
        if line.startswith("'") and "://" in line:
            folder = line[1:line.index("'", 1)].rpartition("/")[0]
            urls.append(folder + "/" + ctx.attr.debian_file)
    if not urls:
        return [], "apt knows no package %s (run `apt-get update` as root once)" % ctx.attr.debian_package
    return urls, ""

def _attempts(ctx):
    """The places to try, as structs of where, urls, sha256, strip_prefix."""
    mirrors, why_not = _debian_mirror(ctx)
    return [
        struct(
            where = "upstream",
            urls = ctx.attr.urls,
            sha256 = ctx.attr.sha256,
            strip_prefix = ctx.attr.strip_prefix,
            why_not = "",
        ),
        struct(
            where = "this machine's Debian mirror",
            urls = mirrors,
            sha256 = ctx.attr.debian_sha256 or ctx.attr.sha256,
            strip_prefix = ctx.attr.debian_strip_prefix or ctx.attr.strip_prefix,
            why_not = why_not,
        ),
    ]

def _fetch(ctx):
    attempts = _attempts(ctx)

    # Same bytes everywhere: one call, so that the cache is asked just once.
    if attempts[0].sha256 == attempts[1].sha256:
        joined = [struct(
            where = "upstream, then this machine's Debian mirror",
            urls = attempts[0].urls + attempts[1].urls,
            sha256 = attempts[0].sha256,
            strip_prefix = attempts[0].strip_prefix,
        )]
    else:
        joined = attempts
    for attempt in joined:
        if not attempt.urls:
            continue
        got = ctx.download(
            attempt.urls,
            output = "archive/" + _basename(attempt.urls[0]),
            sha256 = attempt.sha256,
            allow_fail = True,
        )
        if got.success:
            ctx.extract("archive/" + _basename(attempt.urls[0]), stripPrefix = attempt.strip_prefix)
            ctx.delete("archive")
            return
    tried = "".join([
        "  %s: %s\n" % (a.where, url)
        for a in attempts
        for url in (a.urls or ["skipped, " + a.why_not])
    ])
    fail(_HELP.format(
        name = ctx.attr.source,
        version = ctx.attr.version,
        tried = tried,
        file = _basename(ctx.attr.urls[0]),
        sha256 = ctx.attr.sha256,
    ))

def _source_archive_impl(ctx):
    _fetch(ctx)
    if ctx.attr.overlay:
        for stale in ["BUILD", "BUILD.bazel", "WORKSPACE", "WORKSPACE.bazel", "MODULE.bazel"]:
            ctx.delete(stale)
        ctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % ctx.attr.source)
        ctx.symlink(ctx.attr.overlay, "BUILD.bazel")

source_archive = repository_rule(
    implementation = _source_archive_impl,
    doc = "Fetches a row of sources.bzl and lays our BUILD file over it.",
    attrs = {
        "debian_file": attr.string(),
        "debian_package": attr.string(),
        "debian_sha256": attr.string(),
        "debian_strip_prefix": attr.string(),
        "overlay": attr.label(allow_single_file = True),
        "sha256": attr.string(mandatory = True),
        "source": attr.string(mandatory = True),
        "strip_prefix": attr.string(),
        "urls": attr.string_list(mandatory = True),
        "version": attr.string(mandatory = True),
    },
)
