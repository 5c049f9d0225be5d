"""Programs that show which features a platform's toolchain has.

For each row of //zmalloc/features:features.bzl that toolchain compiles and links a program of
probes.c, or fails to.  Neither outcome fails the build: the build writes it down beside the
table's entry, and proof_test.cc compares the two.
"""

load("@bazel_skylib//lib:shell.bzl", "shell")
load(
    "@rules_cc//cc:action_names.bzl",
    "CPP_LINK_EXECUTABLE_ACTION_NAME",
    "C_COMPILE_ACTION_NAME",
)
load("@rules_cc//cc:find_cc_toolchain.bzl", "find_cc_toolchain", "use_cc_toolchain")
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("//zmalloc/features:defs.bzl", "FeaturesInfo")
load("//zmalloc/features:features.bzl", "FEATURES")

_COPTS = [
    "-std=gnu11",
    "-D_GNU_SOURCE",
    # A header must declare the function; the linker alone is not enough.
    "-Werror=implicit-function-declaration",
]

# "yes", or "no" and the first error.
_PROBE = """
if {{ {compile} && {link}; }} >{log} 2>&1; then
    echo yes
else
    echo no
    grep -m 1 error: {log} || head -n 3 {log}
fi >{outcome}
"""

def _command(tool, arguments):
    return " ".join([shell.quote(word) for word in [tool] + arguments])

def _call(features, action, variables):
    """The compiler's arguments and environment for an action."""
    wanted = {
        "action_name": action,
        "feature_configuration": features,
        "variables": variables,
    }
    return struct(
        arguments = cc_common.get_memory_inefficient_command_line(**wanted),
        env = cc_common.get_environment_variables(**wanted),
    )

def _probe(ctx, toolchain, features, name):
    """Writes down whether the toolchain has the feature `name`."""
    base = "%s/%s" % (ctx.label.name, name)
    source = ctx.file.src
    outcome = ctx.actions.declare_file(base + ".outcome")

    # Files that are no outputs go beside it; sandboxes drop them.
    object = outcome.path + ".o"
    compile = _call(features, C_COMPILE_ACTION_NAME, cc_common.create_compile_variables(
        cc_toolchain = toolchain,
        feature_configuration = features,
        output_file = object,
        source_file = source.path,
        user_compile_flags = _COPTS + ["-DPROBE_" + name],
    ))
    link = _call(features, CPP_LINK_EXECUTABLE_ACTION_NAME, cc_common.create_link_variables(
        cc_toolchain = toolchain,
        feature_configuration = features,
        is_linking_dynamic_library = False,
        output_file = outcome.path + ".program",
        user_link_flags = [object] + ctx.attr.linkopts,
    ))

    # The C compiler links as well: these are not C++ programs.
    tool = cc_common.get_tool_for_action(
        feature_configuration = features,
        action_name = C_COMPILE_ACTION_NAME,
    )
    ctx.actions.run_shell(
        outputs = [outcome],
        inputs = depset([source], transitive = [toolchain.all_files]),
        command = _PROBE.format(
            compile = _command(tool, compile.arguments),
            link = _command(tool, link.arguments),
            log = shell.quote(outcome.path + ".log"),
            outcome = shell.quote(outcome.path),
        ),
        env = dict(compile.env, **link.env),
        mnemonic = "FeatureProbe",
        progress_message = "Probing %s" % base,
    )
    return outcome

def _feature_probes_impl(ctx):
    toolchain = find_cc_toolchain(ctx)
    features = cc_common.configure_features(
        ctx = ctx,
        cc_toolchain = toolchain,
        requested_features = ctx.features,
        unsupported_features = ctx.disabled_features,
    )
    outcomes = [_probe(ctx, toolchain, features, name) for name in FEATURES]
    info = ctx.attr._header[FeaturesInfo]
    table = ctx.actions.declare_file(ctx.label.name + "/table")
    ctx.actions.write(table, " ".join(info.platform) + "\n" + "".join([
        "%s %s\n" % (name, "yes" if name in info.here else "no")
        for name in FEATURES
    ]))
    files = [table] + outcomes
    return [DefaultInfo(files = depset(files), runfiles = ctx.runfiles(files))]

feature_probes = rule(
    implementation = _feature_probes_impl,
    doc = "The outcome of every probe, and the file NAME/table with the expected outcomes.",
    attrs = {
        "linkopts": attr.string_list(),
        "src": attr.label(allow_single_file = [".c"], mandatory = True),
        "_cc_toolchain": attr.label(default = Label("@rules_cc//cc:current_cc_toolchain")),
        "_header": attr.label(default = "//zmalloc/features:header", providers = [FeaturesInfo]),
    },
    fragments = ["cpp"],
    toolchains = use_cc_toolchain(mandatory = True),
)
