#!/bin/sh
# SPDX-License-Identifier: MIT
#
# network.sh: the pages of examples/network that take two, spoken to by each other and by curl.
set -eu
export LC_ALL=C
unset CORO_DEBUG CORO_POLL

command -v curl >/dev/null || { echo 'network.sh: curl is missing' && exit 77; }
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

fail() {
    echo "network.sh: $*" >&2
    exit 1
}

# wait_for FILE PATTERN: until a line of the file has it.
wait_for() {
    tries=0
    until grep -q "$2" "$1" 2>/dev/null; do
        tries=$((tries + 1))
        [ $tries -lt 200 ] || fail "no line with $2 came: $(cat "$1")"
        sleep 0.05
    done
}

# serve NAME [ARGUMENT...]: start network_NAME at a free port, which is $port then.
serve() {
    name=$1
    shift
    "$CORO_BUILD/examples/network_$name" 0 "$@" >"$work/$name" 2>&1 &
    server=$!
    wait_for "$work/$name" '^serving at '
    port=$(sed -n 's/^serving at .*:\([0-9]*\)$/\1/p' "$work/$name")
}

# Stop it as a user would; what it has said is in $work/NAME.
stop() {
    status=0
    kill -TERM $server
    wait $server || status=$?
    server=
    [ $status = 0 ] || fail "$name ended with status $status: $(cat "$work/$name")"
}

run() {
    name=$1
    shift
    timeout 20 "$CORO_BUILD/examples/network_$name" "$@" >"$work/$name" 2>&1 ||
        fail "$name failed: $(cat "$work/$name")"
}

whole='This is the message. It will be sent in parts.'
for kind in protocol coroutine; do
    serve echo_server_$kind
    run echo_client_$kind "$port"
    echo curl | curl --silent --max-time 1 --no-buffer "telnet://127.0.0.1:$port" >"$work/curl" ||
        true # it waits on, whatever the server does
    [ "$(cat "$work/curl")" = curl ] || fail "echo_server_$kind did not answer curl"
    stop
    heard=$(sed -n 's/^127.0.0.1:[0-9]*: received "//p' "$work/echo_server_$kind" | tr -d '"\n')
    [ "$heard" = "${whole}curl" ] || fail "the server of kind $kind hears: $heard"
    heard=$(sed -n 's/^received "\(.*\)"$/\1/p' "$work/echo_client_$kind" | tr -d '\n')
    [ "$heard" = "$whole" ] || fail "the client of kind $kind hears: $heard"
    counts=
    for line in 'connection accepted' 'received EOF' ': closing' '^closing server$'; do
        counts="$counts $(grep -c "$line" "$work/echo_server_$kind")"
    done
    [ "$counts" = ' 2 2 2 1' ] || fail "the server of kind $kind counts$counts"
done

echo "network.sh: all of them answered"
