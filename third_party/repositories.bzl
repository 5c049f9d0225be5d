"""Declares the repositories of third_party/sources.bzl."""

load("//platforms:host.bzl", "HOST_IN_WORKSPACE", "host_platform")
load("//platforms/clang:repository.bzl", "clang_repository")
load("//third_party:bazel4.bzl", "bazel4_repositories")
load("//third_party:source_archive.bzl", "source_archive")
load("//third_party:sources.bzl", "SOURCES")
load("//third_party/foreign_cc:repositories.bzl", "bazel_features_repository", "foreign_cc_toolchains_repository")
load("//third_party/freebsd:sysroot.bzl", "freebsd_sysroots")
load("//third_party/jemalloc:releases.bzl", "JEMALLOC_BUILDS", "JEMALLOC_RELEASES")

# What building the library or the tools can ask for; nothing is fetched unasked.
LIBRARY_SOURCES = ["bzip2", "gperftools", "libcxx", "zig"] + JEMALLOC_RELEASES.values()

# What only our own tests and benchmarks ask for.
DEV_SOURCES = ["benchmark", "buildifier", "googletest", "redis", "redis_upstream"]

# What comes in another way than the table's archives; nor is that fetched unasked.
OTHER_REPOSITORIES = ["clang", "freebsd_arm64", "freebsd_x86_64", "zmalloc_host"]

# The same archives, each with a BUILD file that has its configure and make called.
FOREIGN_CC_SOURCES = {
    repository + JEMALLOC_BUILDS["foreign_cc"]: struct(
        row = repository,
        overlay = "//third_party/jemalloc:foreign_cc.BUILD.bazel",
    )
    for repository in JEMALLOC_RELEASES.values()
}

FOREIGN_CC_SOURCES["gperftools_foreign_cc"] = struct(
    row = "gperftools",
    overlay = "//third_party/gperftools:foreign_cc.BUILD.bazel",
)

# What rules_foreign_cc is and needs, in a module.
FOREIGN_CC_REPOSITORIES = FOREIGN_CC_SOURCES.keys() + ["foreign_cc_toolchains", "rules_foreign_cc"]

def source_repository(name, row = None, overlay = None, **kwargs):
    """Declares the repository of one row of the table.

    Args:
      name: of the repository
      row: the row, unless it is of the same name
      overlay: in place of the row's
      **kwargs: of all repository rules
    """
    row = SOURCES[row or name]
    overlay = overlay or row.overlay
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
        overlay = Label(overlay) if overlay else None,
        removals = getattr(row, "removals", []),
        **kwargs
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

def foreign_cc_sources():
    """Declares the repositories of FOREIGN_CC_SOURCES."""
    for name, source in FOREIGN_CC_SOURCES.items():
        source_repository(name, row = source.row, overlay = source.overlay)
    foreign_cc_toolchains_repository(name = "foreign_cc_toolchains")

def _foreign_cc():
    """Declares all of it, lazily: WORKSPACE loads nothing of it, and registers nothing."""
    if native.existing_rule("foreign_cc_toolchains"):
        return
    foreign_cc_sources()
    if not native.existing_rule("rules_foreign_cc"):
        # Debian's builds of Bazel do not tell their version; this came with Bazel 6.
        bazel6 = hasattr(native, "repo_name")
        source_repository(
            "rules_foreign_cc",
            row = None if bazel6 else "rules_foreign_cc_bazel4",
            # The real one may well be declared after us.
            repo_mapping = {"@bazel_features": "@zmalloc_bazel_features"},
        )
        bazel_features_repository(name = "zmalloc_bazel_features")

def zmalloc_dependencies():
    """For WORKSPACE: what the library and the tools need."""
    bazel4_repositories()
    _declare(["bazel_skylib"] + LIBRARY_SOURCES)
    other_repositories(HOST_IN_WORKSPACE, native.existing_rules())
    _foreign_cc()

def zmalloc_dev_dependencies():
    """For WORKSPACE: what our tests and benchmarks need on top of it."""
    _declare(DEV_SOURCES)
