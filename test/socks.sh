#!/bin/sh
# SPDX-License-Identifier: MIT
#
# socks.sh: the page examples/network/socks5_proxy.c, between curl and httpd, and as those see it
# who say byte by byte what they should not.
set -eu
export LC_ALL=C
unset CORO_DEBUG CORO_POLL

for tool in curl socat od; do
    command -v $tool >/dev/null || { echo "socks.sh: $tool is missing" && exit 77; }
done

logs='proxy httpd'
. "$CORO_SOURCE/test/shell/checks.sh"
cd "$work"

# serve FILE PROGRAM [ARGUMENT...]: its number in $server, its port in $port, its words in FILE.
serve() {
    file=$1
    shift
    : >"$file"
    "$CORO_BUILD/examples/$@" >"$file" 2>&1 &
    server=$!
    servers="$servers $server"
    tries=0
    until port=$(sed -n 's|^serving .*:\([0-9]*\)/*$|\1|p' "$file") && [ -n "$port" ]; do
        tries=$((tries + 1))
        kill -0 $server 2>/dev/null && [ $tries -lt 500 ] || fail "$* did not start: $(cat "$file")"
        sleep 0.02
    done
}

stop() {
    kill -TERM "$1"
    code=0
    wait "$1" || code=$?
    is 'the end' $code 0
}

get() {
    curl --silent --show-error --max-time 30 "$@"
}

# say BYTES: to the proxy, then an end; what it answers, until its own, in hexadecimal digits.
say() {
    # shellcheck disable=SC2059
    printf "$1" | timeout 20 socat -t 10 - "TCP:127.0.0.1:$proxy_port" |
        od -An -v -tx1 | tr -d ' \n'
}

mkdir root
echo 'hello, world' >root/hello.txt
head -c 3000000 /dev/urandom >root/big.bin
serve httpd httpd --port 0 --quiet root
httpd_port=$port
serve echo network_echo_server_coroutine 0
echo_port=$port
serve proxy network_socks5_proxy 0 5
proxy=$server
proxy_port=$port
nobody=0100000000 # behind code and a zero, where there is no connection: 0.0.0.0, port 0
nobody=${nobody}0000

# --- curl
is 'by address' "$(get --socks5 "127.0.0.1:$proxy_port" "http://127.0.0.1:$httpd_port/hello.txt")" \
    'hello, world'
is 'by name' "$(get --socks5-hostname "127.0.0.1:$proxy_port" \
    "http://localhost:$httpd_port/hello.txt")" 'hello, world'
get --socks5-hostname "127.0.0.1:$proxy_port" "http://localhost:$httpd_port/big.bin" >got
cmp got root/big.bin || fail 'big.bin is another one'
if grep -q '^0\{31\}1 ' /proc/net/if_inet6 2>/dev/null; then
    serve six httpd --host ::1 --port 0 --quiet root
    is 'by an IPv6 address' "$(get --socks5 "127.0.0.1:$proxy_port" \
        "http://[::1]:$port/hello.txt")" 'hello, world'
    stop $server
fi
code=0
get --socks5 "127.0.0.1:$proxy_port" http://127.0.0.1:1/ >got 2>&1 || code=$?
is 'nobody there' $code 97

# --- greetings, and what is no greeting
is 'a greeting' "$(say '\5\1\0')" 0500
is 'two methods' "$(say '\5\2\2\0')" 0500
is 'no method' "$(say '\5\0')" 05ff
is 'passwords only' "$(say '\5\1\2')" 05ff
is 'half a greeting' "$(say '\5\4\0')" ''
is 'SOCKS4' "$(say '\4\1\0\120\177\0\0\1\0')" ''
is 'HTTP' "$(say 'GET http://h/ HTTP/1.1\r\n\r\n')" ''
is 'nothing' "$(say '')" ''

# --- requests
hello='\5\1\0'
here='\1\177\0\0\1'
is 'refused' "$(say "$hello\\5\\1\\0$here\\0\\1")" "0500050500$nobody"
is 'no way there' "$(say "$hello\\5\\1\\0\\1\\377\\377\\377\\377\\0\\120")" "0500050300$nobody"
is 'BIND' "$(say "$hello\\5\\2\\0$here\\0\\120")" "0500050700$nobody"
is 'UDP' "$(say "$hello\\5\\3\\0$here\\0\\120")" "0500050700$nobody"
is 'no such command' "$(say "$hello\\5\\0\\0\\3\\1x\\0\\120")" "0500050700$nobody"
is 'no such address' "$(say "$hello\\5\\1\\0\\2\\177\\0\\0\\1\\0\\120")" "0500050800$nobody"
is 'no name' "$(say "$hello\\5\\1\\0\\3\\0\\0\\120")" "0500050100$nobody"
is 'a name with an end in it' "$(say "$hello\\5\\1\\0\\3\\2x\\0\\0\\120")" "0500050100$nobody"
is 'another version' "$(say "$hello\\4\\1\\0$here\\0\\120")" "0500050100$nobody"
is 'half a request' "$(say "$hello\\5\\1\\0\\1\\177\\0")" 0500
is 'half a name' "$(say "$hello\\5\\1\\0\\3\\11local")" 0500

# All at once, and an end that is passed on as well: the echo server's own answers it.
bytes=$(printf '\\%o\\%o' $((echo_port / 256)) $((echo_port % 256)))
is 'all at once, and both ends' "$(say "$hello\\5\\1\\0${here}${bytes}hello" |
    sed 's/^0500050000017f000001....//')" "$(printf hello | od -An -tx1 | tr -d ' \n')"

# A stop ends who is in the middle of a greeting after a second, not in their own time.
mkfifo open
exec 4<>open
printf '\5\1\0' >&4
: >heard
timeout 20 socat -t 0.1 - "TCP:127.0.0.1:$proxy_port" <open >heard 2>err &
client=$!
tries=0
until [ -s heard ] || [ $tries -ge 200 ]; do
    tries=$((tries + 1))
    sleep 0.02
done
before=$(date +%s%N)
stop $proxy
after=$(date +%s%N)
is 'a stop within its grace' $(((after - before) / 1000000 < 3000)) 1
wait $client || true

# --- passwords, and patience
serve proxy network_socks5_proxy 0 1 anna sesame
proxy=$server
proxy_port=$port
is 'with a password' "$(get --proxy "socks5h://anna:sesame@127.0.0.1:$proxy_port" \
    "http://localhost:$httpd_port/hello.txt")" 'hello, world'
code=0
get --proxy "socks5h://anna:other@127.0.0.1:$proxy_port" "http://localhost:$httpd_port/" \
    >got 2>&1 || code=$?
is 'with another' $code 97
is 'without' "$(say '\5\1\0')" 05ff
is 'another password' "$(say '\5\1\2\1\4anna\6sesamo')" 05020101
is 'a longer one' "$(say '\5\1\2\1\4anna\7sesames')" 05020101
is 'a shorter one' "$(say '\5\1\2\1\4anna\5sesam')" 05020101
is 'another user' "$(say '\5\1\2\1\4anne\6sesame')" 05020101
is 'nobody' "$(say '\5\1\2\1\0\0')" 05020101
is 'another version' "$(say '\5\1\2\2\4anna\6sesame')" 0502
is 'the right one' "$(say '\5\1\2\1\4anna\6sesame')" 05020100

# stall BYTES: they are said, and then nothing more, and no end: the proxy's own end comes.
stall() {
    # shellcheck disable=SC2059
    printf "$1" >&4
    timeout 20 socat -t 0.1 - "TCP:127.0.0.1:$proxy_port" <open >got 2>err
    od -An -v -tx1 <got | tr -d ' \n'
}
is 'who falls silent at once' "$(stall '')" ''
is 'who falls silent in the middle' "$(stall '\5\2\2')" ''
hello='\5\1\2\1\4anna\6sesame'
bytes=$(printf '\\%o\\%o' $((httpd_port / 256)) $((httpd_port % 256)))
is 'who is through, and falls silent' "$(stall "$hello\\5\\1\\0$here$bytes" | cut -c 1-24)" \
    05020100050000017f000001

stop $proxy
! grep -i 'error\|failed' proxy || fail 'the proxy complains'

echo "socks.sh: $checks checks passed"
