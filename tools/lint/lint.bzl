"""Static analysis of our own C and C++ files, one action each: see lint.sh.

An aspect, for `bazel build --config=lint`: what a file is compiled with is known
here, and a file that did not change is not looked at again.
"""

load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")

LintInfo = provider(
    doc = "What was said about files.",
    fields = {"reports": "depset of files"},
)

_EXTENSIONS = ["c", "cc"]

def _is_ours(file):
    return file.is_source and file.extension in _EXTENSIONS and not file.owner.workspace_name

def _arguments(ctx, context):
    """What tells how to read a file; not what is for one compiler alone."""
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
        executable = ctx.file._one,
        arguments = [arguments],
        inputs = depset([config, ctx.file._one] + sources, transitive = [context.headers]),
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

        # A program's own says nothing.
        context = cc_common.merge_cc_infos(cc_infos = [
            dep[CcInfo]
            for dep in [target] + ctx.rule.attr.deps
            if CcInfo in dep
        ]).compilation_context
        reports = [_report(ctx, file, context, sources) for file in sources if _is_ours(file)]
    elif hasattr(ctx.rule.attr, "actual") and "first_variant" in ctx.rule.attr.tags:
        transitive = [dep[LintInfo].reports for dep in ctx.rule.attr.actual if LintInfo in dep]
    elif type(getattr(ctx.rule.attr, "dep", None)) == type([]):
        # What is compiled once for all variants; others' is read with theirs.
        transitive = [
            dep[LintInfo].reports
            for dep in ctx.rule.attr.dep
            if LintInfo in dep and dep.label.package == target.label.package
        ]
    found = depset(reports, transitive = transitive)
    return [LintInfo(reports = found), OutputGroupInfo(lint = found)]

lint = aspect(
    implementation = _lint_impl,
    attr_aspects = ["actual", "dep"],
    attrs = {
        "_config": attr.label(default = "//:.clang-tidy", allow_single_file = True),
        "_one": attr.label(default = "//tools/lint:one.sh", allow_single_file = True),
        "_test_config": attr.label(default = "//tests:.clang-tidy", allow_single_file = True),
        "_tools": attr.label(default = "//tools/lint:tools"),
    },
)

def _script_impl(ctx):
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = executable, target_file = ctx.file.src, is_executable = True)
    return [DefaultInfo(executable = executable, runfiles = ctx.runfiles([executable] + ctx.files.data))]

script = rule(
    implementation = _script_impl,
    doc = "A script, or another file, to be run.",
    attrs = {
        "data": attr.label_list(allow_files = True),
        "src": attr.label(allow_single_file = True, mandatory = True),
    },
    executable = True,
)
