"""The macro by which the folders beside this file declare their backends."""

load("//zmalloc:library.bzl", "zmalloc_library")
load(":allocators.bzl", "header_define")

def backend_library(name, header, srcs, hdrs = [], deps = [], **kwargs):
    """A backend: its header defines the inline functions of the contract, backend.h, and srcs the others."""
    zmalloc_library(
        name = name,
        srcs = srcs,
        hdrs = hdrs + [header],
        defines = header_define("ZM_BACKEND_HEADER", "%s/%s" % (native.package_name(), header)),
        deps = deps + [Label("//zmalloc/allocator:backend")],
        **kwargs
    )
