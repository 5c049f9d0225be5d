#!/bin/sh
# Builds a server as docs/drop-in.md says, from the page's own blocks, and uses it; see defs.bzl.
set -eu

runfiles=$PWD
page=$runfiles/$RECIPE_PAGE
source=$runfiles/${RECIPE_NOTES%/*}
package=$runfiles/$RECIPE_PACKAGE
prefix=${RECIPE_SERVER%%[0-9]*}-

fail() {
    echo "recipe: $*" >&2
    exit 1
}

# It is not below TEST_TMPDIR, because the name of a Unix socket must have less than 108 bytes.
# HOME: the page unpacks the package there.
HOME=$(mktemp -d /tmp/recipe.XXXXXX)
export HOME
server=
end() {
    status=$?
    [ -z "$server" ] || kill "$server"
    cd /
    rm -rf "$HOME"
    exit "$status"
}
trap end EXIT
trap 'exit 1' HUP INT TERM
mkdir "$HOME/zmalloc"
tar -xzf "$package" -C "$HOME/zmalloc" --strip-components=1
export PKG_CONFIG_PATH="$HOME/zmalloc/lib/pkgconfig"

# A source tree as its archive has it.
cp -RL "$source" "$HOME/tree"
chmod -R u+w "$HOME/tree"
cd "$HOME/tree"
rm -rf BUILD.bazel WORKSPACE

for tool in make pkg-config cc; do
    command -v "$tool" >/dev/null || fail "no $tool on this machine"
done

for recipe in $RECIPE_NAMES; do
    if [ "$recipe" = unit_tests ] && ! pkg-config --exists gtest gmock; then
        echo "recipe: unit_tests left out: no googletest on this machine (Debian package libgmock-dev)"
        continue
    fi
    awk -v "begin=<!-- recipe: $recipe -->" '
        inside && /^```$/ { exit }
        inside { print }
        $0 == begin { found = 1 }
        found && /^```sh$/ { inside = 1 }
    ' "$page" | sed "s/^zmalloc=zmalloc-.*/zmalloc=zmalloc-$RECIPE_SERVER/" >"../$recipe.sh"
    [ -s "../$recipe.sh" ] || fail "$page has no block for $recipe"
    [ "$recipe" != makefile ] || grep -qx "zmalloc=zmalloc-$RECIPE_SERVER" "../$recipe.sh" ||
        fail "the block does not begin with the pkg-config name"
    # "make" on the page; the flags come from here.
    MAKEFLAGS=$RECIPE_MAKEFLAGS sh -eux "../$recipe.sh" >"../$recipe.log" 2>&1 || {
        tail -n 60 "../$recipe.log"
        fail "$recipe: exit status"
    }
    if [ "$recipe" = unit_tests ]; then grep 'UNIT TESTS PASSED' "../$recipe.log" || fail "no unit test ran"; fi
done

bin=src
[ -e "src/${prefix}server" ] || bin=build/bin
"$bin/${prefix}server" --port 0 --unixsocket "$HOME/s" --save '' --enable-debug-command local >"../server.log" 2>&1 &
server=$!
cli() { "$bin/${prefix}cli" -s "$HOME/s" "$@"; }
expect() {
    wanted=$1
    shift
    got=$(cli "$@" | tr -d '\r')
    [ "$got" = "$wanted" ] || fail "$*: $got, not $wanted"
}
tries=0
until [ "$(cli ping 2>/dev/null)" = PONG ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || {
        cat ../server.log
        fail "the server does not answer"
    }
    sleep 0.1
done
expect OK set key value
expect value get key
expect 3 eval 'return 3' 0
cli info memory | tr -d '\r' | grep -qx "mem_allocator:$RECIPE_LIB" ||
    fail "not over $RECIPE_LIB: $(cli info memory | grep mem_allocator)"
if [ -n "$RECIPE_DEFRAGMENTS" ]; then
    cli config set active-defrag-ignore-bytes 1 active-defrag-threshold-lower 1 activedefrag yes
    cli debug populate 20000 k 100
    cli eval 'for i = 0, 19999 do if i % 10 > 0 then redis.call("del", "k:" .. i) end end' 0
    tries=0
    until [ "$(cli info stats | tr -d '\r' | sed -n 's/^active_defrag_hits://p')" -gt 1000 ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 300 ] || fail "it moves nothing: $(cli info stats | grep active_defrag)"
        sleep 0.1
    done
    expect 100 strlen k:10000
fi
kill "$server"
wait "$server" || fail "the server ended with $?"
server=
echo "recipe: $RECIPE_NAMES: a server over $RECIPE_LIB"
