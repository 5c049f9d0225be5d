"""The test of one shared library."""

load("@rules_cc//cc:cc_test.bzl", "cc_test")

def shared_library_test(name, os, libc, **kwargs):
    """Looks into the shared library of a package, the target shared_library.NAME.

    Args:
      name: the test is shared_library_test.NAME
      os: that it is for, as in //platforms:targets.bzl
      libc: that it is for, as there
      **kwargs: of the test
    """
    cc_test(
        name = "shared_library_test." + name,
        size = "small",
        data = [
            ":shared_library." + name,
            "//zmalloc:headers",
        ],
        env = {
            "ZMALLOC_HEADERS": "$(rootpaths //zmalloc:headers)",
            "ZMALLOC_LIBC": libc,
            "ZMALLOC_OS": os,
            "ZMALLOC_SHARED": "$(rootpath :shared_library.%s)" % name,
        },
        deps = [":shared_library_tests"],
        **kwargs
    )
