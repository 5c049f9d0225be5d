"""A software bill of materials from the table of sources: SPDX 2.3, as JSON."""

load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")
load("//third_party:sources.bzl", "SOURCES")
load("//third_party/jemalloc:releases.bzl", "JEMALLOC_RELEASES")

_ID = "SPDXRef-"
_ZMALLOC = _ID + "zmalloc"

# How a row's `part` relates to zmalloc.  Allocators: see _relationships.
_RELATIONSHIPS = {
    "build": "BUILD_DEPENDENCY_OF",
    "library": "OPTIONAL_DEPENDENCY_OF",
    "test": "TEST_DEPENDENCY_OF",
    "toolchain": "BUILD_TOOL_OF",
    "tools": "OPTIONAL_COMPONENT_OF",
}

# In place of a row: what is linked is not ours.
_SYSTEM = "system"

def _id(name):
    return _ID + name.replace("_", "-")

def _github_purl(url):
    """The package URL of an archive of a GitHub release, or None."""
    host, _, path = url.partition("://")[2].partition("/")
    pieces = path.split("/")
    for before in [["archive", "refs", "tags"], ["releases", "download"]]:
        if host == "github.com" and pieces[2:2 + len(before)] == before:
            tag = pieces[2 + len(before)]
            if tag.endswith(".tar.gz"):
                tag = tag[:-len(".tar.gz")]
            return "pkg:github/%s/%s@%s" % (pieces[0], pieces[1], tag)
    return None

def _purl(name, row):
    if getattr(row, "npm_package", ""):
        return "pkg:npm/%s@%s" % (row.npm_package.replace("@", "%40"), row.version)
    return _github_purl(row.urls[0]) or "pkg:generic/%s@%s?checksum=sha256:%s" % (name, row.version, row.sha256)

def _package(name, version, license, download_location):
    return {
        "SPDXID": _id(name),
        "copyrightText": "NOASSERTION",
        "downloadLocation": download_location,
        "filesAnalyzed": False,
        "licenseConcluded": license,
        "licenseDeclared": license,
        "name": name,
        "versionInfo": version,
    }

def _source_package(name, row):
    package = _package(name, row.version, row.license, row.urls[0] if row.urls else "NOASSERTION")
    package["checksums"] = [{
        "algorithm": "SHA256",
        "checksumValue": row.sha256,
    }]
    package["externalRefs"] = [{
        "referenceCategory": "PACKAGE-MANAGER",
        "referenceLocator": _purl(name, row),
        "referenceType": "purl",
    }]
    return package

def _relationship(element, kind, related):
    return {
        "relatedSpdxElement": related,
        "relationshipType": kind,
        "spdxElementId": element,
    }

def _relationships(linked):
    """What is what to zmalloc, when it is linked with the allocator of the row `linked`."""
    found = [_relationship(_ID + "DOCUMENT", "DESCRIBES", _ZMALLOC)]
    for name, row in SOURCES.items():
        part = getattr(row, "part", None)
        if part not in _RELATIONSHIPS:
            fail("third_party/sources.bzl: the part of %s is %s, not one of %s" % (name, part, ", ".join(_RELATIONSHIPS.keys())))
        if name == linked:
            found.append(_relationship(_ZMALLOC, "STATIC_LINK", _id(name)))
        else:
            found.append(_relationship(_id(name), _RELATIONSHIPS[part], _ZMALLOC))
    if linked == _SYSTEM:
        found.append(dict(
            _relationship(_ZMALLOC, "DYNAMIC_LINK", "NOASSERTION"),
            comment = "the system's jemalloc",
        ))
    return found

_ASCII = "\n !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"

def _digest(text):
    """64 bits of FNV-1a: Starlark has no better hash, and names have to differ, not more."""
    hashed = 0xcbf29ce484222325
    for character in text.elems():
        hashed = (hashed ^ _ASCII.index(character)) * 0x100000001b3 % (1 << 64)
    return "".join(["0123456789abcdef"[hashed >> shift & 15] for shift in range(60, -1, -4)])

def _linked(ctx):
    if ctx.attr.allocator != "jemalloc":
        return ctx.attr.allocator
    if ctx.attr._jemalloc[BuildSettingInfo].value == "system":
        return _SYSTEM
    return JEMALLOC_RELEASES[ctx.attr._jemalloc_version[BuildSettingInfo].value]

def _sbom_impl(ctx):
    document = {
        "SPDXID": _ID + "DOCUMENT",
        "creationInfo": {
            # The same from the same sources: no time of day.
            "created": "1970-01-01T00:00:00Z",
            "creators": ["Tool: zmalloc-sbom-" + ctx.attr.version],
        },
        "dataLicense": "CC0-1.0",
        "name": "zmalloc-" + ctx.attr.version,
        "packages": [_package("zmalloc", ctx.attr.version, "BSD-3-Clause", "NOASSERTION")] + [
            _source_package(name, row)
            for name, row in SOURCES.items()
        ],
        "relationships": _relationships(_linked(ctx)),
        "spdxVersion": "SPDX-2.3",
    }
    document["documentNamespace"] = "https://spdx.org/spdxdocs/%s-%s" % (document["name"], _digest(json.encode(document)))
    out = ctx.actions.declare_file(ctx.attr.out)
    ctx.actions.write(out, json.encode_indent(document, indent = "  ") + "\n")
    return [DefaultInfo(files = depset([out]), runfiles = ctx.runfiles([out]))]

sbom = rule(
    implementation = _sbom_impl,
    doc = "The document, for the library with the allocator that the settings choose.",
    attrs = {
        "allocator": attr.string(
            mandatory = True,
            doc = "libc, jemalloc, or the row of another that is linked",
        ),
        "out": attr.string(mandatory = True),
        "version": attr.string(mandatory = True),
        "_jemalloc": attr.label(default = "//:jemalloc"),
        "_jemalloc_version": attr.label(default = "//:jemalloc_version"),
    },
)
