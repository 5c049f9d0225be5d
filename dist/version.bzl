"""The version that packages have: MODULE.bazel's, as //tests/dist checks."""

VERSION = "0.1.0"

# Of the shared library's interface: programs that were linked with another do not
# start with it.
ABI = "0"
