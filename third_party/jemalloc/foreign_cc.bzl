"""How jemalloc's own configure and make are called: to the same end as config.bzl."""

load("@rules_cc//cc:cc_library.bzl", "cc_library")
load("@rules_foreign_cc//foreign_cc:configure.bzl", "configure_make")
load("//third_party/foreign_cc:configure.bzl", "FEATURES", "MAKE_ARGS", "cross_options", "reproducible_copts")
load("//third_party/foreign_cc:library.bzl", "foreign_library")
load(":config.bzl", "PREFIX", "lg_page", "link_options")
load(":library.bzl", "DEFINES", "DEPS", "OWN_COPTS")

# Paths of the install folder: libraries that end in .pic.a Bazel takes for what they are.
_LIBRARY = "libjemalloc.pic.a"
_INTERNAL = "internal"

# What make leaves where it ran, or in its sources, and does not install.  Where nm
# fails, make goes on without a prefix for internal symbols.
_INSTALL_MORE = """
if ! grep -q malloc_init include/jemalloc/internal/private_namespace.h; then
    echo "error: nm does not read object files of this platform: link llvm-nm to /usr/local/bin/HOST-nm (HOST as in --host above)"
    exit 1
fi
mkdir -p $$INSTALLDIR$$/lib $$INSTALLDIR$$/{internal}/jemalloc/internal
cp lib/libjemalloc_pic.a $$INSTALLDIR$$/lib/{library}
cp include/jemalloc/jemalloc.h $$INSTALLDIR$$/{internal}/jemalloc
cp $$EXT_BUILD_ROOT$$/{source}/include/jemalloc/internal/*.h include/jemalloc/internal/*.h $$INSTALLDIR$$/{internal}/jemalloc/internal
"""

def _configure_options(version_id):
    return [
        "--disable-cache-oblivious",
        "--disable-cxx",
        "--with-jemalloc-prefix=" + PREFIX,
        "--with-lg-quantum=3",
        "--with-version=" + version_id,
        # What it would ask the machine that it runs on.
        "--with-lg-hugepage=21",
        "--with-lg-vaddr=48",
    ] + lg_page("--with-lg-page=") + cross_options() + select({
        # As in config.bzl, which says why.
        "@zmalloc//platforms:freebsd": [
            "--disable-lazy-lock",
            "ac_cv_func__malloc_thread_cleanup=no",
            "ac_cv_func__pthread_mutex_init_calloc_cb=no",
        ],
        "@zmalloc//platforms:macos": ["--disable-zone-allocator"],
        "//conditions:default": [],
    }) + select({
        "@zmalloc//platforms/clang:tsan": ["--disable-libdl"],
        "//conditions:default": [],
    })

def configured_jemalloc(name, source_tree, version_id, has_configure):
    """jemalloc by configure_make, and its internal headers as NAME_internals.

    Args:
      name: of the library
      source_tree: all files of the repository
      version_id: what its VERSION file says, or would
      has_configure: whether the archive has the script, or autoconf is to make it
    """
    configure_make(
        name = name + "_configured",
        # It would ask for each file's headers without CFLAGS, and so for this machine's.
        args = MAKE_ARGS + ["CC_MM="],
        autoconf = not has_configure,
        configure_in_place = not has_configure,
        configure_options = _configure_options(version_id),
        # -O3 behind the -O2 of --compilation_mode=opt, as in library.bzl.
        copts = ["-O3"] + reproducible_copts(),
        deps = DEPS,
        features = FEATURES,
        lib_name = "jemalloc",
        lib_source = source_tree,
        linkopts = link_options(),
        out_data_dirs = [_INTERNAL],
        out_static_libs = [_LIBRARY],
        postfix_script = _INSTALL_MORE.format(
            internal = _INTERNAL,
            library = _LIBRARY,
            source = "external/" + native.repository_name().lstrip("@"),
        ),
        # Nothing else: `make` would compile it all three times.
        targets = [
            "lib/libjemalloc_pic.a",
            "install_include",
        ],
    )
    foreign_library(
        name = name,
        built = name + "_configured",
    )
    foreign_library(
        name = name + "_internals",
        built = name + "_configured",
        headers = _INTERNAL,
    )

def own_library(name, srcs, deps, **kwargs):
    """A cc_library of our sources that include jemalloc's internal headers.

    Args:
      name: the target's name
      srcs: sources
      deps: libraries, among them the NAME_internals of jemalloc
      **kwargs: passed on
    """
    cc_library(
        name = name,
        srcs = srcs,
        copts = OWN_COPTS,
        linkstatic = True,
        local_defines = DEFINES,
        deps = deps + DEPS,
        **kwargs
    )
