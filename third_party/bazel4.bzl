"""What Bazel 4 takes for granted and would fetch, as small local stand-ins.

Bazel 4.2.3, as Debian packages it, has its rules built in, yet its own tools
load them from rules_cc, rules_java and rules_proto.  Each stand-in hands on
what is built in under the names that later versions use.
"""

_RULES = {
    "rules_cc": {
        "cc": ["cc_binary", "cc_import", "cc_library", "cc_proto_library", "cc_test", "cc_toolchain", "cc_toolchain_suite", "objc_library"],
        "cc/toolchains": ["cc_toolchain", "cc_toolchain_suite"],
    },
    "rules_java": {
        "java": ["java_binary", "java_import", "java_library", "java_plugin", "java_proto_library", "java_runtime", "java_test", "java_toolchain"],
    },
    "rules_proto": {
        "proto": ["proto_lang_toolchain", "proto_library"],
    },
}

# What rules_cc has besides rules: the file, where it is in Bazel 4, and names there.
_RULES_CC = {
    "cc/action_names": ("@bazel_tools//tools/build_defs/cc:action_names.bzl", [
        "ACTION_NAMES",
        "CPP_COMPILE_ACTION_NAME",
        "CPP_LINK_DYNAMIC_LIBRARY_ACTION_NAME",
        "CPP_LINK_EXECUTABLE_ACTION_NAME",
        "CPP_LINK_STATIC_LIBRARY_ACTION_NAME",
        "C_COMPILE_ACTION_NAME",
    ]),
    "cc/cc_toolchain_config_lib": ("@bazel_tools//tools/cpp:cc_toolchain_config_lib.bzl", [
        "action_config",
        "artifact_name_pattern",
        "env_entry",
        "env_set",
        "feature",
        "feature_set",
        "flag_group",
        "flag_set",
        "make_variable",
        "tool",
        "tool_path",
        "variable_with_value",
        "with_feature_set",
    ]),
    "cc/common/cc_common": ("//:native.bzl", ["cc_common"]),
    "cc/common/cc_info": ("//:native.bzl", ["CcInfo"]),
    "cc/find_cc_toolchain": ("//:native.bzl", [
        "find_cc_toolchain",
        "use_cc_toolchain",
    ]),
    "cc/toolchains/cc_toolchain_config_info": ("//:native.bzl", ["CcToolchainConfigInfo"]),
}

# Names with a _: a file cannot define cc_common by the global of that name.
_NATIVE = """
load("@bazel_tools//tools/cpp:toolchain_utils.bzl", _find_cpp_toolchain = "find_cpp_toolchain")

CcInfo_ = CcInfo
CcToolchainConfigInfo_ = CcToolchainConfigInfo
cc_common_ = cc_common
find_cc_toolchain_ = _find_cpp_toolchain

def use_cc_toolchain_(mandatory = False):
    return ["@bazel_tools//tools/cpp:toolchain_type"]
"""

_CURRENT_CC_TOOLCHAIN = """
alias(
    name = "current_cc_toolchain",
    actual = "@bazel_tools//tools/cpp:current_cc_toolchain",
    visibility = ["//visibility:public"],
)
"""

# Bazel asks for these two with every test, coverage or not.
_COVERAGE = """
package(default_visibility = ["//visibility:public"])

filegroup(name = "coverage_report_generator")

filegroup(name = "lcov_merger")
"""

def _hand_on(rule):
    return "def {0}(**kwargs):\n    native.{0}(**kwargs)\n".format(rule)

def _hand_on_loaded(source, names):
    suffix = "_" if source == "//:native.bzl" else ""
    return "".join([
        "load(\"{0}\", _{1} = \"{1}{2}\")\n".format(source, name, suffix)
        for name in names
    ] + ["{0} = _{0}\n".format(name) for name in names])

def _rules_cc(ctx):
    ctx.file("BUILD.bazel", "")
    ctx.file("native.bzl", _NATIVE)
    ctx.file("cc/common/BUILD.bazel", "")
    for file, (source, names) in _RULES_CC.items():
        ctx.file(file + ".bzl", _hand_on_loaded(source, names))

def _native_rules_impl(ctx):
    repository = ctx.attr.source
    ctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % repository)
    if repository == "rules_cc":
        _rules_cc(ctx)
    for folder, rules in _RULES[repository].items():
        build = "exports_files(glob([\"*.bzl\"]))\n"
        ctx.file(folder + "/BUILD.bazel", build + (_CURRENT_CC_TOOLCHAIN if folder == "cc" else ""))
        for rule in rules:
            ctx.file("%s/%s.bzl" % (folder, rule), _hand_on(rule))
        ctx.file(folder + "/defs.bzl", "\n".join([_hand_on(rule) for rule in rules]))

_native_rules = repository_rule(
    implementation = _native_rules_impl,
    attrs = {"source": attr.string(mandatory = True)},
)

def _coverage_impl(ctx):
    ctx.file("WORKSPACE", "workspace(name = \"remote_coverage_tools\")\n")
    ctx.file("BUILD.bazel", _COVERAGE)

_coverage = repository_rule(implementation = _coverage_impl)

def bazel4_repositories():
    """Declares the stand-ins, unless the workspace has the real ones."""
    for name in _RULES:
        if not native.existing_rule(name):
            _native_rules(name = name, source = name)
    if not native.existing_rule("remote_coverage_tools"):
        _coverage(name = "remote_coverage_tools")
