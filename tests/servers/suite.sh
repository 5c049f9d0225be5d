#!/bin/sh
# Runs units of a server's own test suite against one build of it; see defs.bzl.
# It uses a folder of its own and free ports, and leaves no process behind.
set -eu

runfiles=$PWD
units=$SUITE_UNITS
left_out=$SUITE_LEFT_OUT
server=$runfiles/$SUITE_SERVER
tests=$runfiles/${SUITE_HELPER%/*}

fail() {
    echo "suite: $*" >&2
    exit 1
}

tclsh=$(command -v tclsh || command -v tclsh8.6) ||
    fail "no tclsh: the tests are written in Tcl (Debian package tcl; ./bazelw installs it)"

# The tree as the tests expect it in their working folder.  It is not below TEST_TMPDIR, because
# the name of a Unix socket must have less than 108 bytes.
tree=$(mktemp -d /tmp/redis.XXXXXX)
trap 'cd /; rm -rf "$tree"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$tree/src"
cd "$tree"
cp -RL "$tests" tests
chmod -R u+w tests
mkdir -p tests/tmp
# One program under several names.
for name in server sentinel check-aof check-rdb; do
    ln -s "$server" "src/$SUITE_PREFIX$name"
done
ln -s "$runfiles/$SUITE_CLI" "src/${SUITE_PREFIX}cli"
ln -s "$runfiles/$SUITE_BENCHMARK" "src/${SUITE_PREFIX}benchmark"

# Takes the units of this shard from those that were asked for; the suite lists its units.
[ -z "${TEST_SHARD_STATUS_FILE:-}" ] || : >"$TEST_SHARD_STATUS_FILE"
[ -n "$units" ] || units=$("$tclsh" tests/test_helper.tcl --list-tests)
for unit in $left_out; do
    [ -e "tests/$unit.tcl" ] || fail "$unit, left out: no such unit"
done
shard=0
mine=
for pattern in $units; do
    for file in tests/$pattern.tcl; do
        [ -e "$file" ] || fail "$pattern: no such unit"
        unit=${file#tests/}
        unit=${unit%.tcl}
        case " $left_out " in *" $unit "*) continue ;; esac
        if [ "$shard" = "${TEST_SHARD_INDEX:-0}" ]; then
            mine="$mine --single $unit"
        fi
        shard=$(((shard + 1) % ${TEST_TOTAL_SHARDS:-1}))
    done
done
[ -n "$mine" ] || fail "nothing to run: more shards than units"

# Uses ports below those that the system gives out.  The suite takes the free ones of its range, and
# of the range 10000 above it.  (In Bazel's sandbox each test has a loopback interface of its own.)
port=$((10100 + $$ % 20 * 500))

# --clients 1: one unit after the other; Bazel runs shards side by side.
status=0
# shellcheck disable=SC2086  # a list
"$runfiles/$SUITE_REAP" "$tclsh" tests/test_helper.tcl --clients 1 --baseport "$port" --portcount 500 \
    $mine >output 2>&1 || status=$?
cat output
count() { grep -c "^\[$1\]" output || true; }
ok=$(count ok)
echo "suite: $ok passed, $(count err) failed, $(count skip) skipped, $(count ignore) left out by their tags"
[ "$status" = 0 ] || fail "exit status $status"
[ "$ok" != 0 ] || fail "no test ran"
done=$(count '[0-9]*/[0-9]* done')
# shellcheck disable=SC2086  # two words for each unit
[ "$done" = "$(($(set -- $mine && echo $#) / 2))" ] || fail "$done units done, of:$mine"
