#!/bin/sh
# lint_file.sh TOOLS CONFIG REPORT FILE ARGUMENT...: reads FILE with the TOOLS ("CLANG_TIDY
# VERSION CPPCHECK VERSION"), as compiled with the arguments.  Fails on a finding.
set -u
[ -n "$1" ] || { echo "lint: start it with bazel run //tools/lint" >&2 && exit 2; }
tools=$1 config=$2 report=$3 file=$4
shift 4
clang_tidy=${tools%% *}
cppcheck=$(echo "$tools" | cut -d ' ' -f 3)

"$clang_tidy" --quiet "--config-file=$config" "$file" -- "$@" >"$report" 2>"$report.stderr"
status=$?
# "N warnings generated" mostly counts those in headers that are not ours.
grep -v -E '^([0-9]+ warnings? (and [0-9]+ errors? )?generated\.|)$' "$report.stderr" >>"$report"
rm -f "$report.stderr"

# cppcheck reads only C that ships: it knows less of C++, and tests leak on purpose.
case $file in
tests/* | *.cc) [ "$status" = 0 ] || cat "$report" >&2 && exit "$status" ;;
esac

definitions=
for argument; do
    case $argument in -D*) definitions="$definitions $argument" ;; esac
done
# System headers tell cppcheck nothing new.  It reports every mmap() as a leak, and readdir() as one
# that threads share; clang-tidy looks for leaks.
# shellcheck disable=SC2086
"$cppcheck" --quiet --enable=warning,performance,portability --inline-suppr \
    --suppress=missingInclude --suppress=missingIncludeSystem --suppress=unknownMacro \
    --suppress=preprocessorErrorDirective --suppress=memleak --suppress=readdirCalled \
    --library=posix,gnu --error-exitcode=1 -I. \
    $definitions "$file" >>"$report" 2>&1 || status=1
[ "$status" = 0 ] || cat "$report" >&2
exit "$status"
