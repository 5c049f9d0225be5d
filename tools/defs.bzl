"""How the parts of tools are declared."""

load("@rules_cc//cc:cc_library.bzl", "cc_library")
load(":copts.bzl", "TOOL_COPTS")

def tool_library(name, srcs = None, hdrs = None, **kwargs):
    """A cc_library of a tool's C; of NAME.c and NAME.h if neither srcs nor hdrs are given."""
    is_pair = srcs == None and hdrs == None
    cc_library(
        name = name,
        srcs = [name + ".c"] if is_pair else srcs,
        hdrs = [name + ".h"] if is_pair else hdrs,
        copts = TOOL_COPTS,
        **kwargs
    )
