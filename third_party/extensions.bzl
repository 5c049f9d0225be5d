"""Module extensions: the same table of sources for MODULE.bazel."""

load("//platforms/clang:repository.bzl", "clang_repository")
load("//third_party:repositories.bzl", "DEV_SOURCES", "LIBRARY_SOURCES", "source_repository")
load("//third_party/freebsd:sysroot.bzl", "freebsd_sysroots")

def _sources_impl(_ctx):
    for name in LIBRARY_SOURCES:
        source_repository(name)
    clang_repository(name = "clang")
    freebsd_sysroots()

def _dev_sources_impl(_ctx):
    for name in DEV_SOURCES:
        source_repository(name)

sources = module_extension(implementation = _sources_impl)
dev_sources = module_extension(implementation = _dev_sources_impl)
