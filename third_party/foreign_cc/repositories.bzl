"""The small repositories that go with rules_foreign_cc; see library.bzl."""

# It asks this one what Bazel is, before it looks at shared libraries among its
# deps: we have none.
_FEATURES = "bazel_features = struct(globals = struct(CcSharedLibraryInfo = None))\n"

def _bazel_features_impl(ctx):
    ctx.file("WORKSPACE", "")
    ctx.file("BUILD.bazel", "exports_files([\"features.bzl\"])\n")
    ctx.file("features.bzl", _FEATURES)

bazel_features_repository = repository_rule(
    implementation = _bazel_features_impl,
    doc = "Stands in for bazel_features, which rules_foreign_cc 0.12 loads.",
)

def _toolchains_impl(ctx):
    ctx.file("WORKSPACE", "")
    ctx.symlink(Label("//third_party/foreign_cc:toolchains.BUILD.bazel"), "BUILD.bazel")

foreign_cc_toolchains_repository = repository_rule(
    implementation = _toolchains_impl,
    doc = "The package that toolchains.BUILD.bazel is.",
)
