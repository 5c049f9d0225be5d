"""Fuzzers: a function of bytes, run by libFuzzer under --config=fuzz, else over files."""

load("//tests:defs.bzl", "TEST_COPTS")
load("//zmalloc/allocator:variants.bzl", "variant_binary", "variant_compatible_with", "variants_test")

def _corpus(name):
    return native.glob(["corpus/%s/*" % name])

def _seeds(files):
    return ["-seed_inputs=" + ",".join(["tests/fuzz/" + file for file in files])]

def zmalloc_fuzz(name, srcs, deps = [], over = None):
    """A fuzzer of the function LLVMFuzzerTestOneInput, and the test of its corpus.

    NAME is the program, over the allocator that the command line says, or with
    `over` NAME.VARIANT over each.  libFuzzer starts it with what lies in
    corpus/NAME: seeds, and every input that once found something.  NAME_corpus_test
    runs those, and is all that is left without --config=fuzz.

    Args:
      name: of the fuzzer
      srcs: C++
      deps: on top of what reads the bytes
      over: rows of VARIANTS
    """
    files = _corpus(name)
    binary = struct(
        copts = TEST_COPTS,
        data = files,
        deps = deps + [
            ":driver",
            ":input",
        ],
        srcs = srcs,
    )
    variants_test(
        name = name + "_corpus_test",
        args = ["tests/fuzz/" + file for file in files],
        copts = binary.copts,
        data = binary.data,
        once = binary.srcs,
        target_compatible_with = ["@platforms//os:linux"],
        variants = over or ["libc"],
        deps = binary.deps,
    )
    for variant in over or ["libc"]:
        variant_binary(
            name = "%s.%s" % (name, variant) if over else name,
            testonly = True,
            actual = name + "_corpus_test_binary",
            args = _seeds(files),
            tags = ["manual"],
            target_compatible_with = variant_compatible_with(variant) + select({
                ":is_fuzzing": [],
                "//conditions:default": [":only_with_config_fuzz"],
            }),
            variant = variant,
        )
