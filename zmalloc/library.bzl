"""The macro that compiles the library's own C."""

load("@rules_cc//cc:cc_library.bzl", "cc_library")
load("//defs:configured.bzl", "library_for_all_variants")
load(":copts.bzl", "ZMALLOC_COPTS")

def zmalloc_library(name, copts = [], for_all_variants = False, **kwargs):
    """A cc_library of our own C.  It is linked statically, because its symbols are hidden.

    Args:
      name: the target's name
      copts: flags besides ZMALLOC_COPTS
      for_all_variants: whether it does not depend on the allocator, and so is compiled once
      **kwargs: as for cc_library
    """
    rule = library_for_all_variants if for_all_variants else cc_library
    rule(
        name = name,
        copts = ZMALLOC_COPTS + copts,
        linkstatic = True,
        **kwargs
    )
