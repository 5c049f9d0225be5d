"""What follows from the table in features.bzl: settings, header and document."""

load("@bazel_skylib//lib:selects.bzl", "selects")
load(":features.bzl", "FEATURES", "PLATFORM_WORDS")

# What a platform is called by; glibc is a word of Linux alone.
_PLATFORMS = ["linux glibc", "linux musl"] + [
    word
    for word in PLATFORM_WORDS
    if word not in ["linux", "glibc", "musl"]
]

def _where(words):
    return "where_" + words.replace(" ", "_")

def _readable(words):
    return " ".join([PLATFORM_WORDS[word][0] for word in words.split(" ")])

def feature_settings():
    """Declares a config_setting per row, and private ones for its platforms."""
    wanted = {words: None for words in _PLATFORMS}
    for row in FEATURES.values():
        wanted.update({words: None for words in row.on + row.linkopts.keys()})
    for words in wanted:
        native.config_setting(
            name = _where(words),
            constraint_values = [PLATFORM_WORDS[word][1] for word in words.split(" ")],
            # Bazel 7 looks through the groups below.
            visibility = ["//visibility:public"],
        )
    for name, row in FEATURES.items():
        selects.config_setting_group(
            name = name,
            match_any = row.settings or [_where(words) for words in row.on],
            visibility = ["//visibility:public"],
        )

def _here(setting, value):
    return select({
        str(Label("//zmalloc/features:" + setting)): [value],
        "//conditions:default": [],
    })

def features_here():
    """The rows that the platform has.

    Returns:
      their names, for a list of strings
    """
    here = []
    for name in FEATURES:
        here = here + _here(name, name)
    return here

def platform_here():
    """The platform in words.

    Returns:
      them, for a list of strings
    """
    here = []
    for words in _PLATFORMS:
        here = here + _here(_where(words), _readable(words))
    return here

def linkopts_here():
    """What programs that use a feature link with.

    Returns:
      "FEATURE=option" of each, for a list of strings
    """
    here = []
    for name, row in FEATURES.items():
        for words, linkopts in row.linkopts.items():
            for linkopt in linkopts:
                here = here + _here(_where(words), "%s=%s" % (name, linkopt))
    return here

def _macro(name):
    return FEATURES[name].macro or name

def _define(name, value):
    row = FEATURES[name]
    macro = _macro(name)
    return "\n/* %s */\n#ifndef %s\n%s\n#endif\n" % (
        row.means.replace("`", ""),
        macro,
        ("#define %s %s" % (macro, value)).strip(),
    )

def _feature_header_impl(ctx):
    defines = ""
    here = [_macro(name) for name in ctx.attr.features_here]
    for name, row in FEATURES.items():
        if row.header:
            continue
        if name in ctx.attr.features_here:
            defines += _define(name, row.value)
        elif row.otherwise != None and _macro(name) not in here:
            defines += _define(name, row.otherwise)
    header = ctx.actions.declare_file(ctx.attr.out)
    ctx.actions.expand_template(
        output = header,
        template = ctx.file.template,
        substitutions = {
            "@defines@": defines,
            "@platform@": ", ".join(ctx.attr.platform_here) or "unknown",
        },
    )
    return [DefaultInfo(files = depset([header]))]

_feature_header = rule(
    implementation = _feature_header_impl,
    attrs = {
        "features_here": attr.string_list(mandatory = True),
        "out": attr.string(mandatory = True),
        "platform_here": attr.string_list(mandatory = True),
        "template": attr.label(mandatory = True, allow_single_file = True),
    },
)

def feature_header(**kwargs):
    """The header that defines what the platform has.

    Args:
      **kwargs: name, out, template
    """
    _feature_header(
        features_here = features_here(),
        platform_here = platform_here(),
        **kwargs
    )

def _row_of_document(name):
    row = FEATURES[name]
    macro = _macro(name)
    cells = [
        "`%s`" % ("%s %s" % (macro, row.value) if row.macro else macro),
        (", ".join([_readable(words) for words in row.on]) or "by `--malloc`, `--malloc_size`") +
        ("" if row.otherwise == None else "; elsewhere it is " + row.otherwise),
        row.means + "".join([
            "; on %s links with `%s`" % (_readable(words), " ".join(linkopts))
            for words, linkopts in row.linkopts.items()
        ]),
        row.follows + (": " + row.differs if row.differs else ""),
    ]
    return "| %s |\n" % " | ".join(cells)

def _feature_document_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".md")
    ctx.actions.write(
        out,
        "| macro | where | meaning | named by, and where that differs |\n|---|---|---|---|\n" +
        "".join([_row_of_document(name) for name in FEATURES]),
    )
    return [DefaultInfo(files = depset([out]))]

feature_document = rule(
    implementation = _feature_document_impl,
    doc = "The table as Markdown.",
)
