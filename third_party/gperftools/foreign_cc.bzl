"""How gperftools' own configure and make are called: to the same end as tcmalloc.bzl."""

load("@rules_cc//cc:cc_library.bzl", "cc_library")
load("@rules_foreign_cc//foreign_cc:configure.bzl", "configure_make")
load("//third_party/foreign_cc:configure.bzl", "FEATURES", "MAKE_ARGS", "cross_options", "reproducible_copts")
load("//third_party/foreign_cc:library.bzl", "foreign_library")
load(":config.bzl", "BESIDE_MALLOC")
load(":private_names.bzl", "private_namespace")
load(":tcmalloc.bzl", "CXXOPTS", "FRAME_POINTER_DEFINES", "LINKOPTS")

_NAMES = "tcmalloc_private.h"
_INTERNAL = "internal"

_HDRS = [
    "malloc_extension.h",
    "malloc_extension_c.h",
    "malloc_hook.h",
    "malloc_hook_c.h",
    "nallocx.h",
    "tcmalloc.h",
]

# Of what make leaves where it ran.
_INSTALL_MORE = """
mkdir -p $$INSTALLDIR$$/lib $$INSTALLDIR$$/include/gperftools $$INSTALLDIR$$/{internal}/base $$INSTALLDIR$$/{internal}/gperftools
cp .libs/lib{name}.a $$INSTALLDIR$$/lib/lib{name}.pic.a
for header in {hdrs}; do cp src/gperftools/$header $$INSTALLDIR$$/include/gperftools; done
cp {names} src/*.h $$INSTALLDIR$$/{internal}
cp src/base/*.h $$INSTALLDIR$$/{internal}/base
cp src/gperftools/*.h $$INSTALLDIR$$/{internal}/gperftools
"""

# The CPU profiler is not built, but is what has configure look for <ucontext.h>.
_OPTIONS = [
    "--disable-debugalloc",
    "--disable-heap-checker",
    "--disable-libunwind",
    "--disable-shared",
    "--enable-emergency-malloc",
    "--with-pic",
]

def _private_names_impl(ctx):
    out = ctx.actions.declare_file(_NAMES)
    ctx.actions.write(out, "\n".join([
        "#ifndef TCMALLOC_PRIVATE_H_",
        "#define TCMALLOC_PRIVATE_H_",
        "#include <config.h>",
    ] + ([] if ctx.attr.replaces_malloc else BESIDE_MALLOC) + [
        # Its make compiles sysinfo.cc, in the place of which environment.cc stands.
        private_namespace(own_getenv = False),
        "#endif",
        "",
    ]))
    return [DefaultInfo(files = depset([out]))]

private_names = rule(
    implementation = _private_names_impl,
    doc = "The header that renames, forced into every source.",
    attrs = {
        "replaces_malloc": attr.bool(mandatory = True, doc = "as of config_header"),
    },
)

def configured_tcmalloc(name, source_tree, hdrs, local_defines = []):
    """tcmalloc by configure_make, with our extension, and NAME_counted.

    Args:
      name: of the library, as upstream calls it
      source_tree: all files of the repository
      hdrs: public headers besides those of both
      local_defines: what sets this allocator apart, for our part of it
    """
    names = "$$EXT_BUILD_ROOT$$/$(execpath :private_names)"
    configure_make(
        name = name + "_configured",
        alwayslink = True,
        # Not before make: configure's own tests have no config.h.
        args = MAKE_ARGS + ["\"CPPFLAGS=-include %s\"" % names],
        # Archives of a tag have no configure: autoconf, automake and libtool make it.
        autogen = True,
        build_data = [":private_names"],
        configure_in_place = True,
        configure_options = _OPTIONS + cross_options(),
        copts = [
            "-O2",
            "-w",
        ] + reproducible_copts(),
        env = {"PRIVATE_NAMES": "$(execpath :private_names)"},
        features = FEATURES,
        lib_name = name,
        lib_source = source_tree,
        linkopts = LINKOPTS,
        out_data_dirs = [_INTERNAL],
        out_static_libs = ["lib%s.pic.a" % name],
        postfix_script = _INSTALL_MORE.format(
            name = name,
            hdrs = " ".join(_HDRS + hdrs),
            internal = _INTERNAL,
            names = "$PRIVATE_NAMES",
        ),
        targets = ["lib%s.la" % name],
    )
    foreign_library(
        name = name + "_upstream",
        built = name + "_configured",
    )
    foreign_library(
        name = name + "_internals",
        built = name + "_configured",
        headers = _INTERNAL,
    )

    own = dict(
        copts = CXXOPTS + [
            "-fvisibility=hidden",
            "-include",
            _NAMES,
        ],
        linkstatic = True,
        local_defines = [
            "NDEBUG",
            "NO_HEAP_CHECK",
        ] + local_defines + FRAME_POINTER_DEFINES,
    )
    cc_library(
        name = name,
        srcs = ["@zmalloc//third_party/gperftools:extension.cc"],
        alwayslink = True,
        visibility = ["//visibility:public"],
        deps = [
            ":%s_internals" % name,
            ":%s_upstream" % name,
            "@zmalloc//third_party/gperftools:extension",
            "@zmalloc//third_party/gperftools:fast_paths",
        ],
        **own
    )
    cc_library(
        name = name + "_counted",
        srcs = ["@zmalloc//zmalloc/allocator/tcmalloc:counted.cc"],
        visibility = ["//visibility:public"],
        deps = [
            ":" + name,
            ":%s_internals" % name,
            "@zmalloc//third_party/gperftools:extension",
            "@zmalloc//third_party/gperftools:fast_paths",
            "@zmalloc//zmalloc:oom",
            "@zmalloc//zmalloc/accounting:counting",
            "@zmalloc//zmalloc/allocator/tcmalloc:counted_header",
            "@zmalloc//zmalloc/guard:sampled_header",
        ],
        **own
    )
