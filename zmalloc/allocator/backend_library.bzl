"""The macro by which the folders beside this file declare their backends."""

load("//zmalloc:library.bzl", "zmalloc_library")
load(":allocators.bzl", "header_define")

def backend_library(name, header, srcs, hdrs = [], deps = [], **kwargs):
    """A backend: implements the contract of backend.h.

    Args:
      name: the target's name, as in the allocator's row
      header: file of this package that defines the inline functions of the contract
      srcs: files that define the other functions
      hdrs: other headers
      deps: the allocator and other libraries
      **kwargs: as for cc_library
    """
    zmalloc_library(
        name = name,
        srcs = srcs,
        hdrs = hdrs + [header],
        defines = header_define("ZM_BACKEND_HEADER", "%s/%s" % (native.package_name(), header)),
        deps = deps + [Label("//zmalloc/allocator:backend")],
        **kwargs
    )
