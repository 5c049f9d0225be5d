"""Rules that make jemalloc's generated headers, without its configure."""

load("@rules_cc//cc:action_names.bzl", "C_COMPILE_ACTION_NAME")
load("@rules_cc//cc:find_cc_toolchain.bzl", "find_cc_toolchain", "use_cc_toolchain")
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")
load(":config.bzl", "PREFIX")

# Everything goes below one folder, which then is the include path.
_ROOT = "configured/"

# What is public only where configure finds it in the libc.
_PUBLIC_IF = {
    "JEMALLOC_HAVE_MALLOC_SIZE": "malloc_size",
    "JEMALLOC_OVERRIDE_MEMALIGN": "memalign",
    "JEMALLOC_OVERRIDE_VALLOC": "valloc",
}

# configure.ac lists what is public anyway, as the first line of its kind.
_PUBLIC_SYMBOLS_AWK = """
/^public_syms="/ && !seen {
    seen = 1
    gsub(/^public_syms="|"$/, "")
    for (i = 1; i <= NF; i++) if ($i !~ /[$]/) print $i ":" prefix $i
}
END {
    if (!seen) exit 1
    n = split(more, also, " ")
    for (i = 1; i <= n; i++) print also[i] ":" prefix also[i]
}
"""

# What configure substitutes in the templates besides the version.
_SUBSTITUTIONS = [
    "install_suffix=",
    "je_=je_",
    "private_namespace=" + PREFIX,
]

# The tools are sh, awk, sed, grep, tr and cat of whatever builds.
_ENV = {
    "LC_ALL": "C",
    "PATH": "/bin:/usr/bin:/usr/local/bin",
}

def _version_substitutions(version_id):
    # 5.3.0-0-g54eaed1d...
    version, nrev, gid = version_id.split("-")
    major, minor, bugfix = version.split(".")
    return [
        "jemalloc_version=" + version_id,
        "jemalloc_version_major=" + major,
        "jemalloc_version_minor=" + minor,
        "jemalloc_version_bugfix=" + bugfix,
        "jemalloc_version_nrev=" + nrev,
        "jemalloc_version_gid=" + gid[1:],
    ]

def _public_symbols(ctx):
    given = [row.split("=")[0] for row in ctx.attr.configuration]
    more = [symbol for name, symbol in _PUBLIC_IF.items() if name in given]
    out = ctx.actions.declare_file(_ROOT + "public_symbols.txt")
    arguments = ctx.actions.args()
    arguments.add_all([out, PREFIX, " ".join(more), _PUBLIC_SYMBOLS_AWK, ctx.file.configure])
    ctx.actions.run_shell(
        outputs = [out],
        inputs = [ctx.file.configure],
        command = "awk -v prefix=\"$2\" -v more=\"$3\" \"$4\" $5 > $1",
        arguments = [arguments],
        env = _ENV,
        mnemonic = "JemallocHeader",
        progress_message = "Configuring %s" % out.short_path,
    )
    return out

def _expand(ctx, template, defines):
    name = template.short_path.split("/include/", 1)
    folder = name[0].split("/")[-1] + "/" if name[0].endswith("/test") else ""
    out = ctx.actions.declare_file(_ROOT + folder + "include/" + name[1][:-len(".in")])
    arguments = ctx.actions.args()
    arguments.add_all([out, ctx.file._expand, defines, template])
    ctx.actions.run_shell(
        outputs = [out],
        inputs = [ctx.file._expand, defines, template],
        command = "out=$1; shift; awk -f \"$@\" > $out",
        arguments = [arguments],
        env = _ENV,
        mnemonic = "JemallocHeader",
        progress_message = "Configuring %s" % out.short_path,
    )
    return out

def _run_script(ctx, script, out, inputs, arguments):
    args = ctx.actions.args()
    args.add_all([out, script])
    args.add_all(arguments)
    ctx.actions.run_shell(
        outputs = [out],
        inputs = inputs + [script],
        command = "out=$1; shift; sh \"$@\" > $out",
        arguments = [args],
        env = _ENV,
        mnemonic = "JemallocHeader",
        progress_message = "Configuring %s" % out.short_path,
    )
    return out

def _jemalloc_headers_impl(ctx):
    defines = ctx.actions.declare_file(_ROOT + "defines.txt")
    lines = ctx.attr.configuration + _SUBSTITUTIONS + _version_substitutions(ctx.attr.version_id)
    ctx.actions.write(defines, "\n".join(lines) + "\n")
    symbols = _public_symbols(ctx)

    outs = {}
    for template in ctx.files.templates:
        out = _expand(ctx, template, defines)
        outs[out.basename] = out

    # jemalloc's own scripts do the rest, so that it stays each release's own.
    scripts = {script.basename: script for script in ctx.files.scripts}
    for header, script, arguments in [
        ("internal/public_namespace.h", "public_namespace.sh", [symbols]),
        ("internal/public_unnamespace.h", "public_unnamespace.sh", [symbols]),
        ("jemalloc_mangle.h", "jemalloc_mangle.sh", [symbols, PREFIX]),
        ("jemalloc_rename.h", "jemalloc_rename.sh", [symbols]),
    ]:
        out = ctx.actions.declare_file(_ROOT + "include/jemalloc/" + header)
        outs[out.basename] = _run_script(ctx, scripts[script], out, [symbols], arguments)

    public_header = ctx.actions.declare_file(_ROOT + "include/jemalloc/jemalloc.h")
    _run_script(
        ctx,
        scripts["jemalloc.sh"],
        public_header,
        outs.values(),
        # It puts the rest of the path behind this.
        [public_header.path[:-len("include/jemalloc/jemalloc.h")]],
    )
    tests = [out for out in outs.values() if "/test/include/" in out.path]
    internal = [out for out in outs.values() if out not in tests]
    return [
        DefaultInfo(files = depset([public_header] + internal)),
        OutputGroupInfo(
            public = depset([public_header]),
            tests = depset(tests),
        ),
    ]

jemalloc_headers = rule(
    implementation = _jemalloc_headers_impl,
    doc = "Expands jemalloc's .in headers; output groups `public` and `tests`.",
    attrs = {
        "configuration": attr.string_list(mandatory = True),
        "configure": attr.label(allow_single_file = True, mandatory = True),
        "scripts": attr.label_list(allow_files = [".sh"], mandatory = True),
        "templates": attr.label_list(allow_files = [".in"], mandatory = True),
        "version_id": attr.string(mandatory = True),
        "_expand": attr.label(
            allow_single_file = True,
            default = Label("//third_party/jemalloc:expand_header.awk"),
        ),
    },
)

def _jemalloc_private_namespace_impl(ctx):
    toolchain = find_cc_toolchain(ctx)
    features = cc_common.configure_features(
        ctx = ctx,
        cc_toolchain = toolchain,
        requested_features = ctx.features,
        unsupported_features = ctx.disabled_features,
    )

    # All sources as one: the preprocessor does not mind.
    everything = ctx.actions.declare_file(ctx.label.name + "_all.c")
    ctx.actions.write(everything, "".join(["#include \"%s\"\n" % src.path for src in ctx.files.srcs]))

    roots = [
        ctx.label.workspace_root + "/",
        ctx.bin_dir.path + "/" + ctx.label.workspace_root + "/",
    ]
    contexts = [dep[CcInfo].compilation_context for dep in ctx.attr.deps]
    variables = cc_common.create_compile_variables(
        feature_configuration = features,
        cc_toolchain = toolchain,
        user_compile_flags = ctx.attr.copts + ["-DJEMALLOC_NO_PRIVATE_NAMESPACE"],
        include_directories = depset(
            [roots[0] + "include", roots[1] + _ROOT + "include"],
            transitive = [context.includes for context in contexts],
        ),
        quote_include_directories = depset(["."]),
    )
    preprocessed = ctx.actions.declare_file(ctx.label.name + ".i")
    arguments = ctx.actions.args()
    arguments.add_all(cc_common.get_memory_inefficient_command_line(
        feature_configuration = features,
        action_name = C_COMPILE_ACTION_NAME,
        variables = variables,
    ))
    arguments.add_all(["-E", everything, "-o", preprocessed])
    ctx.actions.run(
        outputs = [preprocessed],
        inputs = depset(
            [everything] + ctx.files.srcs + ctx.files.hdrs,
            transitive = [toolchain.all_files] + [context.headers for context in contexts],
        ),
        executable = cc_common.get_tool_for_action(
            feature_configuration = features,
            action_name = C_COMPILE_ACTION_NAME,
        ),
        arguments = [arguments],
        env = cc_common.get_environment_variables(
            feature_configuration = features,
            action_name = C_COMPILE_ACTION_NAME,
            variables = variables,
        ),
        mnemonic = "JemallocPreprocess",
        progress_message = "Preprocessing jemalloc for its symbols",
    )

    out = ctx.actions.declare_file(_ROOT + "include/jemalloc/internal/" + ctx.label.name + ".h")
    arguments = ctx.actions.args()
    arguments.add_all([out, ctx.file._list, " ".join(roots), ctx.attr.prefix, preprocessed])
    ctx.actions.run_shell(
        outputs = [out],
        inputs = [ctx.file._list, preprocessed],
        command = "awk -v roots=\"$3\" -v prefix=\"$4\" -f $2 $5 > $1",
        arguments = [arguments],
        env = _ENV,
        mnemonic = "JemallocHeader",
        progress_message = "Configuring %s" % out.short_path,
    )
    return [DefaultInfo(files = depset([out]))]

jemalloc_private_namespace = rule(
    implementation = _jemalloc_private_namespace_impl,
    doc = """The header that gives jemalloc's internal symbols its prefix.

    Upstream compiles everything and asks nm.  The preprocessor does instead:
    every C toolchain has one (zig has no nm), and no release needs a list.
    """,
    attrs = {
        "copts": attr.string_list(),
        "deps": attr.label_list(providers = [CcInfo]),
        "hdrs": attr.label_list(allow_files = [".h"]),
        "prefix": attr.string(mandatory = True),
        "srcs": attr.label_list(allow_files = [".c"]),
        "_cc_toolchain": attr.label(default = Label("@rules_cc//cc:current_cc_toolchain")),
        "_list": attr.label(
            allow_single_file = True,
            default = Label("//third_party/jemalloc:private_namespace.awk"),
        ),
    },
    fragments = ["cpp"],
    toolchains = use_cc_toolchain(mandatory = True),
)
