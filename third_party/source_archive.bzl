"""The one repository rule through which sources come.

It tries the upstream URLs, then the Debian mirror that this machine's own apt
is configured for, then the registry that its npm is configured for.  The sha256
decides whether the bytes are right, wherever they come from; Bazel's repository
cache and `--distdir` are looked at first.
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

def _npm_registry(ctx):
    """URLs of the npm package, and why there are none."""
    package = "%s@%s" % (ctx.attr.npm_package, ctx.attr.version)
    npm = ctx.which("npm")
    if not npm:
        return [], "this machine has no npm to ask for %s (Debian package npm)" % package
    found = ctx.execute([npm, "view", package, "dist.tarball"], timeout = 120)
    url = found.stdout.strip()
    if found.return_code or "://" not in url:
        return [], "npm finds no " + package
    return [url], ""

def _attempts(ctx):
    """The places to try, as structs of where, urls, sha256, strip_prefix, why_not."""
    attempts = []
    if ctx.attr.urls:
        attempts.append(struct(
            where = "upstream",
            urls = ctx.attr.urls,
            sha256 = ctx.attr.sha256,
            strip_prefix = ctx.attr.strip_prefix,
            why_not = "",
        ))
    if ctx.attr.npm_package:
        urls, why_not = _npm_registry(ctx)
        attempts.append(struct(
            where = "this machine's npm registry",
            urls = urls,
            sha256 = ctx.attr.sha256,
            strip_prefix = ctx.attr.strip_prefix,
            why_not = why_not,
        ))
    else:
        urls, why_not = _debian_mirror(ctx)
        attempts.append(struct(
            where = "this machine's Debian mirror",
            urls = urls,
            sha256 = ctx.attr.debian_sha256 or ctx.attr.sha256,
            strip_prefix = ctx.attr.debian_strip_prefix or ctx.attr.strip_prefix,
            why_not = why_not,
        ))
    return attempts

def _joined(attempts):
    """The same, with one attempt for the same bytes, so that the cache is asked just once."""
    by_content = {}
    for attempt in attempts:
        by_content.setdefault((attempt.sha256, attempt.strip_prefix), []).extend(attempt.urls)
    return by_content

def _fetch(ctx):
    attempts = _attempts(ctx)
    for (sha256, strip_prefix), urls in _joined(attempts).items():
        # With no place to ask, still the caches and --distdir are.
        urls = urls or ["file:///nonexistent/" + ctx.attr.file]
        archive = "archive/" + _basename(urls[0])
        got = ctx.download(urls, output = archive, sha256 = sha256, allow_fail = True)
        if got.success:
            ctx.extract(archive, stripPrefix = strip_prefix)
            ctx.delete("archive")
            return
    tried = "".join([
        "  %s: %s\n" % (attempt.where, url)
        for attempt in attempts
        for url in (attempt.urls or ["skipped, " + attempt.why_not])
    ])
    fail(_HELP.format(
        name = ctx.attr.source,
        version = ctx.attr.version,
        tried = tried,
        file = _basename((ctx.attr.urls or [ctx.attr.file])[0]),
        sha256 = ctx.attr.sha256,
    ))

def _source_archive_impl(ctx):
    _fetch(ctx)
    if ctx.attr.overlay:
        for stale in ["BUILD", "BUILD.bazel", "WORKSPACE", "WORKSPACE.bazel", "MODULE.bazel"]:
            ctx.delete(stale)
        ctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % ctx.attr.source)
        ctx.symlink(ctx.attr.overlay, "BUILD.bazel")
    for path in ctx.attr.removals:
        ctx.delete(path)
    for file, paths in ctx.attr.additions.items():
        for path in paths.split(" "):
            ctx.symlink(file, path)

source_archive = repository_rule(
    implementation = _source_archive_impl,
    doc = "Fetches a row of sources.bzl and lays our BUILD file over it.",
    attrs = {
        "additions": attr.label_keyed_string_dict(
            allow_files = True,
            doc = "files of ours, and the paths that each gets in the repository",
        ),
        "debian_file": attr.string(),
        "debian_package": attr.string(),
        "debian_sha256": attr.string(),
        "debian_strip_prefix": attr.string(),
        "file": attr.string(doc = "what the archive is called, where there are no URLs"),
        "npm_package": attr.string(),
        "overlay": attr.label(allow_single_file = True),
        "removals": attr.string_list(doc = "files and folders of the archive to do without"),
        "sha256": attr.string(mandatory = True),
        "source": attr.string(mandatory = True),
        "strip_prefix": attr.string(),
        "urls": attr.string_list(),
        "version": attr.string(mandatory = True),
    },
)
