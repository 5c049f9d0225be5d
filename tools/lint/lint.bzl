"""Static analysis of our own C and C++ files, one action each: see lint.sh.

An aspect, for `bazel build --config=lint`: it knows how each file is compiled, and Bazel does not
lint a file again that did not change.
"""

load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")

LintInfo = provider(
    doc = "What the linters reported about files.",
    fields = {"reports": "depset of files"},
)

_EXTENSIONS = ["c", "cc"]

def _is_ours(file):
    return file.is_source and file.extension in _EXTENSIONS and not file.owner.workspace_root

def _arguments(ctx, context):
    """The compiler options that tell how to read a file; none that only one compiler knows."""
    attributes = ctx.rule.attr
    local_defines = [define.replace("\\\"", "\"") for define in attributes.local_defines]
    arguments = [
        option.replace("$(BINDIR)", ctx.bin_dir.path)
        for option in attributes.copts
        if not option.startswith("-W") and not option.startswith("-f")
    ] + ["-iquote", ".", "-iquote", ctx.bin_dir.path] + ["-D" + define for define in context.defines.to_list() + local_defines]
    for flag, folders in [
        ("-iquote", context.quote_includes),
        ("-I", context.includes),
        ("-isystem", context.system_includes),
    ]:
        for folder in folders.to_list():
            arguments += [flag, folder]
    return arguments

def _report(ctx, file, context, sources):
    report = ctx.actions.declare_file("%s.%s.lint" % (ctx.label.name, file.path.replace("/", "_")))
    config = ctx.file._test_config if file.path.startswith("tests/") else ctx.file._config
    arguments = ctx.actions.args()
    arguments.add_all([ctx.attr._tools[BuildSettingInfo].value, config, report, file])
    arguments.add_all(_arguments(ctx, context))
    ctx.actions.run(
        executable = ctx.file._lint_file,
        arguments = [arguments],
        inputs = depset([config, ctx.file._lint_file] + sources, transitive = [context.headers]),
        outputs = [report],
        mnemonic = "Lint",
        progress_message = "Reading " + file.path,
        use_default_shell_env = True,
    )
    return report

def _lint_impl(target, ctx):
    reports = []
    transitive = []
    if ctx.rule.kind in ["cc_binary", "cc_library", "cc_test"] and CcInfo in target:
        sources = [file for src in ctx.rule.attr.srcs for file in src.files.to_list()]

        # The program itself has no context.
        context = cc_common.merge_cc_infos(cc_infos = [
            dep[CcInfo]
            for dep in [target] + ctx.rule.attr.deps
            if CcInfo in dep
        ]).compilation_context
        reports = [_report(ctx, file, context, sources) for file in sources if _is_ours(file)]
    elif ctx.rule.kind == "configured" or "first_variant" in ctx.rule.attr.tags:
        # A target of another package is read with that package.
        transitive = [
            dep[LintInfo].reports
            for dep in ctx.rule.attr.actual
            if LintInfo in dep and dep.label.package == target.label.package
        ]
    found = depset(reports, transitive = transitive)
    return [LintInfo(reports = found), OutputGroupInfo(lint = found)]

lint = aspect(
    implementation = _lint_impl,
    attr_aspects = ["actual"],
    attrs = {
        "_config": attr.label(default = "//:.clang-tidy", allow_single_file = True),
        "_lint_file": attr.label(default = "//tools/lint:lint_file.sh", allow_single_file = True),
        "_test_config": attr.label(default = "//tests:.clang-tidy", allow_single_file = True),
        "_tools": attr.label(default = "//tools/lint:tools"),
    },
)
