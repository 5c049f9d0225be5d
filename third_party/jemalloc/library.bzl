"""The jemalloc libraries: the one to use, and the one its tests look inside."""

load("@rules_cc//cc:cc_library.bzl", "cc_library")
load(":config.bzl", "link_options")

# -O3 in every mode: a debug build is about its own code, not the allocator's.
# -w: the code is not ours.
COPTS = [
    "-std=gnu11",
    "-O3",
    "-funroll-loops",
    "-fvisibility=hidden",
    "-w",
]

DEFINES = [
    "_GNU_SOURCE",
    "_REENTRANT",
]

def include_flags(folders):
    """Include paths for copts: `includes` would hand them on to dependents.

    Args:
      folders: folders of the calling repository, of sources or generated

    Returns:
      flags
    """
    root = "external/" + native.repository_name().lstrip("@") + "/"
    return ["-I%s%s" % (base, folder) for folder in folders for base in [root, "$(GENDIR)/" + root]]

def jemalloc_library(name, srcs, internal_hdrs, **kwargs):
    """A cc_library of jemalloc sources.

    Args:
      name: the target's name
      srcs: sources, jemalloc's and such as see its internals
      internal_hdrs: the headers they include
      **kwargs: passed on
    """
    cc_library(
        name = name,
        srcs = srcs + internal_hdrs,
        copts = COPTS + include_flags([
            "include",
            "configured/include",
        ]),
        linkopts = link_options(),
        linkstatic = True,
        local_defines = DEFINES + kwargs.pop("local_defines", []),
        **kwargs
    )
