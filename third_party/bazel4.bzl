"""What Bazel 4 takes for granted and would fetch, as small local stand-ins.

Bazel 4.2.3, as Debian packages it, has its rules built in, yet its own tools
load them from rules_cc, rules_java and rules_proto.  Each stand-in hands on
the built-in rules under the names that later versions use.
"""

_RULES = {
    "rules_cc": {
        "cc": ["cc_binary", "cc_import", "cc_library", "cc_proto_library", "cc_test", "cc_toolchain", "cc_toolchain_suite", "objc_library"],
    },
    "rules_java": {
        "java": ["java_binary", "java_import", "java_library", "java_plugin", "java_proto_library", "java_runtime", "java_test", "java_toolchain"],
    },
    "rules_proto": {
        "proto": ["proto_lang_toolchain", "proto_library"],
    },
}

# Bazel asks for these two with every test, coverage or not.
_COVERAGE = """
package(default_visibility = ["//visibility:public"])

filegroup(name = "coverage_report_generator")

filegroup(name = "lcov_merger")
"""

def _hand_on(rule):
    return "def {0}(**kwargs):\n    native.{0}(**kwargs)\n".format(rule)

def _native_rules_impl(ctx):
    repository = ctx.attr.source
    ctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % repository)
    for folder, rules in _RULES[repository].items():
        ctx.file(folder + "/BUILD.bazel", "exports_files(glob([\"*.bzl\"]))\n")
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
