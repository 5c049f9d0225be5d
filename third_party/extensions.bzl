"""Module extensions, which declare the repositories of sources.bzl for MODULE.bazel."""

load("//platforms:host.bzl", "HOST_IN_MODULE")
load("//third_party:repositories.bzl", "DEV_SOURCES", "LIBRARY_SOURCES", "foreign_cc_repositories", "other_repositories", "source_repository")

def _sources_impl(_ctx):
    for name in LIBRARY_SOURCES:
        source_repository(name)
    other_repositories(HOST_IN_MODULE)

    # Not a bazel_dep: every build would resolve it, also without --config=foreign_cc.
    foreign_cc_repositories()

def _dev_sources_impl(_ctx):
    for name in DEV_SOURCES:
        source_repository(name)

sources = module_extension(implementation = _sources_impl)
dev_sources = module_extension(implementation = _dev_sources_impl)
