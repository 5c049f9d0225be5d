#!/bin/sh
# checked_in.sh update|test FILE GENERATED TARGET [SECTION]: see defs.bzl.
set -eu
mode=$1
checked_in=$2
generated=$3
target=$4
section=${5-}
new=$(mktemp)
trap 'rm -f "$new"' EXIT

# Prints the contents that the file $1 should have.
expected() {
    if [ -z "$section" ]; then
        cat "$generated"
        return
    fi
    awk -v begin="<!-- $section:" -v end="<!-- /$section -->" -v generated="$generated" '
        { line = $0; sub(/^# /, "", line) }
        index(line, end) == 1 && inside { inside = 0; ended = 1 }
        !inside { print }
        index(line, begin) == 1 {
            inside = 1
            while ((getline made < generated) > 0) print made
        }
        END { exit !ended }' "$1" || {
        echo "$1 has no lines \"<!-- $section: ... -->\" and \"<!-- /$section -->\"" >&2
        exit 2
    }
}

if [ "$mode" = update ]; then
    file=${BUILD_WORKSPACE_DIRECTORY:?start it with bazel run}/$checked_in
    expected "$file" >"$new"
    cmp -s "$new" "$file" || { cat "$new" >"$file" && echo "updated $file"; }
else
    expected "$checked_in" >"$new"
    # Without diff: a worker of remote execution may have none.
    [ "$(cksum <"$checked_in")" = "$(cksum <"$new")" ] || {
        ! command -v diff >/dev/null || diff -u "$checked_in" "$new" || true
        echo "not up to date: bazel run $target" >&2
        exit 1
    }
fi
