"""The package: a tarball with both libraries and all other files."""

load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")
load("@rules_cc//cc:find_cc_toolchain.bzl", "find_cc_toolchain", "use_cc_toolchain")
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")
load("//third_party:sources.bzl", "SOURCES")
load("//zmalloc/allocator:allocators.bzl", "BACKENDS", "lib")
load("//zmalloc/compat:servers.bzl", "SERVERS")
load(":version.bzl", "ABI", "VERSION")

# How the name of a package tells a setting; {} is the value.  A setting at its default, which is
# the first word here, is not told.  //zmalloc/choice makes the backend from the other settings,
# and the name always tells the backend.
_TOLD = {
    "gperftools_build": ("native", "gperftools_by_{}"),
    "guard": ("False", "guard"),
    "jemalloc_build": ("native", "jemalloc_by_{}"),
    "jemalloc_lg_page": ("auto", "lg_page_{}"),
    "sanitizer": ("none", "sanitizer_{}"),
}

# The files besides those of the library: the path of each in the package, or their folder with a / at
# the end; @so@ is the suffix of shared libraries.
FILES = dict({
    "//:LICENSE": "share/licenses/zmalloc/",
    "//docs:drop-in.md": "share/doc/zmalloc/",
    "//docs:without-bazel.md": "share/doc/zmalloc/",
    "//zmalloc:headers": "include/zmalloc/",
    "//zmalloc/compat:common.h": "include/zmalloc/compat/",
    "//zmalloc/features:header": "include/zmalloc/",
}, **{
    "//zmalloc/compat:%s/zmalloc.h" % server: "include/zmalloc/compat/%s/" % server
    for server in SERVERS
})

def _files_of_allocator(name, row):
    files = dict(row.package, **{row.compat: "include/zmalloc/compat/allocator.h"})
    files["//malloc:packaged"] = "lib/libzmalloc_%s.@so@" % name  # for LD_PRELOAD, or DYLD_INSERT_LIBRARIES
    if row.source:
        files["//third_party/%s:license" % row.source] = "share/licenses/zmalloc/COPYING." + row.source
    return files

FILES_OF_ALLOCATOR = {name: _files_of_allocator(name, row) for name, row in BACKENDS.items()}

# Patterns of the names that the shared library exports.
_EXPORTS = ["extend_to_usable", "get_proc_stat_ll", "jemalloc_purge", "set_jemalloc_bg_thread", "valkey_*", "z*"]

# The settings that decide what is in a package.
_SETTINGS = [
    "//:gperftools_build",
    "//:guard",
    "//:jemalloc",
    "//:jemalloc_build",
    "//:jemalloc_lg_page",
    "//:jemalloc_version",
    "//:malloc",
    "//:malloc_size",
    "//:mimalloc_version",
    "//:sanitizer",
]

# The names of the shared library: the file's, the name that programs load, and the name that
# -lzmalloc finds.
def _shared_names(system):
    if system == "macos":
        return ["libzmalloc.%s.dylib" % VERSION, "libzmalloc.%s.dylib" % ABI, "libzmalloc.dylib"]
    return ["libzmalloc.so." + VERSION, "libzmalloc.so." + ABI, "libzmalloc.so"]

def _unique(values):
    return {value: None for value in values}.keys()

def _extracted(ctx, toolchain, library):
    """The object files of a library that make has built, as a folder."""
    archive = library.pic_static_library

    # Bazel takes only files and folders with the name of an object file.
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
    """All object files of a library and its dependencies, and their linker options."""
    objects = []
    linkopts = []
    for linker_input in ctx.attr.library[CcInfo].linking_context.linker_inputs.to_list():
        linkopts += linker_input.user_link_flags
        for library in linker_input.libraries:
            objects += library.pic_objects or _extracted(ctx, toolchain, library)
    return struct(objects = _unique(objects), linkopts = _unique(linkopts))

def _exports(ctx, system):
    """Writes the file that makes the linker export only the names in the headers.

    It is a version script, or for macOS a list of symbols, which only Apple's linker takes.
    """
    script = ctx.actions.declare_file(ctx.label.name + ".exports")
    if system == "macos":
        text = "".join(["_%s\n" % pattern for pattern in _EXPORTS])
    else:
        text = "{ global: %s local: *; };\n" % "".join([pattern + "; " for pattern in _EXPORTS])
    ctx.actions.write(script, text)
    return script

def _libraries(ctx, system):
    """The static library, the shared library, and the static one's linker options."""
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

def _expand(ctx, template, substitutions, name = None):
    out = ctx.actions.declare_file("%s_files/%s" % (ctx.label.name, name or template.basename[:-len(".in")]))
    ctx.actions.expand_template(
        template = template,
        output = out,
        substitutions = substitutions,
    )
    return out

def _backend(ctx):
    return ctx.attr.backend[config_common.FeatureFlagInfo].value

def _build_info(ctx, system):
    """What the package is made of, as its BUILD-INFO.json tells it."""
    backend = _backend(ctx)
    row = BACKENDS[backend]
    licenses = ["BSD-3-Clause"] + ([SOURCES[row.source].license] if row.source else [])
    settings = {
        target.label.name: str(target[BuildSettingInfo].value)
        for target in ctx.attr._settings
    }
    of_the_system = settings["jemalloc"] == "system"
    named = lib(
        row,
        "system" if of_the_system else settings["jemalloc_version"],
        settings["mimalloc_version"],
    )
    cpu = ctx.attr.cpu
    if cpu == "aarch64" and system != "linux":
        cpu = "arm64"
    platform = "%s_%s%s" % (system, cpu, "_" + ctx.attr.libc if ctx.attr.libc else "")
    toolchain = find_cc_toolchain(ctx)
    told = [
        text.format(settings[name])
        for name, (default, text) in _TOLD.items()
        if settings[name] != default
    ]
    if toolchain.compiler not in ["compiler", "gcc"]:
        told.append(toolchain.compiler)
    return struct(
        # jemalloc_stock is named as jemalloc is, and libc_prefix as libc.
        name = "-".join(["zmalloc", VERSION, platform, backend + named[len(row.malloc):]] + told),
        facts = {
            "allocator": {
                "backend": backend,
                "name": row.malloc,
                "release": named[len(row.malloc) + 1:],
            },
            "binary_interface": ABI,
            "compat": SERVERS,
            "compiler": "@compiler@",
            "compiler_options": ctx.fragments.cpp.copts,
            "guard": settings["guard"] == "True",
            "license": " AND ".join(_unique(licenses)),
            "platform": platform,
            "settings": settings,
            "version": VERSION,
        },
    )

# Only the compiler itself knows its release.
_WRITE_INFO = """
compiler=$("$1" --version | sed -n '1{s/[^A-Za-z0-9 ().,+~_-]//g;p;}')
sed "s/@compiler@/$compiler/" "$2" >"$3"
"""

def _written(ctx, info):
    toolchain = find_cc_toolchain(ctx)
    facts = ctx.actions.declare_file(ctx.label.name + ".facts")
    ctx.actions.write(facts, json.encode_indent(dict(info.facts, name = info.name), indent = "  ") + "\n")
    out = ctx.actions.declare_file(ctx.label.name + "_files/BUILD-INFO.json")
    ctx.actions.run_shell(
        outputs = [out],
        inputs = depset([facts], transitive = [toolchain.all_files]),
        command = _WRITE_INFO,
        arguments = [toolchain.compiler_executable, facts.path, out.path],
        mnemonic = "BuildInfo",
        use_default_shell_env = True,
    )
    return out

def _package_impl(ctx):
    system = ctx.attr.system
    info = _build_info(ctx, system)
    libraries = _libraries(ctx, system)

    # What a program needs besides the static library.
    linkopts = libraries.linkopts + ([ctx.attr.cxx_runtime] if BACKENDS[_backend(ctx)].cxx else [])
    names = _shared_names(system)
    substitutions = {
        "@allocator@": info.facts["allocator"]["backend"],
        "@license@": info.facts["license"],
        # The header defines it too, but not every file of a server that asks for it includes that.
        "@server_flags@": "-DUSE_JEMALLOC" if info.facts["allocator"]["name"] == "jemalloc" else "",
        "@servers@": " ".join(SERVERS),
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
    for template in ctx.files._pkgconfig:
        out = _expand(ctx, template, shell)
        files["lib/pkgconfig/" + out.basename] = out
    for server in SERVERS:
        name = "zmalloc-%s.pc" % server
        files["lib/pkgconfig/" + name] = _expand(ctx, ctx.file._server_pkgconfig, dict(shell, **{"@server@": server}), name)
    for template in ctx.files._cmake:
        out = _expand(ctx, template, cmake)
        files["lib/cmake/zmalloc/" + out.basename] = out
    suffix = "dylib" if system == "macos" else "so"
    for target, path in ctx.attr.files.items() + ctx.attr.files_of_allocator.items():
        path = path.replace("@so@", suffix)
        for file in target[DefaultInfo].files.to_list():
            files[path + file.basename if path.endswith("/") else path] = file
    files["lib/zmalloc/BUILD-INFO.json"] = _written(ctx, info)

    manifest = ctx.actions.declare_file(ctx.label.name + ".manifest")
    ctx.actions.write(manifest, "".join(
        ["file %s %s\n" % (path, file.path) for path, file in files.items()] +
        ["link lib/%s %s\n" % (link, names[0]) for link in names[1:]],
    ))
    tarball = ctx.actions.declare_file(info.name + ".tar.gz")
    ctx.actions.run(
        outputs = [tarball],
        inputs = files.values() + [manifest],
        executable = ctx.executable._pack,
        arguments = [tarball.path, info.name, manifest.path],
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
        "cpu": attr.string(mandatory = True),
        "cxx_runtime": attr.string(
            mandatory = True,
            doc = "the flag by which programs in C link the C++ runtime, for allocators in C++",
        ),
        "files": attr.label_keyed_string_dict(allow_files = True, mandatory = True),
        "files_of_allocator": attr.label_keyed_string_dict(allow_files = True, mandatory = True),
        "libc": attr.string(doc = "the libc, where the platform has several; empty: its usual one"),
        "library": attr.label(mandatory = True, providers = [CcInfo]),
        "linkopts": attr.string_list(
            doc = "for the shared library; @soname@ and @script@ stand for its name and " +
                  "the file with the exported names",
        ),
        "system": attr.string(mandatory = True),
        "_cc_toolchain": attr.label(default = Label("@rules_cc//cc:current_cc_toolchain")),
        "_cmake": attr.label_list(allow_files = True, default = [
            "//dist:zmallocConfig.cmake.in",
            "//dist:zmallocConfigVersion.cmake.in",
        ]),
        "_pack": attr.label(
            allow_single_file = True,
            cfg = "exec",
            default = Label("//dist:pack.sh"),
            executable = True,
        ),
        "_pkgconfig": attr.label_list(allow_files = True, default = [
            "//dist:zmalloc.pc.in",
            "//dist:zmalloc-static.pc.in",
        ]),
        "_server_pkgconfig": attr.label(allow_single_file = True, default = "//dist:zmalloc-server.pc.in"),
        "_settings": attr.label_list(default = _SETTINGS),
    },
    fragments = ["cpp"],
    toolchains = use_cc_toolchain(mandatory = True),
)
