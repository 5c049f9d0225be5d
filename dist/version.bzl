"""The version of packages.  //tests/dist checks that it is the one in MODULE.bazel."""

VERSION = "0.1.0"

# The version of the shared library's binary interface: a program that was linked with
# another version does not start with this library.
ABI = "0"
