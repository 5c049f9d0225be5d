#!/bin/sh
# Runs a Linux program for another CPU with qemu-user.  The CPU is the name by which this
# script is called.  If the program starts other such programs, they run only if the kernel
# knows qemu (binfmt_misc).
[ "$(head -c 2 "$1")" != '#!' ] || exec "$@"
cpu=${0##*/}
case $cpu in
aarch64) package=libc6-arm64-cross ;;
*) package=libc6-$cpu-cross ;;
esac
qemu=qemu-$cpu-static
command -v "$qemu" >/dev/null || {
    echo "cannot run programs for $cpu: no $qemu in PATH (Debian package qemu-user-static)" >&2
    exit 2
}
# Dynamically linked programs find their libc in this folder; static ones need none.
export QEMU_LD_PREFIX="${QEMU_LD_PREFIX-/usr/$cpu-linux-gnu}"
[ -e "$QEMU_LD_PREFIX/lib" ] || ! grep -q "ld-linux-$cpu" "$1" || {
    echo "cannot run programs for $cpu: no libc in $QEMU_LD_PREFIX (Debian package $package)" >&2
    exit 2
}
# Tests read this to start other programs, and because some things differ under qemu.
export ZMALLOC_EMULATOR="$0"
exec "$qemu" "$@"
