"""Rules for files that are generated from a source."""

def _awk_impl(ctx):
    arguments = ctx.actions.args()
    arguments.add_all([ctx.outputs.out, ctx.file.script] + ctx.files.srcs)
    ctx.actions.run_shell(
        outputs = [ctx.outputs.out],
        inputs = ctx.files.srcs + [ctx.file.script],
        command = 'out=$1; shift; awk -f "$@" >"$out"',
        arguments = [arguments],
        env = {
            "LC_ALL": "C",
            "PATH": "/bin:/usr/bin:/usr/local/bin",
        },
        mnemonic = "Awk",
        progress_message = "Writing " + ctx.outputs.out.short_path,
    )

awk = rule(
    implementation = _awk_impl,
    doc = "The output of awk.",
    attrs = {
        "out": attr.output(mandatory = True),
        "script": attr.label(allow_single_file = True, mandatory = True),
        "srcs": attr.label_list(allow_files = True, mandatory = True),
    },
)

def _template_impl(ctx):
    ctx.actions.expand_template(
        template = ctx.file.src,
        output = ctx.outputs.out,
        substitutions = ctx.attr.substitutions,
    )

template = rule(
    implementation = _template_impl,
    doc = "A template with its names replaced.  (bazel_skylib's for Bazel 4 has no such rule.)",
    attrs = {
        "out": attr.output(mandatory = True),
        "src": attr.label(allow_single_file = True, mandatory = True),
        "substitutions": attr.string_dict(mandatory = True),
    },
)
