#!/bin/bash
# See --help.
set -uo pipefail

usage='Usage: bazel run //tools/lint:buildifier [-- --fix | --help]
Reads all of our BUILD, MODULE, WORKSPACE and .bzl files with buildifier: how they are
formatted, and what it warns of.  Prints what it finds; the exit status is then 1.

  --fix   formats them, and mends of the rest what buildifier can'

fail() { echo "buildifier: $1" >&2 && exit 2; }

case "$#${1-}" in
0) modes=(-mode=check -lint=warn) ;;
1--fix) modes=(-mode=fix -lint=fix) ;;
1--help) echo "$usage" && exit 0 ;;
1*) fail "no such argument: $1 (see --help)" ;;
*) fail "too many arguments (see --help)" ;;
esac
program=$PWD/tools/lint/buildifier_binary
[ -x "$program" ] && cd "${BUILD_WORKSPACE_DIRECTORY:-}" 2>/dev/null ||
    fail 'start it with bazel run //tools/lint:buildifier'

# Macros that stamp what a table says have no name to be given.
modes+=(-warnings=-unnamed-macro)

files() { find . -name .git -prune -o -type f "$@" -print0; }
status=0
files \( -name '*.bzl' -o -name BUILD.bazel -o -name MODULE.bazel -o -name 'WORKSPACE*' \) |
    xargs -0 "$program" "${modes[@]}" || status=1
# It does not know these by their names.
files -name '*.BUILD.bazel' | xargs -0 "$program" -type=build "${modes[@]}" || status=1
[ "$status" != 0 ] || echo "buildifier: nothing found ($("$program" --version | sed -n 's/.*version: *\([^ ]*\).*/\1/p'))"
exit "$status"
