"""Small local stand-ins for repositories that Bazel 4 would fetch.

Bazel 4.2.3, which Debian packages, has its rules built in, but its own tools load
them from rules_cc, rules_java and rules_proto.  Each stand-in defines the built-in
rules under the names of later versions.
"""

load(":stand_in.bzl", "stand_in_repository")

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

# Other files of rules_cc that Bazel 4 has, under another name.
_LINKS = {
    "@bazel_tools//tools/build_defs/cc:action_names.bzl": "cc/action_names.bzl",
    "@bazel_tools//tools/cpp:cc_toolchain_config_lib.bzl": "cc/cc_toolchain_config_lib.bzl",
}

# Other files of rules_cc whose names are built into Bazel 4.  They load the names from
# native.bzl: no file can define cc_common from the global of the same name.
_BUILT_IN = {
    "cc/common/cc_common": ["cc_common"],
    "cc/common/cc_info": ["CcInfo"],
    "cc/find_cc_toolchain": ["find_cc_toolchain", "use_cc_toolchain"],
    "cc/toolchains/cc_toolchain_config_info": ["CcToolchainConfigInfo"],
}

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

# Bazel needs these two targets for every test, with coverage or without.
_COVERAGE = """
package(default_visibility = ["//visibility:public"])

filegroup(name = "coverage_report_generator")

filegroup(name = "lcov_merger")
"""

def _hand_on(rule):
    return "def {0}(**kwargs):\n    native.{0}(**kwargs)\n".format(rule)

def _hand_on_built_in(names):
    loads = ["load(\"//:native.bzl\", _{0} = \"{0}_\")\n".format(name) for name in names]
    return "".join(loads + ["{0} = _{0}\n".format(name) for name in names])

def _files(repository):
    files = {}
    for folder, rules in _RULES[repository].items():
        files[folder + "/BUILD.bazel"] = _CURRENT_CC_TOOLCHAIN if folder == "cc" else ""
        files[folder + "/defs.bzl"] = "\n".join([_hand_on(rule) for rule in rules])
        files.update({"%s/%s.bzl" % (folder, rule): _hand_on(rule) for rule in rules})
    if repository == "rules_cc":
        files.update({"BUILD.bazel": "", "cc/common/BUILD.bazel": "", "native.bzl": _NATIVE})
        files.update({file + ".bzl": _hand_on_built_in(names) for file, names in _BUILT_IN.items()})
    return files

def bazel4_repositories():
    """Declares the stand-ins, unless the workspace has the real ones."""
    stand_ins = {name: _files(name) for name in _RULES}
    stand_ins["remote_coverage_tools"] = {"BUILD.bazel": _COVERAGE}
    for name, files in stand_ins.items():
        if not native.existing_rule(name):
            stand_in_repository(
                name = name,
                files = files,
                links = _LINKS if name == "rules_cc" else {},
            )
