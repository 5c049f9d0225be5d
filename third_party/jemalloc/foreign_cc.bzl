"""Calls jemalloc's own configure and make, with the same result as config.bzl."""

load("//third_party:external.bzl", "external_folder")
load("//third_party/foreign_cc:library.bzl", "INSTALLED", "INTERNAL", "configured_library")
load(":config.bzl", "LINKOPTS", "PREFIX", "lg_page")
load(":library.bzl", "DEPS")

# Leaves upstream's tsd.c out of the archive: thread_start.c takes its place.
_WITHOUT_TSD = "'C_PIC_OBJS=$(filter-out %tsd.pic.o,$(C_SRCS:$(srcroot)%.c=$(objroot)%.pic.o))'"

# Installs files that make leaves in its own folder or in its sources.  If nm fails, make
# continues without a prefix for internal symbols, so check for the prefix first.
_INSTALL_MORE = """
if ! grep -q malloc_init include/jemalloc/internal/private_namespace.h; then
    echo "error: nm does not read object files of this platform: link llvm-nm to /usr/local/bin/HOST-nm (HOST as in --host above)"
    exit 1
fi
mkdir -p {installed}/lib {installed}/{internal}/jemalloc/internal
cp lib/libjemalloc_pic.a {installed}/lib/libjemalloc.pic.a
cp include/jemalloc/jemalloc.h {installed}/{internal}/jemalloc
cp $$EXT_BUILD_ROOT$$/{source}/src/tsd.c {installed}/{internal}
cp $$EXT_BUILD_ROOT$$/{source}/include/jemalloc/internal/*.h include/jemalloc/internal/*.h {installed}/{internal}/jemalloc/internal
"""

def _configure_options(version_id):
    return [
        "--disable-cache-oblivious",
        "--disable-cxx",
        "--with-jemalloc-prefix=" + PREFIX,
        "--with-lg-quantum=3",
        "--with-version=" + version_id,
        # configure would ask this machine for these values.
        "--with-lg-hugepage=21",
        "--with-lg-vaddr=48",
    ] + lg_page("--with-lg-page=") + select({
        # As in the tables of config.bzl, which say why.
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

def configured_jemalloc(name, version_id):
    """jemalloc without tsd.c, built by configure and make, and its internals as NAME_internals."""

    # Archives of a tag contain no configure; autoconf makes it.
    has_configure = bool(native.glob(["configure"]))  # buildifier: disable=constant-glob
    configured_library(
        name = name,
        args = [
            # make would look for each file's headers without CFLAGS, and so find this machine's.
            "CC_MM=",
            _WITHOUT_TSD,
        ],
        autoconf = not has_configure,
        configure_in_place = not has_configure,
        configure_options = _configure_options(version_id),
        # -O3, as in library.bzl; it comes after the -O2 of --compilation_mode=opt.
        copts = ["-O3"],
        deps = DEPS,
        lib_name = "jemalloc",
        linkopts = LINKOPTS,
        postfix_script = _INSTALL_MORE.format(
            installed = INSTALLED,
            internal = INTERNAL,
            source = external_folder(),
        ),
        # Only these targets: `make` alone would compile all sources three times.
        targets = [
            "lib/libjemalloc_pic.a",
            "install_include",
        ],
    )
