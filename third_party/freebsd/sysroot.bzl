"""FreeBSD's headers and libraries, to build for it elsewhere: a repository per CPU.

They come from the folder that --repo_env=ZMALLOC_FREEBSD_SYSROOT names, or out
of the base archive of the release in sources.bzl.  With neither the repository
is there all the same, and its defs.bzl tells

  AVAILABLE  whether there is a sysroot
  WHY        if not, why: one line
  TARGET     the row of //platforms:targets.bzl that it is for

so that what goes through all platforms leaves this one out.
"""

load("//third_party:sources.bzl", "SOURCES")

_VARIABLE = "ZMALLOC_FREEBSD_SYSROOT"

# The repositories are named after rows of //platforms:targets.bzl.
_TARGETS = ["freebsd_arm64", "freebsd_x86_64"]

# A header of arm64 alone.
_ARM64_HEADER = "usr/include/machine/armreg.h"

# What compiling and linking reads of the archive: headers, start files,
# and libraries as they are linked (usr/lib) and loaded (lib).
_MEMBERS = ["usr/include"] + ["usr/lib/" + name for name in [
    "Scrt1.o",
    "crt1.o",
    "crtbegin.o",
    "crtbeginS.o",
    "crtend.o",
    "crtendS.o",
    "crti.o",
    "crtn.o",
    "libc++.so",
    "libc++.so.1",
    "libc.so",
    "libc_nonshared.a",
    "libcompiler_rt.a",
    "libcxxrt.so",
    "libexecinfo.so",
    "libexecinfo.so.1",
    "libgcc.a",
    "libgcc_s.so",
    "libm.so",
    "libpthread.so",
    "libthr.so",
]] + ["lib/" + name for name in [
    "libc.so.7",
    "libcxxrt.so.1",
    "libgcc_s.so.1",
    "libm.so.5",
    "libthr.so.3",
]]

# Without one of these nothing can be built or linked.
_NEEDED = [
    "usr/include/sys/param.h",
    "usr/include/c++/v1/vector",
    "usr/lib/crt1.o",
    "usr/lib/libc.so",
    "usr/lib/libpthread.so",
    "lib/libc.so.7",
]

def _has(ctx, folder, file):
    return ctx.path(folder + "/" + file).exists

def _fits(ctx, folder):
    """Whether a sysroot is one for this repository's CPU."""
    return _has(ctx, folder, _ARM64_HEADER) == (ctx.attr.target == "freebsd_arm64")

def _cpu(ctx):
    """Its end of a variable's name."""
    return ctx.attr.target[len("freebsd"):]

def _from_disk(ctx):
    """Whether one of the two variables names a folder for this CPU, whose _MEMBERS are then linked."""
    for variable in [_VARIABLE + _cpu(ctx), _VARIABLE]:
        folder = ctx.os.environ.get(variable)
        if not folder:
            continue
        if not folder.startswith("/"):
            fail("%s=%s is no absolute path" % (variable, folder))
        if not _has(ctx, folder, "usr/include/sys/param.h"):
            fail("%s=%s is no FreeBSD sysroot: there is no usr/include/sys/param.h" % (variable, folder))
        if _fits(ctx, folder):
            for member in _MEMBERS:
                if _has(ctx, folder, member):
                    ctx.symlink(folder + "/" + member, "sysroot/" + member)
            return True
        if variable != _VARIABLE:
            fail("%s=%s is a FreeBSD sysroot for another CPU" % (variable, folder))
    return False

def _unpack(ctx, archive):
    """Unpacks _MEMBERS with tar: Bazel's own unpacker stumbles over hard links."""
    tar = ctx.which("tar")
    if not tar:
        return "this machine has no tar to unpack it"
    ctx.file("sysroot/.keep")
    unpacked = ctx.execute(
        [tar, "-xJf", archive, "-C", "sysroot"] + ["./" + member for member in _MEMBERS],
        timeout = 600,
    )

    # Links to what was left out; Bazel takes none that lead nowhere.
    ctx.execute(["find", "-L", "sysroot", "-type", "l", "-delete"])
    missing = [file for file in _NEEDED if not _has(ctx, str(ctx.path("sysroot")), file)]
    if missing:
        said = unpacked.stderr.strip().splitlines() or [""]
        return "its archive could not be unpacked: no %s; %s" % (missing[0], said[0])
    return ""

def _from_archive(ctx):
    """Why there is no sysroot, or an empty string."""
    archive = "archive/" + ctx.attr.file
    got = ctx.download(
        ctx.attr.urls,
        output = archive,
        sha256 = ctx.attr.sha256,
        allow_fail = True,
    )
    why = _unpack(ctx, archive) if got.success else "%s cannot be fetched" % ctx.attr.urls[0]
    ctx.delete("archive")
    if not why:
        return ""
    ctx.delete("sysroot")
    other = ctx.os.environ.get(_VARIABLE)
    return "no FreeBSD %s sysroot: %s (%s--repo_env=%s=DIR takes one from disk)" % (
        ctx.attr.version,
        why,
        "%s is for another CPU; " % other if other else "",
        _VARIABLE + (_cpu(ctx) if other else ""),
    )

def _freebsd_sysroot_impl(ctx):
    why = "" if _from_disk(ctx) else _from_archive(ctx)
    ctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % ctx.attr.target)
    ctx.file("defs.bzl", "".join([
        "\"\"\"Made by @zmalloc//third_party/freebsd:sysroot.bzl.\"\"\"\n\n",
        "AVAILABLE = %r\n" % (not why),
        "WHY = %r\n" % why,
        "TARGET = %r\n" % ctx.attr.target,
    ]))
    ctx.symlink(ctx.attr._overlay, "BUILD.bazel")

_freebsd_sysroot = repository_rule(
    implementation = _freebsd_sysroot_impl,
    doc = "A FreeBSD sysroot in the folder `sysroot`, and a toolchain that uses it.",
    attrs = {
        "file": attr.string(mandatory = True, doc = "what the archive is called in --distdir"),
        "sha256": attr.string(mandatory = True),
        "target": attr.string(mandatory = True, values = _TARGETS),
        "urls": attr.string_list(mandatory = True),
        "version": attr.string(mandatory = True),
        "_overlay": attr.label(
            allow_single_file = True,
            default = Label("//third_party/freebsd:freebsd.BUILD.bazel"),
        ),
    },
    environ = [_VARIABLE] + [_VARIABLE + target[len("freebsd"):] for target in _TARGETS],
)

def freebsd_sysroots():
    """Declares the repositories."""
    for name in _TARGETS:
        row = SOURCES[name]
        _freebsd_sysroot(
            name = name,
            file = row.file,
            sha256 = row.sha256,
            target = name,
            urls = row.urls,
            version = row.version,
        )
