#!/bin/sh
# SPDX-License-Identifier: MIT
#
# files.sh: tail and watch_folder of examples/system; udp_echo_server and udp_echo_client, with
# socat at the other end.
set -eu
export LC_ALL=C
unset CORO_DEBUG CORO_POLL

command -v socat >/dev/null || { echo 'files.sh: socat is missing' && exit 77; }
work=$(mktemp -d)
program=
trap '[ -z "$program" ] || kill "$program" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

fail() {
    echo "files.sh: $*" >&2
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

# start NAME ARGUMENT...: what it says is in $work/said.
start() {
    name=$1
    shift
    "$CORO_BUILD/examples/$name" "$@" >"$work/said" 2>&1 &
    program=$!
}

ended() {
    status=0
    wait $program || status=$?
    program=
    [ $status = 0 ] || fail "$name ended with status $status: $(cat "$work/said")"
}

# --- a folder

mkdir "$work/folder"
start system_watch_folder "$work/folder"
wait_for "$work/said" '^watching'
echo text >"$work/folder/a"
mv "$work/folder/a" "$work/folder/b"
mkdir "$work/folder/d"
mv "$work/folder/b" "$work/outside"
rmdir "$work/folder/d" "$work/folder"
ended
cat >"$work/expected" <<'END'
a created
a modified
a written
a is now b
d created
b deleted
d deleted
gone
END
sed 1d "$work/said" | diff -u "$work/expected" - >&2 || fail 'watch_folder says something else'

# --- the end of a file

i=0
while [ $i -lt 500 ]; do
    echo "line $i"
    i=$((i + 1))
done >"$work/log"
start system_tail "$work/log"
wait_for "$work/said" '^line 499$'
! grep -q '^line 9$' "$work/said" || fail 'tail begins at the beginning'
echo 'one more' >>"$work/log"
wait_for "$work/said" '^one more$'
echo 'from the beginning' >"$work/log"
wait_for "$work/said" '^from the beginning$'
rm "$work/log"
ended

# --- datagrams

start network_udp_echo_server 0
wait_for "$work/said" '^serving at '
port=$(sed -n 's/^serving at .*:\([0-9]*\)$/\1/p' "$work/said")
timeout 20 "$CORO_BUILD/examples/network_udp_echo_client" "$port" >"$work/heard" 2>&1 ||
    fail "the client fails: $(cat "$work/heard")"
printf 'received "one"\nreceived "two"\nreceived ""\n' | diff - "$work/heard" >&2 ||
    fail 'the client hears something else'
[ "$(echo udp | timeout 10 socat -t 1 - "UDP:127.0.0.1:$port")" = udp ] ||
    fail 'socat hears nothing by UDP'
kill -TERM $program
ended
status=0
timeout 20 "$CORO_BUILD/examples/network_udp_echo_client" "$port" >"$work/heard" 2>&1 || status=$?
[ $status != 0 ] && grep -q CORO_ECONNREFUSED "$work/heard" ||
    fail "that nobody is there is told so: $(cat "$work/heard")"

start network_udp_echo_server 0 "unix:$work/socket"
wait_for "$work/said" '^serving at '
[ "$(echo unix | timeout 10 socat -t 1 - \
    "UNIX-SENDTO:$work/socket,bind=$work/other")" = unix ] || fail 'socat hears nothing by Unix'
kill -TERM $program
ended
[ ! -e "$work/socket" ] || fail 'the path is left'

echo 'files.sh: passed'
