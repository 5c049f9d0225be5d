"""Tests of files that are built for one platform."""

load("//defs:configured.bzl", "configured")
load("//platforms:targets.bzl", "TARGETS")
load("//tests:defs.bzl", "plain_test")

def platform_test(name, built, platform = "", sanitizer = "", variant = "libc", data = [], env = {}, **kwargs):
    """A test, which runs here, of files that are built for a platform or a sanitizer.

    Args:
      name: of the test
      built: the files, by the environment variables that say where they are
      platform: as for //defs:configured.bzl
      sanitizer: as for //defs:configured.bzl
      variant: the allocator that it is over
      data: of the test, besides
      env: of the test, besides the platform's row
      **kwargs: of the test
    """
    env = dict(env)
    row = TARGETS.get(platform)
    if row:
        env["ZMALLOC_LIBC"] = row.libc
        env["ZMALLOC_MACHINE"] = row.cpu
        env["ZMALLOC_OS"] = row.os
        env["ZMALLOC_TRIPLE"] = row.triple
    for variable, labels in built.items():
        names = {
            "%s_of_%s" % (label.rpartition(":")[2].rpartition("/")[2], name): label
            for label in labels
        }
        for built_name, label in names.items():
            configured(
                name = built_name,
                testonly = True,
                actual = label,
                platform = platform,
                sanitizer = sanitizer,
                tags = ["manual"],
                variant = variant,
            )
        data = data + names.keys()
        env[variable] = " ".join(["$(rootpaths :%s)" % built_name for built_name in names])
    plain_test(
        name = name,
        data = data,
        env = env,
        **kwargs
    )
