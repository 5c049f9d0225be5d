"""The releases of mimalloc in sources.bzl."""

load("//third_party:external.bzl", "source_name")
load("//third_party:sources.bzl", "SOURCES", "releases_of")

# Version to repository; --mimalloc_version takes the versions.
MIMALLOC_RELEASES = releases_of("mimalloc")

MIMALLOC_DEFAULT = SOURCES["mimalloc"].version

def has_internals():
    """Whether our files know the internal headers of the release whose BUILD file calls this."""
    return bool(SOURCES[source_name()].internals)
