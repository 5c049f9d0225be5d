"""The rule that makes jemalloc's generated headers, without its configure."""

load(":config.bzl", "CONFIGURATION", "PREFIX", "TABLES")

# All headers are written below one folder, which is the include path.
_ROOT = "configured/"
_JEMALLOC = "include/jemalloc/"

# Prints the public symbols.  The first line with public_syms= in configure.ac lists them,
# except those that configure looks for in the libc.
_PUBLIC_SYMBOLS_AWK = """
function emit(name) { print name ":" prefix name }
FILENAME != ARGV[ARGC - 1] {
    if ($0 == "JEMALLOC_HAVE_MALLOC_SIZE") emit("malloc_size")
    if ($0 == "JEMALLOC_OVERRIDE_MEMALIGN") emit("memalign")
    if ($0 == "JEMALLOC_OVERRIDE_VALLOC") emit("valloc")
    next
}
/^public_syms="/ && !seen++ {
    gsub(/^public_syms="|"$/, "")
    for (i = 1; i <= NF; i++) if ($i !~ /[$]/) emit($i)
}
END { if (!seen) exit 1 }
"""

def _substitutions(version_id):
    """The values that configure puts into templates; version_id is like 5.3.0-0-g54eaed1d..."""
    version, nrev, gid = version_id.split("-")
    major, minor, bugfix = version.split(".")
    return [
        "install_suffix=",
        "je_=" + PREFIX,
        "jemalloc_version=" + version_id,
        "jemalloc_version_bugfix=" + bugfix,
        "jemalloc_version_gid=" + gid[1:],
        "jemalloc_version_major=" + major,
        "jemalloc_version_minor=" + minor,
        "jemalloc_version_nrev=" + nrev,
        "private_namespace=" + PREFIX,
    ]

def _generate(ctx, name, inputs, command):
    """Writes a header with the output of a command, which uses sh, awk, sed, grep, tr and cat."""
    out = ctx.actions.declare_file(_ROOT + name)
    arguments = ctx.actions.args()
    arguments.add_all([out] + command)
    ctx.actions.run_shell(
        outputs = [out],
        inputs = inputs + [part for part in command if type(part) == "File"],
        command = "out=$1; shift; \"$@\" > $out",
        arguments = [arguments],
        env = {
            "LC_ALL": "C",
            "PATH": "/bin:/usr/bin:/usr/local/bin",
        },
        mnemonic = "JemallocHeader",
        progress_message = "Configuring %s" % out.short_path,
    )
    return out

def _expanded_name(template):
    """The path from test/ or include/ on, without .in: test/include/x.h, include/jemalloc/y.h."""
    before, _, name = template.short_path[:-len(".in")].partition("/include/")
    return ("test/" if before.endswith("/test") else "") + "include/" + name

def _jemalloc_headers_impl(ctx):
    defines = ctx.actions.declare_file(_ROOT + "defines.txt")
    lines = ctx.attr.configuration + _substitutions(ctx.attr.version_id)
    ctx.actions.write(defines, "\n".join(lines) + "\n")
    headers = [
        _generate(ctx, _expanded_name(template), [], ["awk", "-f", ctx.file._expand] + ctx.files.tables + [defines, template])
        for template in ctx.files.templates
    ]

    symbols = _generate(ctx, "public_symbols.txt", [], [
        "awk",
        "-v",
        "prefix=" + PREFIX,
        _PUBLIC_SYMBOLS_AWK,
    ] + ctx.files.tables + [ctx.file.configure])

    # The release's own scripts make the other headers.
    scripts = {script.basename: script for script in ctx.files.scripts}
    headers += [
        _generate(ctx, _JEMALLOC + header + ".h", [], ["sh", scripts[header.split("/")[-1] + ".sh"], symbols] + arguments)
        for header, arguments in [
            ("internal/public_namespace", []),
            ("internal/public_unnamespace", []),
            ("jemalloc_mangle", [PREFIX]),
            ("jemalloc_rename", []),
        ]
    ]

    # The script appends include/jemalloc/ to its argument.
    folder = defines.path[:-len("defines.txt")]
    public = _generate(ctx, _JEMALLOC + "jemalloc.h", headers, ["sh", scripts["jemalloc.sh"], folder])

    # Both files are the same: JEMALLOC_N() differs between the two libraries.
    headers += [
        _generate(ctx, _JEMALLOC + "internal/%s.h" % name, [], ["awk", "-f", ctx.file._private] + ctx.files.sources)
        for name in ["private_namespace", "private_namespace_jet"]
    ]
    return [
        DefaultInfo(files = depset([public] + headers)),
        OutputGroupInfo(public = depset([public])),
    ]

_jemalloc_headers = rule(
    implementation = _jemalloc_headers_impl,
    doc = "Expands jemalloc's .in headers; the public one is the output group `public`.",
    attrs = {
        "configuration": attr.string_list(mandatory = True),
        "configure": attr.label(allow_single_file = True, mandatory = True),
        "scripts": attr.label_list(allow_files = [".sh"], mandatory = True),
        "sources": attr.label_list(allow_files = [".c"], mandatory = True),
        "tables": attr.label_list(allow_files = [".txt"], mandatory = True),
        "templates": attr.label_list(allow_files = [".in"], mandatory = True),
        "version_id": attr.string(mandatory = True),
        "_expand": attr.label(
            allow_single_file = True,
            default = Label("//third_party/jemalloc:expand_header.awk"),
        ),
        "_private": attr.label(
            allow_single_file = True,
            default = Label("//third_party/jemalloc:private_namespace.awk"),
        ),
    },
)

def jemalloc_headers(name, configuration = [], **kwargs):
    """Expands jemalloc's headers for the target's platform, which may have more rows of configuration."""
    _jemalloc_headers(
        name = name,
        configuration = CONFIGURATION + configuration,
        tables = TABLES,
        **kwargs
    )
