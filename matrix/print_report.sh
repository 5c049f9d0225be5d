#!/bin/sh
# Prints the table of combinations that are built and tested; see report.bzl.
set -eu
usage='usage: bazel run //:matrix_report

Prints what zmalloc is built for, and how each combination is tested.  Ends with what this machine
has to skip.'

case "$#${1-}" in
    0) ;;
    1--help) echo "$usage" && exit ;;
    *) echo "matrix_report: what is '$*'? There is --help alone" >&2 && exit 2 ;;
esac

rows=
skipped=
for sysroot in ../*/defs.bzl; do
    target=$(sed -n 's/^TARGET = "\(.*\)"/\1/p' "$sysroot")
    why=$(sed -n 's/^WHY = "\(.*\)"/\1/p' "$sysroot")
    [ -n "$why" ] || continue
    rows="$rows
/^| $target /s/built  /skipped/g"
    skipped="${skipped}skipped on this machine: $target: $why
"
done
sed "$rows" matrix/readme_lines.txt
printf %s "$skipped"

for cpu in aarch64 riscv64; do
    command -v "qemu-$cpu-static" >/dev/null ||
        echo "skipped on this machine: tests for $cpu: no qemu-$cpu-static (Debian package qemu-user-static)"
done
[ -e "${QEMU_LD_PREFIX-/usr/aarch64-linux-gnu}/lib" ] ||
    echo "skipped on this machine: tests for linux_aarch64: no libc for it (Debian package libc6-arm64-cross)"
clang=$(sh platforms/clang/find.sh 2>&1) ||
    echo "cannot be built on this machine: sanitizers and FreeBSD: $clang"
command -v npm >/dev/null ||
    echo "cannot be fetched on this machine: Zig, and msan's libc++: no npm (Debian package npm)"
