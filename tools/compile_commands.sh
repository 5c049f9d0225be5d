#!/bin/bash
# See --help.
set -uo pipefail

usage='Usage: bazel run //tools:compile_commands -- [OPTION...] [TARGET...]

Writes compile_commands.json at the top of the workspace, for clangd: how Bazel
compiles the files of the targets (default //...) and of their dependencies.

  --bazel=PROGRAM  ask this Bazel (default bazel)
  --config=NAME    as for bazel build; so are --malloc=, --platforms= and -c
  --output=FILE    write this file
  --help           print this text

Generated headers exist once the targets are built.  Needs jq.'

fail() { echo "compile_commands: $1" >&2 && exit 2; }

bazel=bazel output=compile_commands.json flags=() targets=()
while [ $# -gt 0 ]; do
    case $1 in
    --help) echo "$usage" && exit 0 ;;
    --bazel= | --output=) fail "${1%=} needs a value" ;;
    --bazel=*) bazel=${1#*=} ;;
    --output=/*) output=${1#*=} ;;
    --output=*) output=${BUILD_WORKING_DIRECTORY:-$PWD}/${1#*=} ;;
    -c)
        shift
        [ $# -gt 0 ] || fail '-c needs a value: fastbuild, dbg or opt'
        flags+=("--compilation_mode=$1")
        ;;
    --*) flags+=("$1") ;;
    '' | -* | *[\'\"[:space:]]*) fail "not a target: $1 (as in //zmalloc/... or @redis7//:redis-server)" ;;
    *) targets+=("$1") ;;
    esac
    shift
done
[ ${#targets[@]} -gt 0 ] || targets=(//...)
cd "${BUILD_WORKSPACE_DIRECTORY:-}" 2>/dev/null || fail 'start it with bazel run'
command -v jq >/dev/null || fail 'jq is not installed (Debian package jq)'
command -v "$bazel" >/dev/null || fail "no program $bazel; --bazel=PROGRAM names another"

# Bazel prints its own errors.
ask() { "$bazel" "$@" || fail "$bazel $1 failed, with status $?"; }
base=$(ask info output_base) && root=$(ask info execution_root) || exit 2
new=$output.new asked=$(mktemp)
trap 'rm -f "$new" "$asked"' EXIT
: 2>/dev/null >"$new" || fail "cannot write $output"
set=$(printf ' + %s' "${targets[@]}")
ask aquery --output=jsonproto ${flags[@]+"${flags[@]}"} \
    "mnemonic(\"CppCompile\", deps(${set# + }))" >"$asked" || exit 2
if ! jq -r --arg workspace "$PWD" --arg base "$base" --arg root "$root" '
        # Relative paths start in the workspace.  A file that is not there gets a full path.
        def found($folder; $parent):
            sub("\\A(?<option>(-I|-iquote|-isystem|-idirafter|-include|-F|-[^=]*=)?)\($folder)/";
                "\(.option)\($parent)/\($folder)/");
        def resolved: found("external"; $base) | found("bazel-out"; $root);
        # When a file has several commands, takes the one of a plain build: under no transition
        # (-ST-), and for no tool that the build itself runs.
        def strangeness: if any(test("-exec-|bazel-out/host/")) then 2 elif any(test("-ST-")) then 1 else 0 end;
        [.actions[]? | select(.mnemonic == "CppCompile") | .arguments
            | {source: .[(index("-c") // length) + 1], arguments: .} | select(.source)]
        | group_by(.source) | map(min_by(.arguments | strangeness)
            # Leaves out the option that only GCC knows.
            | {directory: $workspace, file: (.source | resolved),
               arguments: (.arguments - ["-fno-canonical-system-headers"] | map(resolved))} | tojson)
        | "[\n  " + join(",\n  ") + "\n]"' "$asked" >"$new" 2>/dev/null; then
    fail "$bazel aquery does not print JSON"
fi
count=$(grep -c '^  {' "$new") || fail 'nothing of it is compiled from C or C++'
mv "$new" "$output" 2>/dev/null || fail "cannot write $output"
echo "$output: $count files"
