"""The package: both libraries, and all that lies around them in the tarball."""

load("@rules_cc//cc:find_cc_toolchain.bzl", "find_cc_toolchain", "use_cc_toolchain")
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")
load(":version.bzl", "ABI", "VERSION")

PackedInfo = provider(
    doc = "Files of a package.",
    fields = {"files": "the path of each there: a dict"},
)

def _packed_impl(ctx):
    name = ctx.attr.renamed or "{basename}"
    return [PackedInfo(files = {
        "%s/%s" % (ctx.attr.folder, name.format(basename = file.basename)): file
        for file in ctx.files.srcs
    })]

packed = rule(
    implementation = _packed_impl,
    doc = "Files that are packed, and the folder that they lie in there.",
    attrs = {
        "folder": attr.string(mandatory = True),
        "renamed": attr.string(doc = "what a single file is called there"),
        "srcs": attr.label_list(allow_files = True, mandatory = True),
    },
)

# The names of the shared library: the file, what programs load, and what -lzmalloc
# finds.
def _shared_names(system):
    if system == "macos":
        return ["libzmalloc.%s.dylib" % VERSION, "libzmalloc.%s.dylib" % ABI, "libzmalloc.dylib"]
    return ["libzmalloc.so." + VERSION, "libzmalloc.so." + ABI, "libzmalloc.so"]

def _unique(values):
    return {value: None for value in values}.keys()

def _extracted(ctx, toolchain, library):
    """The object files of a library that make has built, as a folder."""
    archive = library.pic_static_library

    # Of object files Bazel wants to see it by the name.
    folder = ctx.actions.declare_directory("%s_files/%s.o" % (ctx.label.name, archive.basename[:-len(".a")]))
    ctx.actions.run(
        outputs = [folder],
        inputs = depset([archive], transitive = [toolchain.all_files]),
        executable = toolchain.ar_executable,
        arguments = ["x", "--output", folder.path, archive.path],
        mnemonic = "Extract",
        progress_message = "Extracting " + archive.short_path,
    )
    return [folder]

def _contents(ctx, toolchain):
    """All object files of a library and its dependencies, and what they link with."""
    objects = []
    linkopts = []
    for linker_input in ctx.attr.library[CcInfo].linking_context.linker_inputs.to_list():
        linkopts += linker_input.user_link_flags
        for library in linker_input.libraries:
            objects += library.pic_objects or _extracted(ctx, toolchain, library)
    return struct(objects = _unique(objects), linkopts = _unique(linkopts))

def _exports(ctx, system):
    """Exports what is visible of the names that the headers have.

    A version script; for Apple's linker, which Zig's is not, a list of symbols.
    """
    script = ctx.actions.declare_file(ctx.label.name + ".exports")
    if system == "macos":
        text = "".join(["_%s\n" % pattern for pattern in ctx.attr.exports])
    else:
        text = "{ global: %s local: *; };\n" % "".join([pattern + "; " for pattern in ctx.attr.exports])
    ctx.actions.write(script, text)
    return script

def _libraries(ctx, system):
    """The static library, the shared one, and what the static one links with."""
    toolchain = find_cc_toolchain(ctx)
    features = cc_common.configure_features(
        ctx = ctx,
        cc_toolchain = toolchain,
        requested_features = ctx.features,
        unsupported_features = ctx.disabled_features,
    )
    contents = _contents(ctx, toolchain)
    outputs = cc_common.create_compilation_outputs(pic_objects = depset(contents.objects))
    _, archived = cc_common.create_linking_context_from_compilation_outputs(
        actions = ctx.actions,
        name = "zmalloc",
        cc_toolchain = toolchain,
        compilation_outputs = outputs,
        disallow_dynamic_library = True,
        feature_configuration = features,
    )
    script = _exports(ctx, system)
    soname = _shared_names(system)[1]
    linked = cc_common.link(
        actions = ctx.actions,
        name = "zmalloc_shared",
        additional_inputs = [script],
        cc_toolchain = toolchain,
        compilation_outputs = outputs,
        feature_configuration = features,
        output_type = "dynamic_library",
        user_link_flags = [
            flag.replace("@soname@", soname).replace("@script@", script.path)
            for flag in ctx.attr.linkopts
        ] + contents.linkopts,
    )
    shared = linked.library_to_link
    return struct(
        static = archived.library_to_link.pic_static_library,
        shared = shared.resolved_symlink_dynamic_library or shared.dynamic_library,
        linkopts = contents.linkopts,
    )

def _expand(ctx, template, substitutions):
    out = ctx.actions.declare_file("%s_files/%s" % (ctx.label.name, template.basename[:-len(".in")]))
    ctx.actions.expand_template(
        template = template,
        output = out,
        substitutions = substitutions,
    )
    return out

def _link_line(ctx, libraries, backend):
    """What a program needs besides the static library."""
    cxx = [ctx.attr.cxx_runtime] if backend.startswith("tcmalloc") else []
    return libraries.linkopts + cxx

def _package_name(ctx, system, backend):
    cpu = ctx.attr.cpu
    if cpu == "aarch64" and system != "linux":
        cpu = "arm64"
    return "zmalloc-%s-%s_%s%s-%s" % (VERSION, system, cpu, ctx.attr.libc, backend)

def _package_impl(ctx):
    system = ctx.attr.system
    backend = ctx.attr.backend[config_common.FeatureFlagInfo].value
    libraries = _libraries(ctx, system)
    linkopts = _link_line(ctx, libraries, backend)
    names = _shared_names(system)
    substitutions = {
        "@allocator@": backend,
        "@license@": " AND ".join(_unique(ctx.attr.license)),
        "@shared@": names[0],
        "@soname@": "@rpath/" + names[1] if system == "macos" else names[1],
        "@version@": VERSION,
    }
    shell = dict(substitutions, **{"@libs@": "".join([" " + option for option in linkopts])})
    cmake = dict(substitutions, **{"@libs@": ";".join(linkopts)})
    files = {
        "lib/libzmalloc.a": libraries.static,
        "lib/" + names[0]: libraries.shared,
    }
    for template in ctx.files.pkgconfig:
        out = _expand(ctx, template, shell)
        files["lib/pkgconfig/" + out.basename] = out
    for template in ctx.files.cmake:
        out = _expand(ctx, template, cmake)
        files["lib/cmake/zmalloc/" + out.basename] = out
    for target in ctx.attr.files:
        files.update(target[PackedInfo].files)

    name = _package_name(ctx, system, backend)
    manifest = ctx.actions.declare_file(ctx.label.name + ".manifest")
    ctx.actions.write(manifest, "".join(
        ["file %s %s\n" % (path, file.path) for path, file in files.items()] +
        ["link lib/%s %s\n" % (link, names[0]) for link in names[1:]],
    ))
    tarball = ctx.actions.declare_file(name + ".tar.gz")
    ctx.actions.run(
        outputs = [tarball],
        inputs = files.values() + [manifest],
        executable = ctx.executable._pack,
        arguments = [tarball.path, name, manifest.path],
        mnemonic = "Pack",
        progress_message = "Packing " + tarball.short_path,
        use_default_shell_env = True,
    )
    return [
        DefaultInfo(files = depset([tarball])),
        OutputGroupInfo(
            shared_library = depset([libraries.shared]),
            static_library = depset([libraries.static]),
        ),
    ]

zmalloc_package = rule(
    implementation = _package_impl,
    doc = "A tarball of one C/C++ library, for the platform and allocator of its configuration.",
    attrs = {
        "backend": attr.label(mandatory = True, providers = [config_common.FeatureFlagInfo]),
        "cmake": attr.label_list(allow_files = [".in"], mandatory = True),
        "cpu": attr.string(mandatory = True),
        "cxx_runtime": attr.string(
            mandatory = True,
            doc = "what programs in C link with for allocators in C++",
        ),
        "exports": attr.string_list(
            mandatory = True,
            doc = "patterns of the names that may be exported",
        ),
        "files": attr.label_list(doc = "what else is packed", providers = [PackedInfo]),
        "libc": attr.string(doc = "at the end of the platform's name"),
        "library": attr.label(mandatory = True, providers = [CcInfo]),
        "license": attr.string_list(mandatory = True, doc = "SPDX identifiers of what is inside"),
        "linkopts": attr.string_list(
            doc = "for the shared library; @soname@ and @script@ stand for its name and " +
                  "the script that says what is exported",
        ),
        "pkgconfig": attr.label_list(allow_files = [".in"], mandatory = True),
        "system": attr.string(mandatory = True),
        "_cc_toolchain": attr.label(default = Label("@rules_cc//cc:current_cc_toolchain")),
        "_pack": attr.label(
            allow_single_file = True,
            cfg = "exec",
            default = Label("//dist:pack.sh"),
            executable = True,
        ),
    },
    fragments = ["cpp"],
    toolchains = use_cc_toolchain(mandatory = True),
)
