"""Programs that show which features a platform's toolchain has.

Each row of //zmalloc/features:features.bzl becomes a program, which that
toolchain compiles and links, or fails to.  Neither outcome fails the build: it
is written down, beside what the table says, for proof_test.cc to compare.
"""

load("@bazel_skylib//lib:shell.bzl", "shell")
load(
    "@rules_cc//cc:action_names.bzl",
    "CPP_LINK_EXECUTABLE_ACTION_NAME",
    "C_COMPILE_ACTION_NAME",
)
load("@rules_cc//cc:find_cc_toolchain.bzl", "find_cc_toolchain", "use_cc_toolchain")
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("//zmalloc/features:defs.bzl", "features_here", "linkopts_here", "platform_here")
load("//zmalloc/features:features.bzl", "FEATURES")

_COPTS = [
    "-std=gnu11",
    "-D_GNU_SOURCE",
    # The headers must have it, not the linker alone.
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

def _program(row):
    return "\n".join(["#include <%s>" % header for header in row.includes] + [
        row.declares,
        "int main(int argc, char **argv) {",
        "    (void)argc, (void)argv;",
        "    return %s;" % row.uses,
        "}",
        "",
    ])

def _command(tool, arguments):
    return " ".join([shell.quote(word) for word in [tool] + arguments])

def _compile(toolchain, features, source, object):
    variables = cc_common.create_compile_variables(
        feature_configuration = features,
        cc_toolchain = toolchain,
        source_file = source.path,
        output_file = object,
        user_compile_flags = _COPTS,
    )
    return struct(
        arguments = cc_common.get_memory_inefficient_command_line(
            feature_configuration = features,
            action_name = C_COMPILE_ACTION_NAME,
            variables = variables,
        ),
        env = cc_common.get_environment_variables(
            feature_configuration = features,
            action_name = C_COMPILE_ACTION_NAME,
            variables = variables,
        ),
    )

def _link(toolchain, features, object, program, linkopts):
    variables = cc_common.create_link_variables(
        feature_configuration = features,
        cc_toolchain = toolchain,
        output_file = program,
        user_link_flags = [object] + linkopts,
        is_linking_dynamic_library = False,
    )
    return struct(
        arguments = cc_common.get_memory_inefficient_command_line(
            feature_configuration = features,
            action_name = CPP_LINK_EXECUTABLE_ACTION_NAME,
            variables = variables,
        ),
        env = cc_common.get_environment_variables(
            feature_configuration = features,
            action_name = CPP_LINK_EXECUTABLE_ACTION_NAME,
            variables = variables,
        ),
    )

def _probe(ctx, toolchain, features, name):
    """Writes down whether the toolchain has the feature `name`."""
    base = "%s/%s" % (ctx.label.name, name)
    source = ctx.actions.declare_file(base + ".c")
    ctx.actions.write(source, _program(FEATURES[name]))
    outcome = ctx.actions.declare_file(base + ".outcome")

    # What is not an output goes beside it; sandboxes drop it.
    object = outcome.path + ".o"
    compile = _compile(toolchain, features, source, object)
    linkopts = [row[len(name) + 1:] for row in ctx.attr.linkopts_here if row.startswith(name + "=")]
    link = _link(toolchain, features, object, outcome.path + ".program", linkopts)

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
    outcomes = {name: _probe(ctx, toolchain, features, name) for name in FEATURES}
    table = ctx.actions.declare_file(ctx.label.name + "/table")
    ctx.actions.write(table, " ".join(ctx.attr.platform_here) + "\n" + "".join([
        "%s %s\n" % (name, "yes" if name in ctx.attr.features_here else "no")
        for name in FEATURES
    ]))
    files = [table] + outcomes.values()
    return [DefaultInfo(files = depset(files), runfiles = ctx.runfiles(files))]

_feature_probes = rule(
    implementation = _feature_probes_impl,
    attrs = {
        "features_here": attr.string_list(mandatory = True),
        "linkopts_here": attr.string_list(mandatory = True),
        "platform_here": attr.string_list(mandatory = True),
        "_cc_toolchain": attr.label(default = Label("@rules_cc//cc:current_cc_toolchain")),
    },
    fragments = ["cpp"],
    toolchains = use_cc_toolchain(mandatory = True),
)

def feature_probes(name):
    """The outcome of every probe, and the file NAME/table: what should come out.

    Args:
      name: of the target
    """
    _feature_probes(
        name = name,
        features_here = features_here(),
        linkopts_here = linkopts_here(),
        platform_here = platform_here(),
        tags = ["manual"],
    )
