"""The files of FreeBSD's base archive that compiling and linking for FreeBSD read."""

FREEBSD = struct(
    name = "FreeBSD",
    # Headers, start files, and libraries to link (usr/lib) and to load (lib).
    members = ["usr/include"] + ["usr/lib/" + name for name in [
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
    ]],
    # If one of these is missing, nothing can be compiled or linked.
    needed = [
        "usr/include/sys/param.h",
        "usr/include/c++/v1/vector",
        "usr/lib/crt1.o",
        "usr/lib/libc.so",
        "usr/lib/libpthread.so",
        "lib/libc.so.7",
    ],
    # Headers that exist for one CPU only.
    header_of_cpu = {"arm64": "usr/include/machine/armreg.h"},
)
