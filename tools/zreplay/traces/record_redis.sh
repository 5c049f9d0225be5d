#!/usr/bin/env bash
# Records redis.ztrace anew: a redis-server under a mixed load of redis-benchmark.  The server
# listens only on a socket in a folder of its own, and is stopped at the end, however this ends.
#
# Usage: record_redis.sh OUT.ztrace      (from the top of the workspace)
# Needs: redis-server, redis-benchmark and redis-cli in PATH; ZTRACE may name
#        the ztrace to use instead of bazel-bin/tools/ztrace/ztrace.
set -euo pipefail

out=${1:?usage: record_redis.sh OUT.ztrace}
ztrace=${ZTRACE:-bazel-bin/tools/ztrace/ztrace}
dir=$(mktemp -d)
socket=$dir/redis.sock
server=

stop() {
    if [[ -n $server ]]; then
        kill "$server" 2>/dev/null || true
        wait "$server" || true
    fi
    rm -rf "$dir"
}
trap stop EXIT

# One microsecond: the events are ordered by their sequence, not by their time.
"$ztrace" --tick=1000 -o "$out" redis-server --port 0 --unixsocket "$socket" --dir "$dir" \
    --save '' --appendonly no --daemonize no >"$dir/log" &
server=$!

cli() { redis-cli -s "$socket" "$@"; }
for ((i = 0; i < 100; i++)); do
    [[ $(cli ping 2>/dev/null || true) == PONG ]] && break
    sleep 0.1
done
[[ $(cli ping) == PONG ]]

# load REQUESTS KEYS SIZE COMMAND...: from 10 connections, 4 requests at a time; __rand_int__ is one
# of KEYS; without a SIZE the command is sent as it is.
load() {
    local requests=$1 keys=$2
    shift 2
    redis-benchmark -s "$socket" -q -c 10 -P 4 -n "$requests" -r "$keys" "$@" >/dev/null
}

# value SIZE: a string that long.
value() { printf '%*s' "$1" '' | tr ' ' v; }

# Runs all the given commands at the same time, so that the blocks of one kind of value lie between
# those of others.
together() {
    local process
    for process; do wait "$process"; done
}

grow() {
    load 16200 40000 -t set -d 24 & local a=$!
    load 8100 20000 SET "session:__rand_int__" "$(value 180)" & local b=$!
    load 8100 3000 HSET "user:__rand_int__" "field:__rand_int__" "$(value 40)" & local c=$!
    load 8100 50000 ZADD scores __rand_int__ "member:__rand_int__" & local d=$!
    together "$a" "$b" "$c" "$d"
}

mix() {
    load 10800 60000 GET "key:__rand_int__" & local a=$!
    load 8100 10000 INCR "counter:__rand_int__" & local b=$!
    load 5400 500 LPUSH "list:__rand_int__" "$(value 60)" "$(value 25)" & local c=$!
    load 5400 500 RPUSH "list:__rand_int__" "$(value 90)" & local d=$!
    load 5400 500 LPOP "list:__rand_int__" & local e=$!
    load 6700 30000 SADD "set:tags" "tag:__rand_int__" & local f=$!
    together "$a" "$b" "$c" "$d" "$e" "$f"
    load 1800 500 LRANGE "list:__rand_int__" 0 50 & a=$!
    load 2100 8000 MSET "m:__rand_int__" "$(value 12)" "m:__rand_int__" "$(value 120)" \
        "m:__rand_int__" "$(value 1000)" & b=$!
    load 4000 30000 SET "short:__rand_int__" "$(value 300)" PX 400 & c=$!
    load 4000 1000 SET "page:__rand_int__" "$(value 6000)" & d=$!
    load 300 40 SET "image:__rand_int__" "$(value 100000)" & e=$!
    together "$a" "$b" "$c" "$d" "$e"
}

# Overwrites with other sizes, and deletes: this fragments a heap.
churn() {
    load 8100 40000 -t set -d 100 & local a=$!
    load 6700 20000 DEL "session:__rand_int__" & local b=$!
    load 5400 40000 APPEND "key:__rand_int__" "$(value 33)" & local c=$!
    load 500 500 UNLINK "list:__rand_int__" & local d=$!
    load 1000 3000 DEL "user:__rand_int__" & local e=$!
    load 3600 50000 ZREM scores "member:__rand_int__" & local f=$!
    together "$a" "$b" "$c" "$d" "$e" "$f"
}

grow
mix
churn
mix
grow
churn
# Large enough that Redis frees them in a thread of its own.
cli unlink set:tags scores >/dev/null
load 6700 40000 -t set -d 16
load 5400 60000 DEL "key:__rand_int__"
cli info server | sed -n 's/^redis_version:/redis-server /p'
cli info memory | sed -n '/^used_memory:/p; /^used_memory_peak:/p; /^mem_allocator:/p'
cli info commandstats | sed -n 's/^cmdstat_\([a-z|]*\):calls=\([0-9]*\),.*/\1 \2/p' | tr '\n' ' '
echo
cli shutdown nosave || true
wait "$server"
server=
