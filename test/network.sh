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
    : >"$work/$name" # what the last one said is not what this one will
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
for pair in 'echo_server_protocol echo_client_protocol' \
    'echo_server_coroutine echo_client_coroutine'; do
    client=${pair#* }
    serve "${pair% *}"
    echo_server=$name
    run "$client" "$port"
    echo curl | curl --silent --max-time 1 --no-buffer "telnet://127.0.0.1:$port" >"$work/curl" ||
        true # it waits on, whatever the server does
    [ "$(cat "$work/curl")" = curl ] || fail "$echo_server did not answer curl"
    stop
    heard=$(sed -n 's/^127.0.0.1:[0-9]*: received "//p' "$work/$echo_server" | tr -d '"\n')
    [ "$heard" = "${whole}curl" ] || fail "$echo_server hears: $heard"
    heard=$(sed -n 's/^received "\(.*\)"$/\1/p' "$work/$client" | tr -d '\n')
    [ "$heard" = "$whole" ] || fail "$client hears: $heard"
    counts=
    for line in 'connection accepted' 'received EOF' ': closing' '^closing server$'; do
        counts="$counts $(grep -c "$line" "$work/$echo_server")"
    done
    [ "$counts" = ' 2 2 2 1' ] || fail "$echo_server counts$counts"
done

# talk FILE: a client whose words are written to descriptor 3, and what it hears to the file.
talk() {
    rm -f "$work/words"
    mkfifo "$work/words"
    socat -t 10 - "TCP:127.0.0.1:$port" <"$work/words" >"$work/$1" &
    client=$!
    exec 3>"$work/words"
}

# --- servers ---------------------------------------------------------------------------------

command -v socat >/dev/null || { echo 'network.sh: socat is missing' && exit 77; }

# A job that is under way when the signal comes is done; then nobody listens.
serve graceful_shutdown
talk answer
echo first >&3
wait_for "$work/answer" 'done: first'
echo second >&3
exec 3>&-
stop
wait $client || fail "graceful_shutdown: its client failed"
grep -q '^done: second$' "$work/answer" || fail "graceful_shutdown lost it: $(cat "$work/answer")"
grep -q '^stopped$' "$work/graceful_shutdown" || fail 'graceful_shutdown did not stop well'

# What ann says bob hears, and not she.
serve chat_server
talk bob
wait_for "$work/bob" 'your name?'
echo bob >&3
printf 'ann\nhello\n' | socat -t 5 - "TCP:127.0.0.1:$port" >"$work/ann"
wait_for "$work/bob" 'ann: hello'
! grep -q hello "$work/ann" || fail 'chat_server: ann hears herself'
exec 3>&-
wait $client || fail 'chat_server: bob failed'
stop

# A proxy before the echo server; and a scan finds both.
serve echo_server_coroutine
echo_port=$port
echo_server=$server
"$CORO_BUILD/examples/network_tcp_proxy" 0 127.0.0.1 "$echo_port" >"$work/tcp_proxy" 2>&1 &
server=$!
trap 'kill $server $echo_server 2>/dev/null; rm -rf "$work"' EXIT
wait_for "$work/tcp_proxy" '^serving at '
port=$(sed -n 's/^serving at .*:\([0-9]*\)$/\1/p' "$work/tcp_proxy")
seq 1 20000 >"$work/sent"
socat -t 10 - "TCP:127.0.0.1:$port" <"$work/sent" >"$work/received" || fail 'tcp_proxy failed'
cmp "$work/sent" "$work/received" || fail 'tcp_proxy changes what it passes on'
for each in $port $echo_port; do
    run port_scanner 127.0.0.1 $((each - 20)) "$each"
    grep -q "^$each is open$" "$work/port_scanner" || fail "port_scanner has not found $each"
    grep -q '^21 ports$' "$work/port_scanner" || fail 'port_scanner counts wrong'
done
name=tcp_proxy
stop
server=$echo_server
name=echo_server_coroutine
stop
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT

# Unix sockets: by socat, by itself, over a dead server's file, and by a name on no disk.
for path in "$work/socket" "@coro-network-$$"; do
    "$CORO_BUILD/examples/network_unix_echo" "$path" >"$work/unix_echo" 2>&1 &
    server=$!
    wait_for "$work/unix_echo" '^serving at '
    case $path in
    @*) address=ABSTRACT-CONNECT:${path#@} ;;
    *) address=UNIX-CONNECT:$path && [ "$(stat -c %a "$path")" = 600 ] || fail 'unix_echo: mode' ;;
    esac
    socat -t 10 - "$address" <"$work/sent" >"$work/received" || fail "unix_echo failed at $path"
    cmp "$work/sent" "$work/received" || fail 'unix_echo changes what it gives back'
    kill -KILL $server
    wait $server 2>/dev/null || true
    "$CORO_BUILD/examples/network_unix_echo" "$path" >"$work/unix_echo" 2>&1 &
    server=$!
    wait_for "$work/unix_echo" '^serving at '
    [ "$("$CORO_BUILD/examples/network_unix_echo" "$path" hello)" = hello ] || fail "no hello"
    name=unix_echo
    stop
    [ ! -e "$path" ] || fail 'unix_echo leaves its file'
done

# And the other way round: a server of socat's.
socat "UNIX-LISTEN:$work/socket" EXEC:cat &
server=$!
tries=0
until [ -S "$work/socket" ] || [ $tries -ge 100 ]; do
    tries=$((tries + 1))
    sleep 0.05
done
[ "$("$CORO_BUILD/examples/network_unix_echo" "$work/socket" hello)" = hello ] ||
    fail 'unix_echo does not reach socat'
wait $server || true
server=

echo "network.sh: all of them answered"
