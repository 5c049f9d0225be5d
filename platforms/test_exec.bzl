"""Where tests run."""

# Arguments of rule() for each test rule.  A test rule without an exec group "test" of its own is,
# from Bazel 9, an error where no machine of the build has every constraint of the target's platform.
# Ours have one that no machine has (//platforms:toolchain), and programs of other CPUs run under
# qemu.  With an empty group of that name a test runs where it always did: on the first platform for
# actions.  Bazel 4 has such groups only as an experiment, and no repo_name.  cc_test has a group
# of its own.
TEST_RULE = dict(
    test = True,
    **({"exec_groups": {"test": exec_group()}} if hasattr(native, "repo_name") else {})
)
