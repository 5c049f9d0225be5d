"""Where a repository is, and which one."""

def external_folder():
    """The folder of the repository whose BUILD file calls this.

    Returns:
      external/NAME, whatever NAME the version of Bazel gives to it
    """

    # Bazel 4 has no repo_name; later versions will remove repository_name.
    if hasattr(native, "repo_name"):
        return "external/" + native.repo_name()
    return "external/" + native.repository_name().lstrip("@")

def source_name():
    """The name in sources.bzl of the repository whose BUILD file calls this.

    Returns:
      a string; a build of another kind has a suffix
    """

    # Bzlmod adds names before it: zmalloc~0.1.0~sources~jemalloc.
    return external_folder().replace("+", "~").replace("/", "~").split("~")[-1]
