#!/bin/sh
# SPDX-License-Identifier: MIT
#
# echo_server.sh: the README's program, spoken to; and the README's text, which is that program.
set -eu

command -v curl >/dev/null || { echo 'echo_server.sh: curl is missing' && exit 77; }
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

fail() {
    echo "echo_server.sh: $*" >&2
    exit 1
}

# A port that is free now; if somebody takes it first, the next.
port=$((20000 + $$ % 20000))
for try in 1 2 3 4 5; do
    "$CORO_BUILD/examples/echo_server" $port >"$work/out" 2>&1 &
    server=$!
    sleep 0.3
    if kill -0 $server 2>/dev/null; then
        break
    fi
    wait $server || true
    server=
    port=$((port + 137))
done
[ -n "$server" ] || fail "it did not start: $(cat "$work/out")"

# curl's telnet is a plain connection: what is sent must come back, and nothing else.
i=0
while [ $i -lt 20 ]; do
    echo "line $i of some text" >>"$work/sent"
    i=$((i + 1))
done
for client in 1 2 3; do
    curl --silent --max-time 2 --no-buffer "telnet://127.0.0.1:$port" <"$work/sent" \
        >"$work/got-$client" || true &
done
sleep 1
kill -INT $server
status=0
wait $server || status=$?
server=
[ $status = 0 ] || fail "it ended with status $status: $(cat "$work/out")"
wait
for client in 1 2 3; do
    cmp "$work/sent" "$work/got-$client" || fail "client $client got something else"
done

# The README shows this file, from its first #include to its main.
if [ -f "$CORO_SOURCE/README.md" ]; then
    awk '/^```c$/ { on = 1; n++; next } /^```$/ { on = 0 } on && n == 1' "$CORO_SOURCE/README.md" \
        >"$work/readme"
    awk '/^#include/ { on = 1 } /^int main/ { exit } on' "$CORO_SOURCE/examples/echo_server.c" |
        sed '$d' | cmp - "$work/readme" ||
        fail "the README's first C block is not examples/echo_server.c"
fi
echo 'echo_server.sh: passed'
