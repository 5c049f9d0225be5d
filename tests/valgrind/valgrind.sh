#!/bin/sh
# Runs a test under the tool of valgrind after which this file is named.
command -v valgrind >/dev/null || {
    echo "cannot run the test: valgrind is not installed (Debian package valgrind)" >&2
    exit 2
}
tool=$(basename "$0")
export ZMALLOC_UNDER_VALGRIND="$tool" # tests read this
exec valgrind --quiet --error-exitcode=99 --fair-sched=yes \
    "--tool=$tool" "--suppressions=$0.supp" "$@"
