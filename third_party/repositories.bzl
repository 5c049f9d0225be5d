"""Declares the repositories of third_party/sources.bzl."""

load("//platforms:host.bzl", "HOST_IN_WORKSPACE", "host_platform")
load("//platforms/clang:repository.bzl", "clang_repository")
load("//third_party:bazel4.bzl", "bazel4_repositories")
load("//third_party:source_archive.bzl", "source_archive")
load("//third_party:sources.bzl", "SOURCES")
load("//third_party/freebsd:sysroot.bzl", "freebsd_sysroots")
load("//third_party/jemalloc:releases.bzl", "JEMALLOC_RELEASES")

# What building the library or the tools can ask for; nothing is fetched unasked.
LIBRARY_SOURCES = ["bzip2", "gperftools", "libcxx", "zig"] + JEMALLOC_RELEASES.values()

# What only our own tests and benchmarks ask for.
DEV_SOURCES = ["benchmark", "googletest", "redis", "redis_upstream"]

# What comes in another way than the table's archives; nor is that fetched unasked.
OTHER_REPOSITORIES = ["clang", "freebsd_arm64", "freebsd_x86_64", "zmalloc_host"]

def source_repository(name):
    """Declares the repository of one row of the table."""
    row = SOURCES[name]
    debian = row.debian
    source_archive(
        name = name,
        source = name,
        version = row.version,
        sha256 = row.sha256,
        strip_prefix = row.strip_prefix,
        urls = row.urls,
        debian_package = debian.package if debian else "",
        debian_file = debian.file if debian else "",
        debian_sha256 = getattr(debian, "sha256", ""),
        debian_strip_prefix = getattr(debian, "strip_prefix", ""),
        additions = {Label(file): paths for file, paths in getattr(row, "additions", {}).items()},
        file = getattr(row, "file", ""),
        npm_package = getattr(row, "npm_package", ""),
        overlay = Label(row.overlay) if row.overlay else None,
        removals = getattr(row, "removals", []),
    )

def other_repositories(host, declared = {}):
    """Declares OTHER_REPOSITORIES.

    Args:
      host: a label of the platform that Bazel runs on
      declared: names that are taken
    """
    if "clang" not in declared:
        clang_repository(name = "clang")
    if "freebsd_x86_64" not in declared:
        freebsd_sysroots()
    if "zmalloc_host" not in declared:
        host_platform(name = "zmalloc_host", platform = host)

def _declare(names):
    for name in names:
        if not native.existing_rule(name):
            source_repository(name)

def zmalloc_dependencies():
    """For WORKSPACE: what the library and the tools need."""
    bazel4_repositories()
    _declare(["bazel_skylib"] + LIBRARY_SOURCES)
    other_repositories(HOST_IN_WORKSPACE, native.existing_rules())

def zmalloc_dev_dependencies():
    """For WORKSPACE: what our tests and benchmarks need on top of it."""
    _declare(DEV_SOURCES)
