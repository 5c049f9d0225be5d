#!/bin/bash
# See --help.
set -uo pipefail

usage='Usage: bazel run //tools/lint [-- TARGETS... | -- -TARGETS...]
Reads our C and C++ files that are compiled here with clang-tidy (checks: .clang-tidy)
and cppcheck, each once as long as it does not change: all of them, those of the targets
(as //zmalloc/...), or with a minus before each (as -//tests/...) all but those.  Prints
what they find; the exit status is then 1.  BAZEL names the bazel to use; without it
./bazelw does.'

# The two are compiled for us by the rules of others: our files in the allocators.
all=(//zmalloc/... //tools/... //tests/... @gperftools//:tcmalloc_internal @jemalloc//:jemalloc)

fail() { echo "lint: $1" >&2 && exit 2; }

[ "${1-}" != --help ] || { echo "$usage" && exit 0; }
named=
for target; do
    case $target in
    //* | @*) named=1 ;;
    -//* | -@*) ;;
    *) fail "no target: $target (see --help)" ;;
    esac
done
# Bazel takes targets off those before them.
[ -n "$named" ] || set -- "${all[@]}" "$@"
cd "${BUILD_WORKSPACE_DIRECTORY:-}" 2>/dev/null || fail 'start it with bazel run //tools/lint'

version() { "$1" --version 2>/dev/null | grep -o -E '[0-9]+\.[0-9.]+' | head -n 1; }

# Older ones take some of C++17 for an error.
least=19
for name in clang-tidy-{22,21,20,19} clang-tidy; do
    clang_tidy=$(command -v "$name") && [ "$(version "$clang_tidy" | cut -d . -f 1)" -ge $least ] && break
    clang_tidy=
done
[ -n "$clang_tidy" ] || fail "there is no clang-tidy $least or later (Debian package clang-tidy-$least)"
cppcheck=$(command -v cppcheck) || fail "cppcheck is not installed (Debian package cppcheck)"
tools="$clang_tidy $(version "$clang_tidy") $cppcheck $(version "$cppcheck")"

"${BAZEL:-./bazelw}" build --config=lint "--//tools/lint:tools=$tools" --keep_going -- "$@"
status=$?
case $status in
0) echo "lint: nothing found ($tools)" ;;
1) exit 1 ;;
*) fail "bazel ended with status $status" ;;
esac
