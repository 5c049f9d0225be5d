"""For BUILD files of other repositories: where they are, which one, and headers of ours."""

# What zmalloc's hot calls include of ours; an allocator's repository compiles them.
CORE_HEADERS = [
    "@zmalloc//zmalloc/core:%s_header" % name
    for name in ["accounting", "early", "oom", "sampled", "traces", "zones"]
]

def external_folder():
    """The folder of the repository whose BUILD file calls this: external/NAME, by Bazel's own NAME for it."""

    # Bazel 4 has no repo_name; later versions will remove repository_name.
    if hasattr(native, "repo_name"):
        return "external/" + native.repo_name()
    return "external/" + native.repository_name().lstrip("@")

def source_name():
    """The name in sources.bzl of the repository whose BUILD file calls this; with its suffix, if it has one."""

    # Bzlmod adds names before it: zmalloc~0.1.0~sources~jemalloc.
    return external_folder().replace("+", "~").replace("/", "~").split("~")[-1]
