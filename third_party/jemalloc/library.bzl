"""The jemalloc libraries: the one to use, and the one its tests look inside."""

load("@rules_cc//cc:cc_library.bzl", "cc_library")
load("//third_party:external.bzl", "external_folder")
load(":config.bzl", "link_options")

# -O3 in every mode: a debug build is about its own code, not the allocator's.
_COPTS = [
    "-std=gnu11",
    "-O3",
    "-funroll-loops",
    "-fvisibility=hidden",
]

# -w: the code is not ours.
COPTS = _COPTS + ["-w"]

OWN_COPTS = _COPTS + [
    "-Wall",
    "-Wextra",
]

DEFINES = [
    "_GNU_SOURCE",
    "_REENTRANT",
]

# Headers that the target does not have.
DEPS = select({
    "@zmalloc//platforms:macos": ["@zmalloc//third_party/jemalloc:macos_headers"],
    "//conditions:default": [],
})

def include_flags(folders, flag = "-I"):
    """Include paths for copts: `includes` would hand them on to dependents.

    Args:
      folders: folders of the calling repository, of sources or generated
      flag: -isystem for headers that are not free of warnings

    Returns:
      flags
    """
    root = external_folder() + "/"
    return [flag + base + folder for folder in folders for base in [root, "$(GENDIR)/" + root]]

def jemalloc_library(name, srcs, internal_hdrs, own = False, deps = [], **kwargs):
    """A cc_library of sources that include jemalloc's internal headers.

    Args:
      name: the target's name
      srcs: sources
      internal_hdrs: the headers they include
      own: whether the sources are ours, not jemalloc's
      deps: libraries
      **kwargs: passed on
    """
    cc_library(
        name = name,
        srcs = srcs + internal_hdrs,
        copts = (OWN_COPTS if own else COPTS) + include_flags([
            "include",
            "configured/include",
        ], "-isystem" if own else "-I"),
        linkopts = link_options(),
        linkstatic = True,
        local_defines = DEFINES + kwargs.pop("local_defines", []),
        deps = deps + DEPS,
        **kwargs
    )
