#!/bin/sh
# SPDX-License-Identifier: MIT
#
# redis.sh: Redis's own tools ask our server, and our client, redis_client, asks Redis's.
set -eu
export LC_ALL=C
unset CORO_DEBUG CORO_POLL

for tool in redis-server redis-cli redis-benchmark socat; do
    command -v $tool >/dev/null || { echo "redis.sh: $tool is missing" && exit 77; }
done
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

fail() {
    echo "redis.sh: $*" >&2
    exit 1
}

# start COMMAND...: with $port in place of PORT; until it answers a PING.
start() {
    port=$((20000 + $$ % 20000))
    for try in 1 2 3 4 5; do
        $(echo "$@" | sed "s/PORT/$port/") >"$work/server" 2>&1 &
        server=$!
        tries=0
        while kill -0 $server 2>/dev/null && [ $tries -lt 100 ]; do
            [ "$(redis-cli -p $port PING 2>/dev/null)" != PONG ] || return 0
            tries=$((tries + 1))
            sleep 0.05
        done
        kill $server 2>/dev/null || true
        wait $server || true
        server=
        port=$((port + 137))
    done
    fail "it did not start: $(cat "$work/server")"
}

stop() {
    status=0
    kill -TERM $server
    wait $server || status=$?
    server=
    [ $status = 0 ] || fail "the server ended with status $status: $(cat "$work/server")"
}

cli() {
    redis-cli -p $port "$@"
}

expect() {
    [ "$1" = "$2" ] || fail "\"$2\" where \"$1\" was to come"
}

# --- their tools, our server

start "$CORO_BUILD/bench/coro-bench-server" resp PORT
expect OK "$(cli SET key 'a value')"
expect 'a value' "$(cli GET key)"
expect '' "$(cli GET 'no such key')"
expect OK "$(cli SET key '')"
expect '' "$(cli GET key)"
expect hello "$(cli PING hello)"
case $(cli INCR key) in ERR*) ;; *) fail 'INCR is not refused' ;; esac
head -c 1000000 /dev/urandom >"$work/large"
expect OK "$(cli -x SET large <"$work/large")"
cli --raw GET large | head -c 1000000 | cmp - "$work/large" || fail 'a large value has changed'
redis-benchmark -p $port -t ping,set,get -n 2000 -c 20 -q >"$work/load" 2>&1 ||
    fail "redis-benchmark fails: $(cat "$work/load")"
redis-benchmark -p $port -t ping,set,get -n 20000 -c 20 -P 16 -r 1000 -q >"$work/load" 2>&1 ||
    fail "redis-benchmark with pipelines fails: $(cat "$work/load")"
grep -q 'GET: .*requests per second' "$work/load" || fail "no GET in $(cat "$work/load")"

# What is malformed gets a sentence, and the server lives on.
for bad in '*1\r\n$-5\r\n' '*9999\r\n' '*1\r\n+PING\r\n' '*1\r\n$4\r\nPINGxx' '*x\r\n' \
    '*1\r\n$99999999\r\n'; do
    answer=$(printf "$bad" | timeout 5 socat -t 2 - TCP:127.0.0.1:$port)
    case $answer in "-ERR Protocol error: "*) ;; *) fail "$bad is answered by \"$answer\"" ;; esac
done
answer=$(printf '\r\nPING\r\n*0\r\nget large2\r\n' | timeout 5 socat -t 2 - TCP:127.0.0.1:$port |
    tr -d '\r\n')
expect '+PONG$-1' "$answer"
expect PONG "$(cli PING)"
stop

# --- our client, their server

start redis-server --port PORT --bind 127.0.0.1 --save '""' --appendonly no --dir "$work"
timeout 20 "$CORO_BUILD/examples/network_redis_client" $port >"$work/client" 2>&1 ||
    fail "the client fails: $(cat "$work/client")"
diff -u - "$work/client" <<'END' || fail 'the client says something else'
DEL -> 0
SET -> OK
GET -> hello, world
GET -> (nothing)
INCR -> 1
INCR -> 2
INCR -> 3
INCR -> error: ERR value is not an integer or out of range
SUBSCRIBE -> subscribe news 1
PUBLISH -> 1
news -> message news it rains
DEL -> 2
END
stop
echo 'redis.sh: passed'
