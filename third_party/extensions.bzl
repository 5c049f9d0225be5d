"""Module extensions: the same table of sources for MODULE.bazel."""

load("//platforms:host.bzl", "HOST_IN_MODULE")
load(
    "//third_party:repositories.bzl",
    "DEV_SOURCES",
    "LIBRARY_SOURCES",
    "foreign_cc_sources",
    "other_repositories",
    "source_repository",
)
load("//third_party/foreign_cc:repositories.bzl", "bazel_features_repository")

def _sources_impl(_ctx):
    for name in LIBRARY_SOURCES:
        source_repository(name)
    other_repositories(HOST_IN_MODULE)
    foreign_cc_sources()

    # No bazel_dep: that is resolved by every build, asked for or not.
    source_repository("rules_foreign_cc")
    bazel_features_repository(name = "bazel_features")

def _dev_sources_impl(_ctx):
    for name in DEV_SOURCES:
        source_repository(name)

sources = module_extension(implementation = _sources_impl)
dev_sources = module_extension(implementation = _dev_sources_impl)
