"""Repositories with a system's headers and libraries, to build for it on another system.

There is one repository for each row of //platforms:targets.bzl with a sysroot.  The files
come from the folder that --repo_env=ZMALLOC_FREEBSD_SYSROOT names, or from the base
archive of the release in sources.bzl.  If neither works, the repository exists without
them.  Its defs.bzl has

  AVAILABLE  whether there is a sysroot
  WHY        if not, the reason, in one line
  TARGET     the name of the row

so that code that goes through all platforms can leave this one out.
"""

load("//platforms:targets.bzl", "NEEDS_SYSROOT")
load("//third_party:sources.bzl", "SOURCES")
load(":freebsd.bzl", "FREEBSD")

# The key is the first part of the names of the system's rows.
_SYSTEMS = {"freebsd": FREEBSD}

def _variables(target):
    """The environment variables that name a folder: the one for a CPU, and the one for any CPU."""
    system, _, cpu = target.partition("_")
    variable = "ZMALLOC_%s_SYSROOT" % system.upper()
    return ["%s_%s" % (variable, cpu), variable]

def _has(ctx, folder, file):
    return ctx.path(folder + "/" + file).exists

def _fits(ctx, folder, system):
    """Whether a sysroot is for this repository's CPU."""
    cpu = ctx.attr.target.partition("_")[2]
    misplaced = [
        file
        for header_cpu, file in system.header_of_cpu.items()
        if _has(ctx, folder, file) != (header_cpu == cpu)
    ]
    return not misplaced

def _from_disk(ctx, system):
    """Links the members of the folder that a variable names; False if none is for this CPU."""
    of_cpu, of_any = _variables(ctx.attr.target)
    for variable in [of_cpu, of_any]:
        folder = ctx.os.environ.get(variable)
        if not folder:
            continue
        if not folder.startswith("/"):
            fail("%s=%s is no absolute path" % (variable, folder))
        if not _has(ctx, folder, "usr/include/sys/param.h"):
            fail("%s=%s is no %s sysroot: there is no usr/include/sys/param.h" % (variable, folder, system.name))
        if _fits(ctx, folder, system):
            for member in system.members:
                if _has(ctx, folder, member):
                    ctx.symlink(folder + "/" + member, "sysroot/" + member)
            return True
        if variable == of_cpu:
            fail("%s=%s is a %s sysroot for another CPU" % (variable, folder, system.name))
    return False

def _unpack(ctx, archive, system):
    """Unpacks the members with tar, as Bazel fails on hard links; returns an error or ""."""
    tar = ctx.which("tar")
    if not tar:
        return "this machine has no tar to unpack it"
    ctx.file("sysroot/.keep")
    unpacked = ctx.execute(
        [tar, "-xJf", archive, "-C", "sysroot"] + ["./" + member for member in system.members],
        timeout = 600,
    )

    # Delete links to files that were not unpacked: Bazel refuses links without a target.
    ctx.execute(["find", "-L", "sysroot", "-type", "l", "-delete"])
    missing = [file for file in system.needed if not _has(ctx, str(ctx.path("sysroot")), file)]
    if missing:
        said = unpacked.stderr.strip().splitlines() or [""]
        return "its archive could not be unpacked: no %s; %s" % (missing[0], said[0])
    return ""

def _from_archive(ctx, system):
    """Fetches and unpacks the archive; returns why there is no sysroot, or an empty string."""
    source = SOURCES[ctx.attr.target]
    archive = "archive/" + source.file
    got = ctx.download(
        source.urls,
        output = archive,
        sha256 = source.sha256,
        allow_fail = True,
    )
    why = _unpack(ctx, archive, system) if got.success else "%s cannot be fetched" % source.urls[0]
    ctx.delete("archive")
    if not why:
        return ""
    ctx.delete("sysroot")
    of_cpu, of_any = _variables(ctx.attr.target)
    other = ctx.os.environ.get(of_any)
    return "no %s %s sysroot: %s (%s--repo_env=%s=DIR takes one from disk)" % (
        system.name,
        source.version,
        why,
        "%s is for another CPU; " % other if other else "",
        of_cpu if other else of_any,
    )

def _sysroot_impl(ctx):
    system = _SYSTEMS[ctx.attr.target.partition("_")[0]]
    why = "" if _from_disk(ctx, system) else _from_archive(ctx, system)
    ctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % ctx.attr.target)
    ctx.file("defs.bzl", "".join([
        "\"\"\"Made by @zmalloc//third_party/sysroot:sysroot.bzl.\"\"\"\n\n",
        "AVAILABLE = %r\n" % (not why),
        "WHY = %r\n" % why,
        "TARGET = %r\n" % ctx.attr.target,
    ]))
    ctx.symlink(ctx.attr._overlay, "BUILD.bazel")

sysroot = repository_rule(
    implementation = _sysroot_impl,
    doc = "A sysroot in the folder `sysroot`, and a toolchain that uses it.",
    attrs = {
        "target": attr.string(mandatory = True, values = NEEDS_SYSROOT, doc = "the row's name"),
        "_overlay": attr.label(
            allow_single_file = True,
            default = Label("//third_party/sysroot:sysroot.BUILD.bazel"),
        ),
    },
    environ = [variable for target in NEEDS_SYSROOT for variable in _variables(target)],
)
