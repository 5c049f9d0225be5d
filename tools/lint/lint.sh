#!/bin/bash
# See --help.
set -uo pipefail

usage='Usage: bazel run //tools/lint [-- TARGETS... | -- -TARGETS...]
Runs clang-tidy (its checks: .clang-tidy) and cppcheck over our C and C++ files that are
compiled here.  A file that did not change is not read again.

  TARGETS   only their files, as //zmalloc/...
  -TARGETS  all files but theirs, as -//tests/...

Prints all findings; the exit status is then 1.  The variable BAZEL names the Bazel to use
(default ./bazelw).'

# The last two hold files of ours, which other projects' rules compile.
all=(//zmalloc/... //malloc/... //tools/... //tests/... @gperftools//:tcmalloc @jemalloc//:jemalloc)

fail() { echo "lint: $1" >&2 && exit 2; }

[ "${1-}" != --help ] || { echo "$usage" && exit 0; }
named=
for target; do
    case $target in
    //* | @*) named=1 ;;
    -//* | -@*) ;;
    *) fail "not a target: $target (see --help)" ;;
    esac
done
# Bazel takes targets off only those named before them.
[ -n "$named" ] || set -- "${all[@]}" "$@"
cd "${BUILD_WORKSPACE_DIRECTORY:-}" 2>/dev/null || fail 'start it with bazel run //tools/lint'

version() { "$1" --version 2>/dev/null | grep -o -E '[0-9]+\.[0-9.]+' | head -n 1; }

# Versions older than that script finds report some of C++17 as an error.
clang_tidy=$(sh platforms/clang/find.sh --tidy 2>&1) || fail "$clang_tidy"
cppcheck=$(command -v cppcheck) || fail "cppcheck is not installed (Debian package cppcheck)"
tools="$clang_tidy $(version "$clang_tidy") $cppcheck $(version "$cppcheck")"

"${BAZEL:-./bazelw}" build --config=lint "--//tools/lint:tools=$tools" --keep_going -- "$@"
status=$?
case $status in
0) echo "lint: nothing found ($tools)" ;;
1) exit 1 ;;
*) fail "bazel ended with status $status" ;;
esac
