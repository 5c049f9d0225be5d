"""The releases of jemalloc in sources.bzl."""

load("//third_party:external.bzl", "external_folder")
load("//third_party:sources.bzl", "SOURCES")

# Version to repository; --jemalloc_version takes the versions.
JEMALLOC_RELEASES = {
    row.version: name
    for name, row in SOURCES.items()
    if name == "jemalloc" or name.startswith("jemalloc_")
}

# Values of --jemalloc_build, and what each puts behind a repository's name.
JEMALLOC_BUILDS = {
    "foreign_cc": "_foreign_cc",
    "native": "",
}

JEMALLOC_DEFAULT = SOURCES["jemalloc"].version

def this_release():
    """The release whose repository's BUILD file calls this.

    Returns:
      its row of SOURCES
    """

    # Modules put their own names before it: zmalloc~0.1.0~sources~jemalloc.
    canonical = external_folder().rpartition("/")[2].replace("+", "~")
    name = canonical.split("~")[-1]
    foreign_cc = JEMALLOC_BUILDS["foreign_cc"]
    return SOURCES[name[:-len(foreign_cc)] if name.endswith(foreign_cc) else name]
