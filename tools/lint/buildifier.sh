#!/bin/bash
# See --help.
set -uo pipefail

usage='Usage: bazel run //tools/lint:buildifier [-- --fix | --help]
Runs buildifier over our BUILD, MODULE, WORKSPACE and .bzl files: format and warnings.
Prints all findings; the exit status is then 1.

  --fix   format the files, and correct the findings that buildifier can correct'

fail() { echo "buildifier: $1" >&2 && exit 2; }

case "$#${1-}" in
0) modes=(-mode=check -lint=warn) ;;
1--fix) modes=(-mode=fix -lint=fix) ;;
1--help) echo "$usage" && exit 0 ;;
1*) fail "unknown argument $1 (see --help)" ;;
*) fail "too many arguments (see --help)" ;;
esac
program=$PWD/tools/lint/buildifier_binary
[ -x "$program" ] && cd "${BUILD_WORKSPACE_DIRECTORY:-}" 2>/dev/null ||
    fail 'start it with bazel run //tools/lint:buildifier'

# A macro that makes targets from a table takes no name.
modes+=(-warnings=-unnamed-macro)

files() { find . -name .git -prune -o -type f "$@" -print0; }
status=0
files \( -name '*.bzl' -o -name BUILD.bazel -o -name MODULE.bazel -o -name 'WORKSPACE*' \) |
    xargs -0 "$program" "${modes[@]}" || status=1
# buildifier does not know these files by their names.
files -name '*.BUILD.bazel' | xargs -0 "$program" -type=build "${modes[@]}" || status=1
[ "$status" != 0 ] || echo "buildifier: nothing found ($("$program" --version | sed -n 's/.*version: *\([^ ]*\).*/\1/p'))"
exit "$status"
