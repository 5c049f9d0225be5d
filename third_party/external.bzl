"""Where a repository is, and which one."""

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
