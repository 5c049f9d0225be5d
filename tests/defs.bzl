"""How tests are written here."""

load("@rules_cc//cc:cc_binary.bzl", "cc_binary")
load("@rules_cc//cc:cc_library.bzl", "cc_library")
load("@rules_cc//cc:cc_test.bzl", "cc_test")
load("//defs:configured.bzl", "configured_test", "for_all_variants", "library_for_all_variants")
load("//defs:variants.bzl", "VARIANTS", "variant_compatible_with")
load("//platforms/clang:sanitizers.bzl", "SANITIZERS", "not_under")
load("//zmalloc/allocator:allocators.bzl", "BACKENDS")

# Our own C++ is clean under both GCC and Clang.
TEST_COPTS = [
    "-std=c++17",
    "-Wall",
    "-Wextra",
]

# target_compatible_with of tests that no sanitizer can run; that also need this machine's own compiler
# and tools; and that unwind stacks.
NO_SANITIZER = not_under(SANITIZERS)
HERE = ["//platforms:host_toolchain"] + NO_SANITIZER
HAS_BACKTRACE = select({
    "//zmalloc/features:HAVE_BACKTRACE": [],
    "//conditions:default": ["//platforms:libc_with_backtrace"],
})

def _strings(words):
    return ",".join(['\\"%s\\"' % word for word in words])

def variant_defines(row):
    """What variant.cc is told of a row of BACKENDS, as local_defines."""
    others = {symbol: True for other in BACKENDS.values() for symbol in other.symbols if symbol not in row.symbols}
    return [
        "CAUSES=" + _strings(row.causes),
        "DEFRAGMENTS=" + str(row.defragments).lower(),
        "ENVIRONMENT=" + _strings([row.environment or ""]),
        "GIVES_BACK=" + str(row.gives_back).lower(),
        "KNOWS_SLABS=" + str(row.knows_slabs).lower(),
        "OTHER_SYMBOLS=" + _strings(others),
        "REPLACES_MALLOC=" + str(row.replaces_malloc).lower(),
        "SOURCE=" + _strings([row.source or ""]),
        "STATISTICS=" + _strings(row.statistics),
        "SYMBOLS=" + _strings(row.symbols),
    ] + (["USABLE_SIZE=" + row.usable_size] if row.usable_size else [])

def plain_test(name, srcs = None, hdrs = [], copts = [], deps = [], size = "small", **kwargs):
    """A GoogleTest of code that does not depend on the allocator; NAME.cc if no srcs are given, with the hdrs."""
    cc_test(
        name = name,
        size = size,
        srcs = ([name + ".cc"] if srcs == None else srcs) + hdrs,
        copts = TEST_COPTS + copts,
        # A library may be linked twice: as it is, and as built for all variants.
        linkstatic = True,
        deps = deps + ["//tests:environment"],
        **kwargs
    )

def test_library(name, srcs = None, hdrs = None, copts = [], **kwargs):
    """C++ for tests, without the allocator: NAME.cc and NAME.h if no srcs and hdrs are given."""
    library_for_all_variants(
        name = name,
        testonly = True,
        srcs = [name + ".cc"] if srcs == None else srcs,
        hdrs = [name + ".h"] if hdrs == None else hdrs,
        copts = TEST_COPTS + copts,
        linkstatic = True,
        **kwargs
    )

def objects_for_all_variants(name, srcs, copts = [], deps = [], **kwargs):
    """C++ that is compiled once for all variants, and adds only its own code to a binary.

    tests/for_all_variants.h keeps it from using anything in which the headers of variants differ;
    tests/variant.h tells it at run time which variant it runs over.

    Args:
      name: of the target that the binary depends on, besides the `deps`
      srcs: C++
      copts: on top of TEST_COPTS
      deps: to compile it with
      **kwargs: as for cc_library
    """
    cc_library(
        name = name + "_library",
        testonly = True,
        srcs = srcs,
        copts = TEST_COPTS + copts + ["-include", "tests/for_all_variants.h"],
        linkstatic = True,
        tags = ["manual"],
        deps = deps + ["//tests:for_all_variants"],
        alwayslink = True,
        **kwargs
    )
    for_all_variants(
        name = name,
        testonly = True,
        actual = name + "_library",
        alone = True,
    )

def variants_test(
        name,
        srcs = None,
        hdrs = [],
        variant_srcs = [],
        variants = VARIANTS,
        again = {},
        copts = [],
        data = [],
        deps = [],
        linkopts = [],
        malloc = None,
        env = {},
        size = "small",
        tags = [],
        suite_tags = [],
        target_compatible_with = [],
        visibility = None,
        **kwargs):
    """A program with main(), as a test over every variant: NAME.VARIANT, and NAME for all.

    Args:
      name: of the test suite; NAME_binary is the program
      srcs: C++ that is compiled once for all variants (objects_for_all_variants); NAME.cc if none are given
      hdrs: headers of the srcs
      variant_srcs: C++ that is compiled for each variant
      variants: the rows of ALL_VARIANTS to stamp it for
      again: further suites of the same program, with more `env` or `target_compatible_with`, or other
        `variants`
      copts: on top of TEST_COPTS
      data: of the binary
      deps: of the binary
      linkopts: of the binary
      malloc: of the binary, if not the C library's
      env: environment of the tests; ZMALLOC_VARIANT is the variant's name
      size: of the tests
      tags: of the tests
      suite_tags: of the test suite: "manual" if //tests/... must not build what a tag leaves out
      target_compatible_with: of the tests, besides the variant's
      visibility: of the binary
      **kwargs: of the tests
    """
    srcs = [name + ".cc"] if srcs == None else srcs
    if srcs:
        objects_for_all_variants(name + "_objects", srcs + hdrs, copts, deps)
    cc_binary(
        name = name + "_binary",
        testonly = True,
        srcs = variant_srcs,
        copts = TEST_COPTS + copts,
        data = data,
        linkopts = linkopts,
        tags = ["manual"],
        visibility = visibility,
        deps = ([name + "_objects"] if srcs else []) + deps,
        **({"malloc": malloc} if malloc else {})
    )
    for suite, more in dict({name: {}}, **again).items():
        tests = {"%s.%s" % (suite, variant): variant for variant in more.get("variants", variants)}
        for test, variant in tests.items():
            configured_test(
                name = test,
                size = size,
                actual = name + "_binary",
                env = dict(env, **dict(more.get("env", {}), ZMALLOC_VARIANT = variant)),
                # //tools/lint reads the binary of the first variant, for all of them.
                tags = tags + (["first_variant"] if suite == name and test == tests.keys()[0] else []),
                target_compatible_with = target_compatible_with + more.get("target_compatible_with", []) +
                                         variant_compatible_with(variant),
                variant = variant,
                **kwargs
            )
        native.test_suite(
            name = suite,
            tags = suite_tags,
            tests = tests.keys(),
        )

def zmalloc_test(name, deps = [], **kwargs):
    """A variants_test over //zmalloc, with GoogleTest and //tests:support."""
    variants_test(name, deps = deps + ["//tests:support"], **kwargs)
