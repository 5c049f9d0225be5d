#!/bin/sh
# find.sh prints the paths of this machine's Clang, one tool a line; find.sh --tidy prints the
# path of clang-tidy.  It takes the newest version that has all tools and is not older than
# OLDEST.  If there is none, it prints to stderr what is missing.  --packages and
# --tidy-packages print the Debian packages.  No other code looks for Clang: repository.bzl,
# //:matrix_report, ./bazelw and //tools/lint call this script.
set -eu

OLDEST=19
SUFFIXES="-22 -21 -20 -19" # newest first; after them, names without a suffix
packages="clang-$OLDEST lld-$OLDEST llvm-$OLDEST libclang-rt-$OLDEST-dev"

whole() { # SUFFIX TOOL...: prints the tools' paths, if all exist and are new enough
    suffix=$1
    shift
    for tool; do
        command -v "$tool$suffix" >/dev/null || return
    done
    major=$("$1$suffix" --version | sed -n 's/.*version \([0-9][0-9]*\).*/\1/p' | head -n 1)
    [ "${major:-0}" -ge $OLDEST ] || return
    for tool; do
        command -v "$tool$suffix"
    done
}

newest() { # TOOL...
    for suffix in $SUFFIXES ""; do
        ! whole "$suffix" "$@" || return 0
    done
    return 1
}

case ${1-} in
--packages) echo "$packages" ;;
--tidy-packages) echo "clang-tidy-$OLDEST" ;;
--tidy)
    newest clang-tidy || {
        echo "there is no clang-tidy $OLDEST or later (Debian package clang-tidy-$OLDEST)" >&2
        exit 1
    }
    ;;
*)
    found=$(newest clang clang++ ld.lld llvm-ar llvm-strip) || {
        echo "no Clang $OLDEST or later on this machine, which this build needs: apt-get install $packages" >&2
        exit 1
    }
    clang=${found%%
*}
    # Debian has the runtimes, also libFuzzer's, in a package of their own.
    [ -d "$("$clang" -print-resource-dir)/lib" ] || {
        echo "$clang has no runtime libraries, which this build needs: apt-get install $packages" >&2
        exit 1
    }
    echo "$found"
    ;;
esac
