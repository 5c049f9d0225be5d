"""The repository rule that fetches all sources of the table.

It looks first into Bazel's repository cache and `--distdir`.  Then it tries the upstream
URLs, then the Debian mirror of this machine's apt, or the registry of its npm.  The bytes
must have the right sha256, wherever they come from.
"""

_HELP = """cannot fetch {name} {version}.

Tried, in this order:
{tried}
To supply it by hand, put {file} (sha256 {sha256})
into a folder DIR and add --distdir=DIR to the command."""

def _basename(url):
    return url.split("/")[-1]

def _debian_mirror(ctx):
    """URLs of the Debian source file, or the reason why there are none."""
    if not ctx.attr.debian:
        return [], "not packaged by Debian"
    package, file = ctx.attr.debian
    apt = ctx.which("apt-get")
    if not apt:
        return [], "this machine has no apt"

    # apt prints 'URL' FILE SIZE HASH of the .deb, whose folder or pool has the source file.  This
    # needs neither root nor a deb-src line.
    found = ctx.execute([apt, "download", "--print-uris", package], timeout = 60)
    urls = []
    for line in found.stdout.splitlines():
        if line.startswith("'") and "://" in line:
            url = line[1:line.index("'", 1)]
            folder = url.partition("/pool/")[0] + "/pool" if "/" in file else url.rpartition("/")[0]
            urls.append(folder + "/" + file)
    if not urls:
        return [], "apt knows no package %s (run `apt-get update` as root once)" % package
    return urls, ""

def _npm_registry(ctx):
    """URLs of the npm package, or the reason why there are none."""
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
    """The places to try, as tuples: place, URLs, why there are none, archive.

    An archive is its sha256, its strip_prefix, and its name in `--distdir`.  That is Debian's name
    if there is one: upstream's is often no more than v1.2.tar.gz.
    """
    debian_name = _basename((ctx.attr.debian or [""])[-1])
    own = (
        ctx.attr.sha256,
        ctx.attr.strip_prefix,
        ("" if ctx.attr.debian_sha256 else debian_name) or ctx.attr.file or _basename(ctx.attr.urls[0]),
    )
    attempts = [("upstream", ctx.attr.urls, "", own)] if ctx.attr.urls else []
    if ctx.attr.npm_package:
        return attempts + [("this machine's npm registry",) + _npm_registry(ctx) + (own,)]
    debian = (ctx.attr.debian_sha256, ctx.attr.debian_strip_prefix, debian_name) if ctx.attr.debian_sha256 else own
    return attempts + [("this machine's Debian mirror",) + _debian_mirror(ctx) + (debian,)]

def _fetch(ctx):
    attempts = _attempts(ctx)

    # One download for all URLs of the same bytes, so that the cache is asked only once.
    by_archive = {}
    for _, urls, _, archive in attempts:
        by_archive.setdefault(archive, []).extend(urls)
    for (sha256, strip_prefix, name), urls in by_archive.items():
        # Without any URL, Bazel still looks into the cache and --distdir.
        urls = urls or ["file:///nonexistent"]
        archive = "archive/" + name
        if ctx.download(urls, output = archive, sha256 = sha256, allow_fail = True).success:
            ctx.extract(archive, stripPrefix = strip_prefix)
            ctx.delete("archive")
            return
    fail(_HELP.format(
        name = ctx.attr.source,
        version = ctx.attr.version,
        tried = "".join([
            "  %s: %s\n" % (where, url)
            for where, urls, why_not, _ in attempts
            for url in (urls or ["skipped, " + why_not])
        ]),
        file = attempts[0][-1][-1],
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
    doc = "Fetches a row of sources.bzl and adds our BUILD file.",
    attrs = {
        "additions": attr.label_keyed_string_dict(
            allow_files = True,
            doc = "our own files, and the paths that each gets in the repository",
        ),
        "debian": attr.string_list(doc = "a package, and the source file in its folder or below its pool/"),
        "debian_sha256": attr.string(),
        "debian_strip_prefix": attr.string(),
        "file": attr.string(doc = "the archive's name, if neither a URL nor Debian tells it"),
        "npm_package": attr.string(),
        "overlay": attr.label(allow_single_file = True),
        "removals": attr.string_list(doc = "files and folders of the archive to remove"),
        "sha256": attr.string(mandatory = True),
        "source": attr.string(mandatory = True),
        "strip_prefix": attr.string(),
        "urls": attr.string_list(),
        "version": attr.string(mandatory = True),
    },
)
