"""Makes the settings, the header and the document from the table in features.bzl."""

load("@bazel_skylib//lib:selects.bzl", "selects")
load(":features.bzl", "FEATURES", "NO_FEATURES", "PLATFORM_WORDS")

# The names of platforms; only Linux has a choice of libc.
_PLATFORMS = ["linux glibc", "linux musl"] + [
    word
    for word in PLATFORM_WORDS
    if word not in ["linux", "glibc", "musl"]
]

FeaturesInfo = provider(
    doc = "The features of the target platform.",
    fields = {
        "here": "names of the rows that hold on it",
        "platform": "its names",
    },
)

def _where(words):
    return "where_" + words.replace(" ", "_")

def _readable(words):
    return " ".join([PLATFORM_WORDS[word][0] for word in words.split(" ")])

def feature_settings():
    """Declares a config_setting per row, and private ones for its platforms."""
    wanted = _PLATFORMS + [words for row in FEATURES.values() for words in row.on]
    for words in {words: None for words in wanted}:
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

def _here(values):
    """Returns the values whose config_setting holds, as a select()."""
    here = []
    for setting, value in values.items():
        here = here + select({
            ":" + setting: [value],
            "//conditions:default": [],
        })
    return here

def _macro(name):
    return FEATURES[name].macro or name

def _define(name, value):
    row = FEATURES[name]
    macro = _macro(name)
    return "\n/* %s */\n#ifndef %s\n%s\n#endif\n" % (
        row.means.replace("`", ""),
        macro,
        ("#define %s%s %s" % (macro, row.parameter, value)).strip(),
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
    return [
        DefaultInfo(files = depset([header])),
        FeaturesInfo(here = ctx.attr.features_here, platform = ctx.attr.platform_here),
    ]

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
    """Writes the header that defines the features of the platform, from a template."""
    _feature_header(
        features_here = _here({name: name for name in FEATURES}),
        platform_here = _here({_where(words): _readable(words) for words in _PLATFORMS}),
        **kwargs
    )

def _row_of_document(name):
    row = FEATURES[name]
    macro = _macro(name)
    cells = [
        "`%s`" % ("%s %s" % (macro, row.value) if row.macro else macro),
        (", ".join([_readable(words) for words in row.on]) or "by " + row.flags) +
        ("" if row.otherwise == None else "; elsewhere it is " + row.otherwise),
        row.means,
        row.follows + (": " + row.differs if row.differs else ""),
    ]
    return "| %s |" % " | ".join(cells)

# The table as Markdown, and the table of NO_FEATURES.
DOCUMENT = [
    "| macro | where | meaning | named by, and where that differs |",
    "|---|---|---|---|",
] + [_row_of_document(name) for name in FEATURES] + [
    "",
    "Not here, of the macros in `config.h`:",
    "",
    "| macros | why |",
    "|---|---|",
] + [
    "| %s | %s |" % (", ".join(["`%s`" % name for name in names]), why)
    for why, names in NO_FEATURES.items()
] + [""]
