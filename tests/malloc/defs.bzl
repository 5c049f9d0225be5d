"""Tests of malloc and its like, where these are zmalloc's."""

load("//defs:variants.bzl", "COMPARED", "GUARDED_VARIANTS", "VARIANTS", "variant_compatible_with")
load("//tests:defs.bzl", "NO_SANITIZER", "plain_test", "variants_test")

# Where //malloc is.
MALLOC = ["@platforms//os:linux"] + NO_SANITIZER

# A pair of malloc and free must not be optimised away.
MALLOC_COPTS = ["-fno-builtin"]

# Clang before 19 has no sized delete unless it is told.
MALLOC_CXXOPTS = MALLOC_COPTS + ["-fsized-deallocation"]

def malloc_test(name, data = [], env = {}, linkopts = [], preload = "", deps = [], constraints = [], **kwargs):
    """NAME over //malloc as the program's malloc, and preloaded_NAME with a library preloaded.

    Args:
      name: of the test, in NAME.cc
      data: of both
      env: of both
      linkopts: of both
      preload: another library for both to preload
      deps: of both
      constraints: of the platform, besides MALLOC
      **kwargs: of both
    """
    common = dict(kwargs, copts = MALLOC_CXXOPTS, linkopts = ["-ldl"] + linkopts, size = "medium")
    variants_test(
        name = name,
        data = data,
        env = dict(env, ZMALLOC_TEST_PRELOAD = preload),
        malloc = "//malloc",
        target_compatible_with = MALLOC + constraints,
        variants = VARIANTS.keys() + GUARDED_VARIANTS.keys(),
        deps = deps + ["//tests:environment"],
        **common
    )
    for variant in COMPARED:
        plain_test(
            name = "preloaded_%s.%s" % (name, variant),
            srcs = [name + ".cc"],
            data = data + ["//malloc:preload_" + variant],
            env = dict(
                env,
                ZMALLOC_TEST_PRELOAD = "malloc/libzmalloc_%s.so %s" % (variant, preload),
                ZMALLOC_VARIANT = variant,
            ),
            target_compatible_with = MALLOC + variant_compatible_with(variant) +
                                     {name: None for name in constraints + ["//platforms:default_libc"]}.keys(),
            deps = deps,
            **common
        )
