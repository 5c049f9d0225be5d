"""Declares the repositories of third_party/sources.bzl."""

load("//platforms:host.bzl", "HOST_IN_WORKSPACE", "host_platform")
load("//platforms:targets.bzl", "NEEDS_SYSROOT")
load("//platforms/clang:repository.bzl", "clang_repository")
load("//third_party:bazel4.bzl", "bazel4_repositories")
load("//third_party:source_archive.bzl", "source_archive")
load("//third_party:sources.bzl", "SERVERS", "SOURCES")
load("//third_party:stand_in.bzl", "stand_in_repository")
load("//third_party/jemalloc:releases.bzl", "JEMALLOC_BUILDS", "JEMALLOC_RELEASES")
load("//third_party/sysroot:sysroot.bzl", "sysroot")

# Sources for the library and the tools.  Bazel fetches only those that a build needs.
LIBRARY_SOURCES = ["bzip2", "d3", "d3_flame_graph", "libcxx", "uplot", "zig"] + [
    name
    for name, row in SOURCES.items()
    if row.part == "library"
]

# Sources that only our tests and benchmarks need.
DEV_SOURCES = ["benchmark", "buildifier", "googletest"] + [
    server + build
    for server in SERVERS
    for build in ["", "_upstream"]
]

# Repositories that are not archives of the table.  Bazel fetches only those that a build needs.
OTHER_REPOSITORIES = ["clang", "zmalloc_host"] + NEEDS_SYSROOT

# The rows that get a second repository, with a BUILD file that calls the archive's own
# configure and make.
_FOREIGN_CC = ["gperftools"] + JEMALLOC_RELEASES.values()

# The repositories of rules_foreign_cc and for it, in a module.
FOREIGN_CC_REPOSITORIES = [name + JEMALLOC_BUILDS["foreign_cc"] for name in _FOREIGN_CC] + [
    "foreign_cc_toolchains",
    "rules_foreign_cc",
]

# A BUILD file that loads rules_foreign_cc; BUILD files of this workspace must not do so.
_FOREIGN_CC_TOOLCHAINS = """
load("@zmalloc//third_party/foreign_cc:toolchains.bzl", "foreign_cc_toolchains")

foreign_cc_toolchains()
"""

# rules_foreign_cc asks bazel_features about Bazel before it looks for shared libraries in
# its deps.  We have no shared libraries, so this answer is enough.
_BAZEL_FEATURES = "bazel_features = struct(globals = struct(CcSharedLibraryInfo = None))\n"

def source_repository(name, row = None, overlay = None, **kwargs):
    """Declares the repository of one row of the table.

    Args:
      name: the name of the repository
      row: the name of the row, if it differs from the repository's
      overlay: a BUILD file that replaces the row's
      **kwargs: attributes of all repository rules
    """
    archive = dict(SOURCES[row or name].archive, **kwargs)
    own_overlay = archive.pop("overlay")
    overlay = overlay or own_overlay
    source_archive(
        name = name,
        additions = {Label(file): paths for file, paths in archive.pop("additions", {}).items()},
        overlay = Label(overlay) if overlay else None,
        source = name,
        **archive
    )

def other_repositories(host, declared = {}):
    """Declares OTHER_REPOSITORIES.

    Args:
      host: the label of the platform that Bazel runs on
      declared: names of repositories that exist already
    """
    if "clang" not in declared:
        clang_repository(name = "clang")
    for name in NEEDS_SYSROOT:
        if name not in declared:
            sysroot(name = name, target = name)
    if "zmalloc_host" not in declared:
        host_platform(name = "zmalloc_host", platform = host)

def _declare(names):
    for name in names:
        if not native.existing_rule(name):
            source_repository(name)

def foreign_cc_repositories(row = "rules_foreign_cc", declared = {}, features = "bazel_features", **kwargs):
    """Declares FOREIGN_CC_REPOSITORIES and a stand-in for bazel_features.

    Args:
      row: the row of rules_foreign_cc
      declared: names of repositories that exist already
      features: the name of the stand-in
      **kwargs: attributes of rules_foreign_cc's repository
    """
    if "foreign_cc_toolchains" in declared:
        return
    for name in _FOREIGN_CC:
        folder = "jemalloc" if name in JEMALLOC_RELEASES.values() else name
        source_repository(
            name + JEMALLOC_BUILDS["foreign_cc"],
            overlay = "//third_party/%s:foreign_cc.BUILD.bazel" % folder,
            row = name,
        )
    stand_in_repository(
        name = "foreign_cc_toolchains",
        files = {"BUILD.bazel": _FOREIGN_CC_TOOLCHAINS},
    )
    if "rules_foreign_cc" not in declared:
        stand_in_repository(
            name = features,
            files = {"BUILD.bazel": "", "features.bzl": _BAZEL_FEATURES},
        )
        source_repository("rules_foreign_cc", row = row, **kwargs)

def zmalloc_dependencies():
    """For WORKSPACE: declares the repositories that the library and the tools need."""
    bazel4_repositories()
    _declare(["bazel_skylib"] + LIBRARY_SOURCES)
    declared = native.existing_rules()
    other_repositories(HOST_IN_WORKSPACE, declared)

    # Debian's builds of Bazel do not tell their version; repo_name exists from Bazel 6 on.
    bazel6 = hasattr(native, "repo_name")
    foreign_cc_repositories(
        row = "rules_foreign_cc" if bazel6 else "rules_foreign_cc_bazel4",
        declared = declared,
        # The workspace may declare the real bazel_features after this.
        features = "zmalloc_bazel_features",
        repo_mapping = {"@bazel_features": "@zmalloc_bazel_features"},
    )

def zmalloc_dev_dependencies():
    """For WORKSPACE: declares further repositories, for our tests and benchmarks."""
    _declare(DEV_SOURCES)
