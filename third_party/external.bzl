"""Where the files of a repository are, seen from where compilers run."""

def external_folder():
    """The folder of the repository whose BUILD file calls this.

    Returns:
      external/NAME, whatever NAME the version of Bazel gives to it
    """

    # Bazel 4 has no repo_name; later ones are to lose repository_name.
    if hasattr(native, "repo_name"):
        return "external/" + native.repo_name()
    return "external/" + native.repository_name().lstrip("@")
