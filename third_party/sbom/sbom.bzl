"""Makes a software bill of materials from the table of sources: SPDX 2.3, as JSON."""

load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")
load("//third_party:sources.bzl", "SOURCES")
load("//third_party/jemalloc:releases.bzl", "JEMALLOC_RELEASES")
load("//third_party/mimalloc:releases.bzl", "MIMALLOC_RELEASES")

_ID = "SPDXRef-"
_ZMALLOC = _ID + "zmalloc"

# The relation of a row's `part` to zmalloc.  _relationships() treats the linked allocator.
_RELATIONSHIPS = {
    "build": "BUILD_DEPENDENCY_OF",
    "library": "OPTIONAL_DEPENDENCY_OF",
    "test": "TEST_DEPENDENCY_OF",
    "toolchain": "BUILD_TOOL_OF",
    "tools": "OPTIONAL_COMPONENT_OF",
}

# Used instead of a row's name: zmalloc is linked with the system's jemalloc.
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
    if row.npm_package:
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
    """The relations of all rows to zmalloc, when it is linked with the allocator `linked`."""
    found = [_relationship(_ID + "DOCUMENT", "DESCRIBES", _ZMALLOC)]
    for name, row in SOURCES.items():
        if row.part not in _RELATIONSHIPS:
            fail("third_party/sources.bzl: the part of %s is %s, not one of %s" % (name, row.part, ", ".join(_RELATIONSHIPS.keys())))
        if name == linked:
            found.append(_relationship(_ZMALLOC, "STATIC_LINK", _id(name)))
        else:
            found.append(_relationship(_id(name), _RELATIONSHIPS[row.part], _ZMALLOC))
    if linked == _SYSTEM:
        found.append(dict(
            _relationship(_ZMALLOC, "DYNAMIC_LINK", "NOASSERTION"),
            comment = "the system's jemalloc",
        ))
    return found

def _linked(ctx):
    if ctx.attr.allocator == "mimalloc":
        return MIMALLOC_RELEASES[ctx.attr._mimalloc_version[BuildSettingInfo].value]
    if ctx.attr.allocator != "jemalloc":
        return ctx.attr.allocator
    if ctx.attr._jemalloc[BuildSettingInfo].value == "system":
        return _SYSTEM
    return JEMALLOC_RELEASES[ctx.attr._jemalloc_version[BuildSettingInfo].value]

def _sbom_impl(ctx):
    document = {
        "SPDXID": _ID + "DOCUMENT",
        "creationInfo": {
            # The same sources give the same document, so there is no time of day.
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

    # Documents with different contents must have different names.
    document["documentNamespace"] = "https://spdx.org/spdxdocs/%s-%d" % (document["name"], hash(json.encode(document)) & 0xffffffff)
    out = ctx.actions.declare_file(ctx.attr.out)
    ctx.actions.write(out, json.encode_indent(document, indent = "  ") + "\n")
    return [DefaultInfo(files = depset([out]), runfiles = ctx.runfiles([out]))]

sbom = rule(
    implementation = _sbom_impl,
    doc = "The document, for the library with the allocator that the settings choose.",
    attrs = {
        "allocator": attr.string(
            mandatory = True,
            doc = "the linked allocator: libc, jemalloc, or the name of another row",
        ),
        "out": attr.string(mandatory = True),
        "version": attr.string(mandatory = True),
        "_jemalloc": attr.label(default = "//:jemalloc"),
        "_jemalloc_version": attr.label(default = "//:jemalloc_version"),
        "_mimalloc_version": attr.label(default = "//:mimalloc_version"),
    },
)
