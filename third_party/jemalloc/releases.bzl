"""The releases of jemalloc in sources.bzl."""

load("//third_party:external.bzl", "source_name")
load("//third_party:sources.bzl", "SOURCES", "releases_of")
load("//zmalloc/allocator:allocators.bzl", "header_define")

# Version to repository; --jemalloc_version takes the versions.
JEMALLOC_RELEASES = releases_of("jemalloc")

# Values of --jemalloc_build, and the suffix that each adds to a repository's name.
JEMALLOC_BUILDS = {
    "foreign_cc": "_foreign_cc",
    "native": "",
}

JEMALLOC_DEFAULT = SOURCES["jemalloc"].version

def this_release():
    """The row of SOURCES with the release of the repository whose BUILD file calls this."""
    name = source_name()
    foreign_cc = JEMALLOC_BUILDS["foreign_cc"]
    return SOURCES[name[:-len(foreign_cc)] if name.endswith(foreign_cc) else name]

def release_define(release):
    """Defines the name of our header for a release: zmalloc/allocator/jemalloc/inside/release_*.h."""
    return header_define(
        "ZM_JEMALLOC_RELEASE_HEADER",
        "zmalloc/allocator/jemalloc/inside/release_%s.h" % release.internals.replace(".", "_"),
    )
