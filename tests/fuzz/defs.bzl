"""Fuzzers: a function of bytes, run by libFuzzer under --config=fuzz, else over files."""

load("//defs:configured.bzl", "configured_binary")
load("//defs:variants.bzl", "variant_compatible_with")
load("//tests:defs.bzl", "variants_test")

def zmalloc_fuzz(name, deps = [], over = None):
    """A fuzzer of the function LLVMFuzzerTestOneInput, and the test of its corpus.

    NAME is the program, over libc, or with `over` NAME.VARIANT over each.  libFuzzer starts it
    with the files of corpus/NAME: seeds, and every input that once found a bug.
    NAME_corpus_test runs these files; without --config=fuzz it is the only target.

    Args:
      name: of the fuzzer, in NAME.cc
      deps: on top of the code that reads the bytes
      over: rows of VARIANTS
    """
    files = native.glob(["corpus/%s/*" % name])
    paths = ["tests/fuzz/" + file for file in files]
    variants_test(
        name = name + "_corpus_test",
        srcs = [name + ".cc"],
        args = paths,
        data = files,
        target_compatible_with = ["@platforms//os:linux"],
        variants = over or ["libc"],
        deps = deps + [
            ":driver",
            ":input",
        ],
    )
    for variant in over or ["libc"]:
        configured_binary(
            name = "%s.%s" % (name, variant) if over else name,
            testonly = True,
            actual = name + "_corpus_test_binary",
            args = ["-seed_inputs=" + ",".join(paths)],
            tags = ["manual"],
            target_compatible_with = variant_compatible_with(variant) + select({
                ":is_fuzzing": [],
                "//conditions:default": ["//platforms:only_with_config_fuzz"],
            }),
            variant = variant,
        )
